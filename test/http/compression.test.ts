import { request as httpRequest, type IncomingMessage } from 'node:http';
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GradAnswer } from './answers.ts';
import { announce, frame } from './framing.ts';
import { Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start({ MAX_BODY_BYTES: '2000000' });
});
afterAll(() => service.stop());

interface Received {
  status: number;
  headers: IncomingMessage['headers'];
  bytes: Buffer;
}

/** Sends bytes as they are and gives the answer as it came, where fetch would decompress it. */
function exchange(method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(service.url + path, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const request = JSON.stringify({ x: { linspace: [-2, 2, 5000] }, surrogate: 'sigmoid' });
const post = (body: string, headers: Record<string, string>, path = '/surrogate/grad') =>
  exchange('POST', path, { ...json, ...headers }, Buffer.from(body));

describe('a compressed request', () => {
  const plain = JSON.stringify({ x: [0, 1], surrogate: 'erf' });

  it.each([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['deflate', deflateSync(plain)],
    ['identity', Buffer.from(plain)],
  ])('may be %s', async (coding, body) => {
    const { status, bytes } = await exchange('POST', '/surrogate/grad', { ...json, 'content-encoding': coding }, body);
    expect(status).toBe(200);
    expect((JSON.parse(bytes.toString()) as GradAnswer).results).toEqual(
      (await service.post<GradAnswer>('/surrogate/grad', plain)).body.results,
    );
  });

  it('may be framed, and large', async () => {
    const x = Float32Array.from({ length: 100_000 }, (_, i) => i / 1e5);
    const { body, headers } = frame({ x: announce(x), surrogate: 'erf' }, x);
    const { status, bytes } = await exchange('POST', '/surrogate/grad', { ...headers, 'content-encoding': 'gzip' }, gzipSync(body));
    expect(status).toBe(200);
    const plainAnswer = await service.post<GradAnswer>('/surrogate/grad', { x: Array.from(x), surrogate: 'erf' });
    expect((JSON.parse(bytes.toString()) as GradAnswer).results[0]!.grad).toEqual(plainAnswer.body.results[0]!.grad);
  });

  it.each([
    ['gzip', gzipSync(plain).subarray(0, 20), 400, 'corrupt_body'],
    ['gzip', Buffer.from(plain), 400, 'corrupt_body'],
    ['br', Buffer.from(plain), 400, 'corrupt_body'],
    ['gzip', Buffer.concat([gzipSync(plain), Buffer.from('more')]), 400, 'corrupt_body'],
    ['gzip', gzipSync('{"x": '), 400, 'invalid_json'],
    ['gzip', gzipSync(Buffer.alloc(100e6)), 413, 'body_too_large'],
    ['br', brotliCompressSync(Buffer.alloc(20e6)), 413, 'body_too_large'],
    ['deflate', Buffer.from(plain), 400, 'corrupt_body'],
    ['zstd', Buffer.from(plain), 415, 'unsupported_media_type'],
    ['gzip, br', Buffer.from(plain), 415, 'unsupported_media_type'],
  ])('of %s that is not what it says is refused (%#)', async (coding, body, status, code) => {
    const answer = await exchange('POST', '/surrogate/grad', { ...json, 'content-encoding': coding }, body);
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.bytes.toString()) as { code: string }).code).toBe(code);
  });
});

