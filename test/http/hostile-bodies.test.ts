import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { frame } from './framing.ts';
import { Service } from './service.ts';

const good = { x: 0, surrogate: 'erf' };
const many = 1e6;
const withX = (x: string) => `{"surrogate": "erf", "x": ${x}}`;
const long = 'a'.repeat(4e6);

let service: Service;
beforeAll(async () => {
  service = await Service.start({ MAX_BODY_BYTES: String(16 * 2 ** 20) });
});
afterAll(() => service.stop());
afterEach(async () => {
  expect((await service.post('/surrogate/grad', good)).status).toBe(200);
});

async function answered(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; bytes: number; problem: Partial<ProblemDocument> }> {
  const response = await fetch(service.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const text = await response.text();
  return { status: response.status, bytes: text.length, problem: response.status < 400 ? {} : (JSON.parse(text) as ProblemDocument) };
}

describe('JSON', () => {
  it.each([
    ['open brackets', '['.repeat(many), 'nested more than 100 levels'],
    ['open braces', '{"a":'.repeat(many), 'nested more than 100 levels'],
    ['a deep tensor', withX('['.repeat(many) + ']'.repeat(many)), 'nested more than 100 levels'],
    ['a deep tensor in a small body', withX('['.repeat(500) + ']'.repeat(500)), 'nested more than 100 levels'],
    ['a tensor of 65 dimensions', withX('['.repeat(65) + '1' + ']'.repeat(65)), 'at most 64 dimensions'],
    ['deep objects', `${'{"a":'.repeat(many)}1${'}'.repeat(many)}`, 'nested more than 100 levels'],
    ['deep objects for a tensor', withX(`${'{"a":'.repeat(many)}1${'}'.repeat(many)}`), 'nested more than 100 levels'],
    ['deep data', withX(`{"shape": [1], "data": ${'['.repeat(many)}${']'.repeat(many)}}`), 'nested more than 100 levels'],
    ['a deep surrogate', `{"x": 0, "surrogate": ${'['.repeat(many)}${']'.repeat(many)}}`, 'nested more than 100 levels'],
    ['many keys', `{${Array.from({ length: 3e5 }, (_, i) => `"k${i}":1`).join()}}`, 'more than 20000 objects'],
    ['many keys for a tensor', withX(`{${Array.from({ length: 3e5 }, (_, i) => `"${i * 4000}":1`).join()}}`), 'more than 20000 objects'],
    ['a key many times', `{${'"x":1,'.repeat(many)}"surrogate":"erf"}`, 'more than 20000 objects'],
    ['many surrogates', `{"x": 0, "surrogate": [${'"erf",'.repeat(many)}"erf"]}`, 'more than 20000 objects'],
    ['2000 surrogates', `{"x": 0, "surrogate": [${'"erf",'.repeat(1999)}"erf"]}`, 'at most 1024 surrogates'],
    ['many empty objects', withX(`[${'{},'.repeat(many)}{}]`), 'more than 20000 objects'],
    ['many empty rows', withX(`[${'[],'.repeat(many)}[]]`), 'more than 65536 rows of none'],
    ['a few bytes for a billion empty rows', withX('{"shape": [1000000000, 0], "data": []}'), 'more than 65536 rows of none'],
    ['a shape beyond all arrays', withX('{"shape": [9007199254740991, 0], "data": []}'), 'more than 65536 rows of none'],
    [
      'a shape whose product overflows',
      withX('{"shape": [4294967296, 4294967296], "data": []}'),
      'needs 18446744073709552000 values, but data has 0',
    ],
    [
      'a shape that is infinite',
      withX(`{"shape": [${new Array(64).fill(Number.MAX_SAFE_INTEGER).join()}], "data": []}`),
      'needs Infinity values',
    ],
    ['a negative length', withX('{"shape": [-1], "data": []}'), 'whole number of at least 0'],
    ['a long key', `{"${long}": 1}`, 'is required'],
    ['a long key in a tensor', withX(`{"shape": [1], "data": [1], "${long}": 1}`), 'is not a field'],
    ['a long key in a surrogate', `{"x": 1, "surrogate": {"name": "erf", "${long}": 1}}`, 'has no parameter'],
    ['a long string', `{"x": 1, "surrogate": "${long}"}`, 'unknown surrogate'],
    ['a long number', withX('1'.repeat(4e6)), 'finite number'],
    ['lone surrogates', '{"x": 1, "surrogate": {"name": "erf", "\\udfff": 1}}', '\\udfff'],
    ['a NUL', '{"x": 1, "surrogate": "\\u0000"}', '\\u0000'],
    ['names of Object.prototype', '{"x": 0, "surrogate": {"name": "erf", "toString": 1, "constructor": 2}}', 'has no parameter "toString"'],
    ['a name of Object.prototype for a surrogate', '{"x": 0, "surrogate": "constructor"}', 'unknown surrogate "constructor"'],
  ])('that is %s is refused in a few words', async (_what, body, message) => {
    const { status, bytes, problem } = await answered('/surrogate/grad', body);
    expect(status).toBe(400);
    expect(problem.code).toBe('invalid_request');
    expect(problem.errors!.map((error) => error.message).join('\n')).toContain(message);
    expect(bytes).toBeLessThan(4000);
  });

  it.each([
    ['a string that does not end', `{"x": 1, "surrogate": "${long}`, 'position 22'],
    ['a comma behind a long string', `{"x": 1, "surrogate": "${long}",}`, 'Unexpected "}"'],
    ['a letter behind a long number', withX(`${'1'.repeat(4e6)}x`), 'Unexpected "x"'],
    ['a string of escapes', `{"x": 1, "surrogate": "${'\\"'.repeat(2e6)}",}`, 'Unexpected "}"'],
    ['lines', `${'\n'.repeat(8e6)}x`, 'line 8000001, column 1'],
    ['commas', ','.repeat(8e6), 'position 0'],
  ])('that ends in %s is refused with its place', async (_what, body, detail) => {
    const { status, bytes, problem } = await answered('/surrogate/grad', body);
    expect(status).toBe(400);
    expect(problem.code).toBe('invalid_json');
    expect(problem.detail).toContain(detail);
    expect(bytes).toBeLessThan(1000);
  });

  it('may have long numbers and a key twice', async () => {
    expect((await answered('/surrogate/grad', withX(`0.${'1'.repeat(4e6)}`))).status).toBe(200);
    expect((await answered('/surrogate/grad', withX(`[${'1e' + '0'.repeat(1e6)}1]`))).status).toBe(200);
    expect((await answered('/surrogate/grad', '{"x": "wrong", "surrogate": "erf", "x": 1}')).status).toBe(200);
  });

  it.each([
    ['a small body', Buffer.concat([Buffer.from('{"x": 0, "surrogate": "'), Buffer.from([0xff]), Buffer.from('"}')]), 23],
    [
      'a body with an array',
      Buffer.concat([Buffer.from(`{"x": [${'1,'.repeat(2000)}1], "surrogate": "`), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
      4025,
    ],
    [
      'a large body',
      Buffer.concat([Buffer.from(`{"x": [${'1,'.repeat(200_000)}1], "surrogate": "`), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
      400_025,
    ],
    ['another encoding', Buffer.from(`\ufeff${JSON.stringify(good)}`, 'utf16le'), 0],
  ])('that is not UTF-8 in %s is refused and not mended', async (_what, body, at) => {
    const { problem } = await answered('/surrogate/grad', new Uint8Array(body));
    expect(problem).toMatchObject({ code: 'invalid_json', detail: `The bytes from ${at} on are not UTF-8, as JSON must be.` });
  });

  it('of the inference protocol is held to the same', async () => {
    for (const body of [
      '['.repeat(many),
      `{"inputs": [{"name": "x", "shape": [1000000000, 0], "datatype": "FP32", "data": []}]}`,
      `{"inputs": [], "parameters": {"${long}": 1}}`,
    ]) {
      const response = await fetch(`${service.url}/v2/models/surrogate_grad/infer`, { method: 'POST', body });
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(1000);
    }
  });
});

describe('a compressed body', () => {
  const bomb = Buffer.alloc(64 * 2 ** 20, ' ');
  it.each([
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb)],
    ['deflate', deflateSync(bomb)],
  ])('of %s that would be too large is refused', async (coding, body) => {
    const { status, problem } = await answered('/surrogate/grad', new Uint8Array(body), { 'content-encoding': coding });
    expect([status, problem.code]).toEqual([413, 'body_too_large']);
  });

  it('that is compressed twice is refused, said or not', async () => {
    const twice = new Uint8Array(gzipSync(gzipSync(JSON.stringify(good))));
    expect((await answered('/surrogate/grad', twice, { 'content-encoding': 'gzip, gzip' })).problem.code).toBe('unsupported_media_type');
    expect((await answered('/surrogate/grad', twice, { 'content-encoding': 'gzip' })).problem.code).toBe('invalid_json');
  });

  it.each(['gzip', 'br', 'deflate'])('of %s with something behind it is refused', async (coding) => {
    const compress = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync }[coding]!;
    const body = new Uint8Array(Buffer.concat([compress(JSON.stringify(good)), Buffer.from('more')]));
    expect((await answered('/surrogate/grad', body, { 'content-encoding': coding })).problem.code).toBe('corrupt_body');
  });
});

describe('a frame that lies', () => {
  const tensor = (over: object) => ({ surrogate: 'erf', x: { dtype: 'float32', shape: [2], binary_data_size: 8, ...over } });
  const bytes = new Float32Array(2);

  it.each([
    [{ binary_data_size: -8 }],
    [{ binary_data_size: 1e300 }],
    [{ binary_data_size: 8.5 }],
    [{ binary_data_size: '8' }],
    [{ binary_data_size: null }],
    [{ binary_data_size: 4 }],
    [{ shape: [4294967296, 4294967296] }],
    [{ shape: [-2] }],
    [{ shape: [2, 0] }],
    [{ shape: [1e9, 0], binary_data_size: 0 }],
    [{ shape: new Array(65).fill(1) }],
    [{ shape: '2' }],
    [{ dtype: 'float16' }],
    [{ dtype: '__proto__' }],
  ])('in %j is refused', async (over) => {
    const { body, headers } = frame(tensor(over), bytes);
    expect((await answered('/surrogate/grad', body, headers)).status).toBe(400);
  });

  it.each(['0', '-1', '1e3', '0x10', '99999999', '999999999999999999999', '', '5, 5', 'NaN'])(
    'in a header length of "%s" is refused',
    async (length) => {
      const { body, headers } = frame(tensor({}), bytes);
      expect((await answered('/surrogate/grad', body, { ...headers, 'inference-header-content-length': length })).status).toBe(400);
    },
  );
});

describe('an npy array that lies', () => {
  const npy = (header: string, { data = new Uint8Array(8), version = [1, 0], length = header.length } = {}) => {
    const head = Buffer.alloc(version[0] === 1 ? 10 : 12);
    head.write('\x93NUMPY', 'latin1');
    head.set(version, 6);
    if (version[0] === 1) head.writeUInt16LE(length, 8);
    else head.writeUInt32LE(length, 8);
    return new Uint8Array(Buffer.concat([head, Buffer.from(header, 'latin1'), data]));
  };
  const dictionary = (shape: string, descr = "'<f4'") => `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;

  it.each([
    ['a product that overflows', npy(dictionary('(4294967296, 4294967296)'))],
    ['a product that overflows to its size', npy(dictionary('(9223372036854775808, 2)'))],
    ['a negative length', npy(dictionary('(-2,)'))],
    ['a length that is none', npy(dictionary('(nan,)'))],
    ['a shape of many lengths', npy(dictionary(`(${'1, '.repeat(65)}2)`))],
    ['a billion rows of none', npy(dictionary('(1000000000, 0)'), { data: new Uint8Array() })],
    ['a length beyond all integers, and 0', npy(dictionary('(99999999999999999999, 0)'), { data: new Uint8Array() })],
    ['objects', npy(dictionary('(1,)', "'|O'"))],
    ['a version to come', npy(dictionary('(2,)'), { version: [4, 0] })],
    ['a version of 255', npy(dictionary('(2,)'), { version: [255, 255] })],
    ['a header longer than the file', npy(dictionary('(2,)'), { length: 65_535 })],
    ['a header of 4 GB', npy(dictionary('(2,)'), { version: [2, 0], length: 0xffffffff })],
    ['a header without an end', npy(`{'descr': '${'<'.repeat(60_000)}`)],
    ['a header of brackets', npy(`{'descr': [${'['.repeat(60_000)}`)],
    ['a header of spaces', npy(`{${' '.repeat(60_000)}x`)],
    ['a field twice', npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,), }")],
    ['infinity', npy(dictionary('(1,)'), { data: new Uint8Array(Float32Array.of(Infinity).buffer) })],
    ['nothing', new Uint8Array(6)],
  ])('in %s is refused', async (_what, body) => {
    const { status, bytes, problem } = await answered('/surrogate/grad?surrogate=erf', body, { 'content-type': 'application/x-npy' });
    expect(status).toBe(400);
    expect(problem.code).toMatch(/^(?:invalid_npy|invalid_request)$/);
    expect(bytes).toBeLessThan(2000);
  });

  it.each([
    '__proto__=1',
    'constructor=1',
    'toString=1',
    'surrogate=erf&surrogate=erf',
    `${'k'.repeat(10_000)}=1`,
    'alpha=1e999',
    'alpha=%00',
    'alpha=',
    '=',
    'steps=1',
  ])('with ?%s is refused', async (query) => {
    const { status, problem } = await answered(`/surrogate/grad?${query}`, npy(dictionary('(2,)')), {
      'content-type': 'application/x-npy',
    });
    expect([status, problem.code]).toEqual([400, 'invalid_request']);
  });

  it('of a neuron with a name of Object.prototype is told so', async () => {
    const { problem } = await answered('/lif/grad?toString=1&steps=3', npy(dictionary('(2,)')), { 'content-type': 'application/x-npy' });
    expect(problem.errors![0]!.message).toContain('"toString"');
  });
});
