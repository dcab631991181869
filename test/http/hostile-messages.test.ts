import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemTypes, type ProblemDocument } from '../../src/errors/problems.ts';
import { lastProblem, postHead, RawClient, statusesOf } from './raw-client.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
const get = (path: string, headers = '', method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
const chunked = (body: string, headers = '') => postHead('/surrogate/grad', `${headers}Transfer-Encoding: chunked`) + body;
const asChunk = `${good.length.toString(16)}\r\n${good}\r\n`;

let service: Service;
beforeAll(async () => {
  service = await Service.start({ LOG_LEVEL: 'silent', MAX_BODY_BYTES: '1000000' });
});
afterAll(() => service.stop());

/** All answers to bytes, once the server has closed the connection. */
async function answersTo(bytes: string): Promise<string> {
  return (await RawClient.open(service)).send(bytes).closed();
}

describe('a message that is not HTTP', () => {
  it.each([
    ['a length and chunks', postHead('/surrogate/grad', `Content-Length: ${good.length}\r\nTransfer-Encoding: chunked`) + asChunk],
    ['two lengths', postHead('/surrogate/grad', `Content-Length: 5\r\nContent-Length: ${good.length}`) + good],
    ['a list of lengths', postHead('/surrogate/grad', 'Content-Length: 29, 29') + good],
    ['a negative length', postHead('/surrogate/grad', 'Content-Length: -1')],
    ['a signed length', postHead('/surrogate/grad', 'Content-Length: +29') + good],
    ['a hexadecimal length', postHead('/surrogate/grad', 'Content-Length: 0x1d') + good],
    ['a length beyond all numbers', postHead('/surrogate/grad', 'Content-Length: 99999999999999999999999')],
    ['a coding that is not chunked', postHead('/surrogate/grad', 'Transfer-Encoding: gzip') + good],
    ['a coding before chunked', chunked(`${asChunk}0\r\n\r\n`, 'Transfer-Encoding: gzip\r\n')],
    ['a coding behind chunked', postHead('/surrogate/grad', 'Transfer-Encoding: chunked, identity') + `${asChunk}0\r\n\r\n`],
    ['a coding that is nearly chunked', postHead('/surrogate/grad', 'Transfer-Encoding: xchunked') + `${asChunk}0\r\n\r\n`],
    ['a space before a colon', postHead('/surrogate/grad', 'Transfer-Encoding : chunked') + '0\r\n\r\n'],
    ['a chunk size that is none', chunked(`zz\r\n${good}\r\n0\r\n\r\n`)],
    ['a negative chunk size', chunked(`-1\r\n${good}\r\n0\r\n\r\n`)],
    ['a chunk size beyond all numbers', chunked(`fffffffffffffffff\r\n${good}\r\n0\r\n\r\n`)],
    ['a chunk longer than its size', chunked(`5\r\n${good}\r\n0\r\n\r\n`)],
    ['a chunk with a long extension', chunked(`1d;${'a'.repeat(30_000)}\r\n${good}\r\n0\r\n\r\n`)],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a NUL in a header', get('/livez', 'X: a\0b\r\n')],
    ['a folded header', get('/livez', 'X: a\r\n b\r\n')],
    ['a header without a name', get('/livez', ': a\r\n')],
    ["a space in a header's name", get('/livez', 'X Y: a\r\n')],
    ['lines that end in CR', 'GET /livez HTTP/1.1\rHost: x\r\r'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a version that is none', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n'],
    ['a method that is none', get('/', '', 'FOO')],
    ['a method in small letters', get('/', '', 'get')],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['bytes beyond ASCII in the URL', get('/\xff')],
    ['a path without a slash', get('livez')],
    [
      'chunks in HTTP/1.0',
      chunked(`${asChunk}0\r\n\r\n`).replace('HTTP/1.1', 'HTTP/1.0').replace('\r\n', '\r\nConnection: keep-alive\r\n'),
    ],
    ['GET of the whole server', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('%s, is refused and its connection closed', async (_what, bytes) => {
    const received = await answersTo(bytes);
    expect(statusesOf(received)).toEqual([400]);
    expect(lastProblem(received)).toMatchObject({ code: 'malformed_http', title: problemTypes.malformed_http.title });
  });

  it.each([
    ['HTTP/0.9', 'GET /livez\r\n\r\n'],
    ['HTTP/0.9 that says so', 'GET /livez HTTP/0.9\r\n\r\n'],
    ['HTTP/2.0 in the form of HTTP/1.1', 'GET /livez HTTP/2.0\r\nHost: x\r\n\r\n'],
  ])('%s, is told which versions there are', async (_what, bytes) => {
    const received = await answersTo(bytes);
    expect(statusesOf(received)).toEqual([505]);
    expect(lastProblem(received).code).toBe('http_version_not_supported');
  });

  it.each([
    ['headers', get('/livez', `X: ${'y'.repeat(20_000)}\r\n`)],
    ['a URL', get(`/${'a'.repeat(20_000)}`)],
    ['trailers', chunked(`${asChunk}0\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`)],
  ])('%s of more than 16 KiB are refused', async (_what, bytes) => {
    const received = await answersTo(bytes);
    expect(statusesOf(received)).toEqual([431]);
    expect(lastProblem(received).code).toBe('headers_too_large');
  });

  it.each([200, 1000, 5000])('more than 200 headers, here %d more, are refused', async (count) => {
    const received = await answersTo(get('/livez', 'a: 1\r\n'.repeat(count)));
    expect(statusesOf(received)).toEqual([431]);
    expect(lastProblem(received).detail).toBe('There are more than 200 headers.');
  });

  it('is answered after the requests before it', async () => {
    const request = postHead('/surrogate/grad', good.length) + good;
    expect(statusesOf(await answersTo(`${request.repeat(3)}GARBAGE\r\n\r\n`))).toEqual([200, 200, 200, 400]);
    const slow = JSON.stringify({ current: 1.5, steps: 3e6 });
    expect(statusesOf(await answersTo(`${postHead('/lif/simulate', slow.length)}${slow}GARBAGE\r\n\r\nmore of it`))).toEqual([200, 400]);
  });

  it('is not waited for when its sender does not listen', async () => {
    const client = (await RawClient.open(service)).send('GARBAGE\r\n\r\n');
    const from = performance.now();
    for (; !client.socket.destroyed && performance.now() - from < 10_000; await new Promise((resolve) => setTimeout(resolve, 20)))
      client.send('x');
    expect(client.socket.destroyed).toBe(true);
  });
});

describe('a message that is HTTP', () => {
  it.each([
    ['HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', 200],
    ['an upgrade to WebSocket', 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n', 200],
    [
      'an upgrade to HTTP/2',
      'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
      200,
    ],
    ['trailers', chunked(`${asChunk}0\r\nX: y\r\n\r\n`, 'Connection: close\r\n'), 200],
    ['an absolute URL', get('http://elsewhere/livez'), 200],
    ['a long query', get(`/livez?${'a&'.repeat(7000)}`), 200],
    ['a query that is not percent-encoded', get('/livez?%&%zz=%'), 200],
    ['an unknown method of HTTP', get('/lif/grad', '', 'PROPFIND'), 405],
    ['OPTIONS *', get('*', '', 'OPTIONS'), 404],
  ])('with %s is answered', async (_what, bytes, status) => {
    expect(statusesOf(await answersTo(bytes))).toEqual([status]);
  });

  it('may come with thousands of others before it is answered', async () => {
    const client = (await RawClient.open(service)).send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3000) + get('/livez'));
    expect(statusesOf(await client.closed())).toEqual(new Array(3001).fill(200));
  });

  it('may be half closed when its answer is there', async () => {
    const socket = connect(service.port, '127.0.0.1');
    socket.end(get('/livez'));
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a path', () => {
  it.each([
    ['/%00', 404],
    ['/../../etc/passwd', 404],
    ['/surrogates/..', 404],
    ['/surrogates/%2e%2e%2f', 404],
    ['/surrogates/%00', 404],
    ['/surrogates/__proto__', 404],
    ['/problems/constructor', 404],
    ['/docs/static/../../package.json', 404],
    ['/docs/static/%2e%2e/%2e%2e/package.json', 404],
    ['/docs/static/..%2f..%2f..%2fpackage.json', 404],
    ['/docs/static/%00', 404],
    ['/docs/static//index.html', 404],
    ['//livez', 404],
    ['/livez/', 404],
    [`/${'/'.repeat(15_000)}`, 404],
    ['/surrogates/%c0%af', 400],
    ['/surrogates/%', 400],
    ['/surrogates/%zz', 400],
    [`/surrogates/${'%41'.repeat(300)}`, 414],
  ])('%s is %d', async (path, status) => {
    const received = await answersTo(get(path));
    expect(statusesOf(received)).toEqual([status]);
    expect(Object.keys(problemTypes)).toContain(lastProblem(received).code);
  });

  it('of the protocol is an error of the protocol', async () => {
    const { status, body } = await service.request<{ error: string }>('/v2/models/__proto__/infer', {
      method: 'POST',
      body: '{"inputs": []}',
    });
    expect(status).toBe(404);
    expect(body.error).toContain('here is no model "__proto__"');
  });
});

describe('Expect: 100-continue', () => {
  const head = (path: string, length: number) => postHead(path, `Connection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}`);

  it('is met when the body is wanted', async () => {
    const client = (await RawClient.open(service)).send(head('/surrogate/grad', good.length));
    await expect.poll(() => client.received).toContain('100 Continue');
    expect(statusesOf(await client.send(good).closed())).toEqual([100, 200]);
  });

  it.each([
    ['/surrogate/grad', 1_000_001, 413],
    ['/nowhere', 10, 404],
    ['/livez', 10, 405],
  ])('is not met by %s for %d bytes, which is a %d', async (path, length, status) => {
    // Nothing is sent behind the head, so that only a closed connection ends this.
    const kept = head(path, length).replace('Connection: close\r\n', '');
    expect(statusesOf(await answersTo(kept))).toEqual([status]);
  });

  it('is the only expectation there is', async () => {
    expect(statusesOf(await answersTo(head('/surrogate/grad', good.length).replace('100-continue', 'banana') + good))).toEqual([200]);
  });
});

describe('a length that is a lie', () => {
  it('beyond the limit is refused before a byte comes', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', 1e12));
    await expect.poll(() => client.received).toContain('"body_too_large"');
    client.socket.destroy();
  });

  it('beyond the limit in chunks is refused when so many have come', async () => {
    const client = (await RawClient.open(service)).send(chunked(''));
    for (let sent = 0; sent < 30 && !client.received.includes('413'); sent++) {
      client.send(`10000\r\n${' '.repeat(0x10000)}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await expect.poll(() => client.received).toContain('"body_too_large"');
    client.socket.destroy();
  });

  it('too small leaves the rest to be no request', async () => {
    expect(statusesOf(await answersTo(postHead('/surrogate/grad', good.length - 9) + good))).toEqual([400, 400]);
  });

  it('too large is incomplete', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', good.length + 1) + good);
    client.socket.end();
    const problem: ProblemDocument = lastProblem(await client.closed());
    expect(problem.code).toBe('incomplete_body');
  });
});

it('a body in chunks of one byte is served', async () => {
  const body = `${' '.repeat(200_000)}${good}`;
  const pieces = Array.from(body, (byte) => `1\r\n${byte}\r\n`).join('');
  const client = (await RawClient.open(service)).send(chunked(`${pieces}0\r\n\r\n`, 'Connection: close\r\n'));
  expect(statusesOf(await client.closed())).toEqual([200]);
});