describe('an answer', () => {
  const decoders = { gzip: gunzipSync, br: brotliDecompressSync };
  it.each(['gzip', 'br'] as const)('of numbers is %s where that is asked for', async (coding) => {
    const { headers, bytes } = await post(request, { 'accept-encoding': coding });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toContain('accept-encoding');
    const answer = JSON.parse(decoders[coding](bytes).toString()) as GradAnswer;
    expect(answer.results).toEqual((await service.post<GradAnswer>('/surrogate/grad', request)).body.results);
  });

  it.each(['gzip, deflate, br, zstd', 'gzip, deflate, br', 'gzip, deflate'])(
    'of many numbers as text is compressed for a client that allows it: %s',
    async (accepted) => {
      const { headers, bytes } = await post(request, { 'accept-encoding': accepted });
      expect(headers['content-encoding']).toBe('gzip');
      expect(headers.vary).toContain('accept-encoding');
      const answer = JSON.parse(gunzipSync(bytes).toString()) as GradAnswer;
      expect(answer.results).toEqual((await service.post<GradAnswer>('/surrogate/grad', request)).body.results);
    },
  );

  it('of megabytes of text is compressed as it leaves', async () => {
    const long = JSON.stringify({ x: { linspace: [-2, 2, 300_000] }, surrogate: 'sigmoid' });
    const plain = JSON.parse((await post(long, {})).bytes.toString()) as GradAnswer;
    for (const coding of ['gzip', 'br'] as const) {
      const { headers, bytes } = await post(long, { 'accept-encoding': coding });
      expect(headers['content-encoding']).toBe(coding);
      expect((JSON.parse(decoders[coding](bytes).toString()) as GradAnswer).results).toEqual(plain.results);
    }
  });

  it.each([
    ['of a few numbers', JSON.stringify({ x: { linspace: [-2, 2, 500] }, surrogate: 'sigmoid' })],
    ['of base64', JSON.stringify({ x: { linspace: [-2, 2, 5000] }, surrogate: 'sigmoid', encoding: 'base64' })],
  ])('%s is compressed only where that is asked for', async (_what, body) => {
    const plain = await post(body, { 'accept-encoding': 'gzip, deflate, br, zstd' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(Number(plain.headers['content-length'])).toBe(plain.bytes.length);
    expect((await post(body, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip');
  });

  it.each([undefined, 'identity', 'zstd', 'gzip;q=0'])('of numbers is plain with Accept-Encoding: %s', async (accepted) => {
    const { status, headers, bytes } = await post(request, accepted === undefined ? {} : { 'accept-encoding': accepted });
    expect(status).toBe(200);
    expect(headers['content-encoding']).toBeUndefined();
    expect(Number(headers['content-length'])).toBe(bytes.length);
  });

  it('of float bytes is compressed only where that is asked for', async () => {
    const accept = 'application/octet-stream';
    expect((await post(request, { accept, 'accept-encoding': 'gzip, deflate, br' })).headers['content-encoding']).toBeUndefined();
    const { headers, bytes } = await post(request, { accept, 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    const plain = await post(request, { accept });
    const start = Number(plain.headers['inference-header-content-length']);
    expect(gunzipSync(bytes).subarray(-20_000)).toEqual(plain.bytes.subarray(start));
  });

  it.each(['application/json', 'application/octet-stream'])('of spike trains as %s is compressed where that is allowed', async (accept) => {
    const run = JSON.stringify({ current: { linspace: [0.5, 2.5, 50] }, steps: 2000, record: ['spikes'] });
    const plain = await post(run, { accept }, '/lif/simulate');
    const packed = await post(run, { accept, 'accept-encoding': 'gzip, deflate, br' }, '/lif/simulate');
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 10);
    expect(gunzipSync(packed.bytes).length).toBeGreaterThan(99_000);
  });

  it('that is still being computed is compressed as it leaves', async () => {
    const run = JSON.stringify({ current: { linspace: [0.5, 2.5, 100] }, steps: 50_000, record: ['spikes'] });
    const packed = await post(run, { accept: 'application/octet-stream', 'accept-encoding': 'gzip' }, '/lif/simulate');
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.bytes).length).toBe(5e6 + Number(packed.headers['inference-header-content-length']));
  });

  it('of text is compressed where that is allowed, unless it is short', async () => {
    const catalogue = await exchange('GET', '/surrogates', { 'accept-encoding': 'gzip, deflate, br' });
    expect(catalogue.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(catalogue.bytes).toString()) as { surrogates: unknown[] }).toBeTruthy();
    expect((await exchange('GET', '/livez', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  });

  it('that nothing may encode is a 406', async () => {
    const { status, bytes } = await post(request, { 'accept-encoding': 'identity;q=0, deflate' });
    expect(status).toBe(406);
    expect((JSON.parse(bytes.toString()) as { code: string }).code).toBe('not_acceptable');
  });
});
