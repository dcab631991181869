import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { Service } from './service.ts';

let service: Service;
const start = async (environment: Record<string, string> = {}) => {
  service = await Service.start(environment);
  await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
};
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.stop();
});

/** About a second of work for one thread, and ten. */
const second = { current: { linspace: [0.5, 2.5, 50_000] }, steps: 10_000, wrt: ['tau'] };
const tenSeconds = { ...second, steps: 100_000 };
/** A thousand to a hundred thousand times less. */
const small = { current: { linspace: [0.5, 2.5, 50] }, steps: 100 };
const queued = () => service.app.engine.queues.find(({ name }) => name === 'wasm')!;

/** A connection, broken off when the test is over. */
function open(): Socket {
  const socket = connect(service.port, '127.0.0.1');
  sockets.push(socket);
  return socket;
}

/** Sends a request on a socket of its own. */
async function begin(body: unknown): Promise<Socket> {
  const socket = open();
  await once(socket, 'connect');
  const json = JSON.stringify(body);
  socket.write(`POST /lif/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`);
  return socket;
}

describe('a time limit', () => {
  it('of the server ends a job that runs, in time, and what it would have done', async () => {
    await start({ REQUEST_TIMEOUT_MS: '300' });
    const before = performance.now();
    const { status, body } = await service.post<ProblemDocument>('/lif/grad', tenSeconds);
    const tookMs = performance.now() - before;
    expect(status).toBe(504);
    expect(body).toMatchObject({ code: 'deadline_exceeded', detail: 'The request took longer than 300 ms.' });
    expect(tookMs).toBeGreaterThan(299);
    expect(tookMs).toBeLessThan(2000);
    await expect.poll(() => queued().ms).toBe(0);
  });

  it('of the request itself is heeded where it is less', async () => {
    await start({ REQUEST_TIMEOUT_MS: '700' });
    const limited = (ms: string) => service.post<ProblemDocument>('/lif/grad', tenSeconds, { 'x-request-timeout-ms': ms });
    expect((await limited('200')).body.detail).toBe('The request took longer than 200 ms.');
    expect((await limited('20000')).body.detail).toBe('The request took longer than 700 ms.');
    expect((await service.post('/lif/grad', small, { 'x-request-timeout-ms': '20000' })).status).toBe(200);
  });

  it('holds for jobs that wait, which then do not run', async () => {
    await start({ MAX_QUEUE_MS: '600000' });
    await begin(tenSeconds);
    await begin(tenSeconds);
    await expect.poll(() => queued().ms).toBeGreaterThan(11_000);
    const { status, body } = await service.post<ProblemDocument>('/lif/grad', second, { 'x-request-timeout-ms': '200' });
    expect(status).toBe(504);
    expect(body.code).toBe('deadline_exceeded');
    expect(queued().jobs).toBe(0);
  });

  it('holds while the body arrives', async () => {
    await start();
    const socket = open().setEncoding('utf8');
    let received = '';
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.write(
      'POST /lif/grad HTTP/1.1\r\nHost: x\r\nX-Request-Timeout-Ms: 200\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    );
    await once(socket, 'close');
    expect(received).toContain('HTTP/1.1 504 Gateway Timeout');
    expect(received).toContain('"code":"deadline_exceeded"');
  });

  it.each(['0', '-1', '1.5', 'soon', '1e3', ''])('of %j is refused', async (limit) => {
    await start();
    const { status, body } = await service.post<ProblemDocument>('/lif/grad', small, { 'x-request-timeout-ms': limit });
    expect(status).toBe(400);
    expect(body.code).toBe('invalid_timeout');
    expect(body.detail).toContain(`"${limit}"`);
  });

  it('ends the work of the reference', async () => {
    await start();
    const { status } = await service.post<ProblemDocument>(
      '/lif/grad',
      { ...second, current: { linspace: [0, 2, 500] }, backend: 'reference' },
      { 'x-request-timeout-ms': '100' },
    );
    expect(status).toBe(504);
    await expect.poll(() => service.app.engine.queues.find(({ name }) => name === 'reference')!.ms).toBe(0);
  });
});

describe('a client that goes away', () => {
  it('takes its job along: that which runs, and that which waits', async () => {
    await start({ MAX_QUEUE_MS: '600000' });
    for (let i = 0; i < 3; i++) await begin(tenSeconds);
    await expect.poll(() => queued().jobs).toBe(1);
    for (const socket of sockets.toReversed()) socket.destroy();
    await expect.poll(() => queued(), { timeout: 3000 }).toMatchObject({ jobs: 0, ms: 0 });
    expect((await service.post('/lif/grad', small)).status).toBe(200);
  });
});

describe('more than can be done', () => {
  it('is turned away at once, with when to come back; small jobs do not notice', async () => {
    await start({ MAX_QUEUE_MS: '1500' });
    await begin(tenSeconds);
    await begin(tenSeconds);
    await expect.poll(() => queued().ms).toBeGreaterThan(11_000);
    const before = performance.now();
    const { status, body, headers } = await service.post<ProblemDocument>('/lif/grad', second);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(status).toBe(503);
    expect(body.code).toBe('overloaded');
    expect(body.detail).toMatch(/^The service is busy: about [\d.]+ s of work wait already\.$/);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(4);
    expect((await service.post('/lif/grad', small)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => queued().ms).toBe(0);
    expect((await service.post('/lif/grad', { ...second, steps: 1000 })).status).toBe(200);
  });

  it('is turned away for memory as well, of which bodies hold what has arrived of them', async () => {
    await start({ MAX_MEMORY_BYTES: String(6 * 2 ** 20) });
    const { budget } = service.app.engine.arenas;
    const large = JSON.stringify({ x: Array.from({ length: 200_000 }, (_, i) => i), surrogate: 'sigmoid' });
    expect((await service.post('/surrogate/grad', large)).status).toBe(200);
    await expect.poll(() => budget.usedBytes).toBe(0);
    const first = open();
    first.write(`POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n{`);
    // A request takes something beside its body.
    await expect.poll(() => budget.usedBytes).toBeGreaterThan(0);
    expect(budget.usedBytes).toBeLessThan(100_000);
    expect((await service.post('/surrogate/grad', large)).status).toBe(200);
    first.write(large.slice(1, -1));
    await expect.poll(() => budget.usedBytes).toBeGreaterThanOrEqual(large.length);
    expect(budget.usedBytes).toBeLessThan(large.length + 100_000);
    const { status, body, headers } = await service.post<ProblemDocument>('/surrogate/grad', large);
    expect(status).toBe(503);
    expect(body.code).toBe('out_of_memory');
    expect(headers.get('retry-after')).toBe('1');
    expect(body.detail).toMatch(
      /^The service is busy: other requests hold 2 MiB of the 6 MiB that there are, and this one needs [56] MiB\.$/,
    );
    first.destroy();
    await expect.poll(() => budget.usedBytes).toBe(0);
    expect((await service.post('/surrogate/grad', large)).status).toBe(200);
  });

  it('is refused where no other request is in the way', async () => {
    await start({ MAX_MEMORY_BYTES: String(6 * 2 ** 20) });
    const { status, body } = await service.post<ProblemDocument>('/surrogate/grad', {
      x: { linspace: [-1, 1, 2 ** 20] },
      surrogate: 'sigmoid',
    });
    expect(status).toBe(413);
    expect(body.code).toBe('too_much_work');
    expect(body.detail).toMatch(/^The request needs an estimated \d+ MiB of memory; the limit is 6 MiB\. /);
    await expect.poll(() => service.app.engine.arenas.budget.usedBytes).toBe(0);
  });
});
