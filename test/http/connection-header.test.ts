import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postHead, RawClient } from './raw-client.ts';
import { isThorough } from '../thorough.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
const get = (path: string, headers = '', method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const post = (path: string, body: string, headers = '') => postHead(path, `${headers}Content-Length: ${body.length}`) + body;
const json = (path: string, body: object, headers = '') => post(path, JSON.stringify(body), headers);
const infer = (data: unknown) =>
  json('/v2/models/surrogate_grad/infer', {
    inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data }],
    parameters: { surrogate: 'erf' },
  });
const spikes = { current: { linspace: [0.5, 2.5, 107] }, steps: 40_000, record: ['spikes'] };
const long = { current: 1.5, steps: 1e9 };

/** A request, and its answer's status. */
type Row = readonly [what: string, bytes: string, status: number];

/** After which a connection is kept, unless its client has it otherwise. */
const kept: readonly Row[] = [
  ['JSON', post('/surrogate/grad', good), 200],
  ['framed', post('/surrogate/grad', good, 'Accept: application/octet-stream\r\n'), 200],
  ['npy', post('/surrogate/grad', good, 'Accept: application/x-npy\r\n'), 200],
  ['base64', json('/surrogate/grad', { x: 0, surrogate: 'erf', encoding: 'base64' }), 200],
  ['a run that is streamed', json('/lif/simulate', spikes, 'Accept: application/octet-stream\r\n'), 200],
  [
    'a run that is streamed and compressed',
    json('/lif/simulate', spikes, 'Accept: application/octet-stream\r\nAccept-Encoding: gzip\r\n'),
    200,
  ],
  [
    'a body in chunks',
    `${postHead('/surrogate/grad', 'Transfer-Encoding: chunked')}${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`,
    200,
  ],
  ['a body that is announced', post('/surrogate/grad', good, 'Expect: 100-continue\r\n'), 200],
  ['compressed', get('/openapi.json', 'Accept-Encoding: gzip\r\n'), 200],
  ['streamed', get('/metrics'), 200],
  ['streamed and compressed', get('/metrics', 'Accept-Encoding: br\r\n'), 200],
  ['a probe', get('/livez'), 200],
  ['HEAD', get('/surrogates', '', 'HEAD'), 200],
  ['OPTIONS', get('/lif/grad', '', 'OPTIONS'), 204],
  ['/v2', infer([0.5]), 200],
  ['/v2, wrong', infer(['a']), 400],
  ['/v2, unknown', json('/v2/models/nothing/infer', {}), 404],
  ['no JSON', post('/surrogate/grad', '{{'), 400],
  ['a wrong request', json('/lif/grad', { current: 'a' }), 400],
  ['a body that is not compressed', post('/surrogate/grad', good, 'Content-Encoding: gzip\r\n'), 400],
  ['an empty body', post('/surrogate/grad', ''), 400],
  ['a path that is no UTF-8', get('/%ff'), 400],
  ['an unknown path', get('/nowhere'), 404],
  ['an unknown path for a body', post('/nowhere', good), 404],
  ['another method', post('/livez', good), 405],
  ['another Accept', post('/lif/grad', good, 'Accept: image/png\r\n'), 406],
  ['too much work', json('/lif/grad', { current: 1, steps: 1e12 }), 413],
  ['a long path', get(`/surrogates/${'x'.repeat(300)}`), 414],
  ['another media type', post('/lif/grad', good).replace('application/json', 'text/plain'), 415],
  ['a deadline', json('/lif/grad', long, 'X-Request-Timeout-Ms: 50\r\n'), 504],
];

