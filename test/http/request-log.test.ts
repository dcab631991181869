import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { postHead, RawClient } from './raw-client.ts';
import { Service } from './service.ts';

interface Line {
  level: number;
  msg: string;
  path: string;
  status: number;
  bytes: number;
}

const lines: Line[] = [];
const logger = pino(
  { level: 'debug' },
  {
    write: (line: string) => {
      lines.push(JSON.parse(line) as Line);
    },
  },
);
let service: Service;
beforeAll(async () => {
  service = await Service.start({}, { logger });
});
afterAll(() => service.stop());

/** The line of a request, which is the next. */
async function lineOf(send: () => Promise<unknown>): Promise<Line> {
  lines.length = 0;
  await send();
  await expect.poll(() => lines.filter(({ msg }) => msg === 'request')).toHaveLength(1);
  return lines.find(({ msg }) => msg === 'request')!;
}

/** How many bytes the body of an answer has, as it was sent: without the sizes of chunks. */
function bodyBytes(received: string): number {
  const at = received.indexOf('\r\n\r\n') + 4;
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(received.slice(0, at))) return received.length - at;
  let bytes = 0;
  for (let chunk = at; ;) {
    const line = received.indexOf('\r\n', chunk);
    const size = parseInt(received.slice(chunk, line), 16);
    if (size === 0) return bytes;
    bytes += size;
    chunk = line + 2 + size + 2;
  }
}

const post = (path: string, body: object, headers = '') => {
  const text = JSON.stringify(body);
  return postHead(path, `Connection: close\r\n${headers}Content-Length: ${text.length}`) + text;
};
const get = (path: string, headers = '', method = 'GET') => `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
const spikes = { current: { linspace: [0.5, 2.5, 107] }, steps: 40_000, record: ['spikes'] };

it.each([
  ['JSON', post('/surrogate/grad', { x: [0, 1], surrogate: 'erf' })],
  ['text beyond ASCII', post('/surrogate/grad', { x: 0, surrogate: 'erf', neuröne: 1 })],
  ['bytes', post('/surrogate/grad', { x: [0, 1], surrogate: 'erf' }, 'Accept: application/octet-stream\r\n')],
  [
    'several buffers',
    post('/surrogate/grad', { x: { linspace: [-1, 1, 100_000] }, surrogate: ['erf', 'sigmoid'] }, 'Accept: application/octet-stream\r\n'),
  ],
  ['gzip', get('/openapi.json', 'Accept-Encoding: gzip\r\n')],
  ['br', get('/openapi.json', 'Accept-Encoding: br\r\n')],
  ['metrics', get('/metrics')],
  ['compressed metrics', get('/metrics', 'Accept-Encoding: gzip\r\n')],
  ['a run that is streamed', post('/lif/simulate', spikes, 'Accept: application/octet-stream\r\n')],
  ['a run that is streamed and compressed', post('/lif/simulate', spikes, 'Accept: application/octet-stream\r\nAccept-Encoding: gzip\r\n')],
  [
    'a stream for HTTP/1.0',
    post('/lif/simulate', spikes, 'Accept: application/octet-stream\r\nAccept-Encoding: gzip\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
  ],
  ['a problem', get('/nowhere')],
])('the log has the bytes of a body as they were sent: %s', async (_what, bytes) => {
  let received = '';
  const { bytes: logged } = await lineOf(async () => {
    received = await (await RawClient.open(service)).send(Buffer.from(bytes)).closed();
  });
  expect(logged).toBe(bodyBytes(received));
  expect(logged).toBeGreaterThan(0);
});

it.each([
  ['HEAD', get('/surrogates', '', 'HEAD')],
  ['OPTIONS', get('/lif/grad', '', 'OPTIONS')],
])('the log has no bytes of an answer without a body: %s', async (_what, bytes) => {
  expect(await lineOf(async () => (await RawClient.open(service)).send(bytes).closed())).toMatchObject({ bytes: 0 });
});

it('the log has the bytes that were sent of an answer that its client did not take', async () => {
  const line = await lineOf(async () => {
    const socket = connect(service.port, '127.0.0.1');
    socket.write(post('/lif/simulate', { ...spikes, steps: 400_000 }, 'Accept: application/octet-stream\r\n'));
    await once(socket, 'data');
    socket.resetAndDestroy();
  });
  expect(line.status).toBe(499);
  expect(line.bytes).toBeGreaterThan(0);
  expect(line.bytes).toBeLessThan(42_800_000);
});

it.each([
  ['debug', 'a probe', '/livez'],
  ['debug', 'a probe', '/readyz'],
  ['debug', 'a probe', '/v2/health/live'],
  ['debug', 'a probe', '/v2/health/ready'],
  ['debug', 'a scrape', '/metrics?name=x'],
  ['info', 'what is not there', '/livez/x'],
  ['info', 'a document', '/info'],
] as const)('the log has at %s %s: %s', async (level, _what, path) => {
  const line = await lineOf(async () => (await RawClient.open(service)).send(get(path)).closed());
  expect(line).toMatchObject({ level: pino.levels.values[level], path: path.split('?')[0] });
});

it('the log has a scrape that is refused at info, and at debug what is not ready', async () => {
  const guarded = await Service.start({ API_KEYS: 'first-key-0123456789' }, { logger });
  await guarded.app.engine.warm();
  expect(await lineOf(() => guarded.request('/metrics'))).toMatchObject({ level: 30, status: 401 });
  const drained = guarded.app.lifecycle.drain(500);
  expect(await lineOf(() => guarded.request('/readyz'))).toMatchObject({ level: 20, status: 503 });
  await drained;
  await guarded.stop();
});