const closed: readonly Row[] = [
  ['an upgrade', get('/livez', 'Connection: upgrade\r\nUpgrade: x\r\n'), 200],
  ['no Host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
  ['no HTTP', 'GARBAGE\r\n\r\n', 400],
  ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', 400],
  ['many headers', get('/livez', 'a: 1\r\n'.repeat(300)), 431],
  ['another version', 'GET /livez HTTP/2.0\r\nHost: x\r\n\r\n', 505],
];

/** Requests of whose body the rest is still to come. */
const unfinished: readonly Row[] = [
  ['an unknown path', `${postHead('/nowhere', 1000)}{`, 404],
  ['another method', `${postHead('/livez', 1000)}{`, 405],
  ['another Accept', `${postHead('/lif/grad', 'Accept: image/png\r\nContent-Length: 1000')}{`, 406],
  ['a length beyond the limit', postHead('/surrogate/grad', 2e6), 413],
  ['a length beyond the limit, on /v2', postHead('/v2/models/surrogate_grad/infer', 2e6), 413],
  ['a length beyond the limit that is announced', postHead('/surrogate/grad', 'Expect: 100-continue\r\nContent-Length: 2000000'), 413],
  ['chunks beyond the limit', `${postHead('/surrogate/grad', 'Transfer-Encoding: chunked')}200000\r\n${' '.repeat(1_500_000)}`, 413],
  ['another media type', `${postHead('/lif/grad', 1000).replace('application/json', 'text/plain')}{`, 415],
  ['a body that is not compressed', `${postHead('/lif/grad', 'Content-Encoding: gzip\r\nContent-Length: 1000')}{"x": 1234567890}`, 400],
  ['a deadline', `${postHead('/lif/grad', 'X-Request-Timeout-Ms: 50\r\nContent-Length: 1000')}{`, 504],
  ['a deadline, on /v2', `${postHead('/v2/models/lif_grad/infer', 'X-Request-Timeout-Ms: 50\r\nContent-Length: 1000')}{`, 504],
  ['a deadline, compressed', postHead('/lif/grad', 'X-Request-Timeout-Ms: 50\r\nContent-Encoding: br\r\nContent-Length: 1000'), 504],
];

const manners = {
  'HTTP/1.1': (bytes: string) => bytes,
  'HTTP/1.1 that asks to close': (bytes: string) => bytes.replace('\r\n', '\r\nConnection: close\r\n'),
  'HTTP/1.0': (bytes: string) => bytes.replace('HTTP/1.1', 'HTTP/1.0'),
  'HTTP/1.0 that asks to keep': (bytes: string) => bytes.replace('HTTP/1.1\r\n', 'HTTP/1.0\r\nConnection: keep-alive\r\n'),
} as const;
type Manner = keyof typeof manners;

/** Of rows those that there are in a manner: HTTP/1.0 has no chunks, and needs no Host. */
const rowsFor = (manner: Manner, rows: readonly Row[]) =>
  rows.filter(([what, bytes]) => manner.startsWith('HTTP/1.1') || !(bytes.includes('Transfer-Encoding') || what === 'no Host'));

interface Answer {
  readonly status: number;
  /** What it says of the connection. */
  readonly connection: string | undefined;
}

/** Waits for the answer to the one request that was sent. */
async function answerOn(client: RawClient, isHead: boolean): Promise<Answer> {
  for (;;) {
    const received = client.received.replace('HTTP/1.1 100 Continue\r\n\r\n', '');
    const end = received.indexOf('\r\n\r\n');
    if (end >= 0) {
      const head = received.slice(0, end + 2);
      const header = (name: string) => new RegExp(`\r\n${name}: (.*)\r\n`, 'i').exec(head)?.[1];
      const status = Number(head.slice(9, 12));
      const body = received.slice(end + 4);
      const length = header('content-length');
      const isWhole =
        isHead ||
        status === 204 ||
        (length !== undefined
          ? body.length >= Number(length)
          : header('transfer-encoding') !== undefined && body.endsWith('\r\n0\r\n\r\n'));
      if (isWhole || client.socket.readableEnded) return { status, connection: header('connection') };
    }
    await Promise.race([once(client.socket, 'data'), once(client.socket, 'end'), sleep(50)]);
  }
}

/** Sends a request and checks that what its answer says of the connection is what becomes of it. */
async function exchange(service: Service, bytes: string, manner: Manner): Promise<Answer> {
  const client = (await RawClient.open(service)).send(manners[manner](bytes));
  const answer = await answerOn(client, bytes.startsWith('HEAD'));
  if (answer.connection?.toLowerCase() === 'keep-alive') {
    const before = client.received.length;
    const after = (await client.send(get('/livez', 'Connection: close\r\n')).closed()).slice(before);
    expect(after).toMatch(/^HTTP\/1\.1 200 /);
    expect(after).toMatch(/\r\nconnection: close\r\n/i);
  } else {
    // The server ends its side at once, and its client then does.
    expect(answer.connection).toBe('close');
    expect(await Promise.race([client.closed().then(() => 'closed'), sleep(10_000, 'open')])).toBe('closed');
  }
  return answer;
}

const tried = isThorough ? (Object.keys(manners) as Manner[]) : (['HTTP/1.1', 'HTTP/1.0 that asks to keep'] as const);

describe.each(tried)('what an answer to %s says of its connection holds', (manner) => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ MAX_BODY_BYTES: '1000000' });
  });
  afterAll(() => service.stop());

  it.each(rowsFor(manner, kept))('%s', async (_what, bytes, status) => {
    const answer = await exchange(service, bytes, manner);
    expect(answer.status).toBe(status);
    if (manner === 'HTTP/1.1') expect(answer.connection).toBe('keep-alive');
    if (manner === 'HTTP/1.1 that asks to close' || manner === 'HTTP/1.0') expect(answer.connection).toBe('close');
  });

  it.each(rowsFor(manner, closed))('%s', async (_what, bytes, status) => {
    expect(await exchange(service, bytes, manner)).toEqual({ status, connection: 'close' });
  });

  it.each(rowsFor(manner, unfinished))('%s, while the body is still to come', async (_what, bytes, status) => {
    expect(await exchange(service, bytes, manner)).toEqual({ status, connection: 'close' });
  });
});

describe('while the server drains', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start({ MAX_BODY_BYTES: '1000000' });
    service.httpServer.isDraining = true;
  });
  afterAll(async () => {
    service.httpServer.closeConnections();
    await service.stop();
  });

  it.each([...kept, ...closed, ...unfinished])('%s is the last of its connection', async (_what, bytes, status) => {
    expect(await exchange(service, bytes, 'HTTP/1.1')).toEqual({ status, connection: 'close' });
  });

  it('the first of several requests in a row is answered, which its client sees', async () => {
    const client = (await RawClient.open(service)).send(post('/surrogate/grad', good).repeat(20) + get('/livez').repeat(1000));
    const received = await client.closed();
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
    expect(received).toContain('"meta"');
  });
});

it('requests in a row keep their connection until the last, which closes it', async () => {
  const service = await Service.start();
  try {
    const received = await (
      await RawClient.open(service)
    )
      .send(post('/surrogate/grad', good) + post('/surrogate/grad', '{{') + get('/nowhere') + get('/livez', 'Connection: close\r\n'))
      .closed();
    expect([...received.matchAll(/\r\nconnection: (.*)\r\n/gi)].map(([, said]) => said!.toLowerCase())).toEqual([
      'keep-alive',
      'keep-alive',
      'keep-alive',
      'close',
    ]);
  } finally {
    await service.stop();
  }
});
