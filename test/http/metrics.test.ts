import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../src/compute/engine/errors.ts';
import { Engine } from '../../src/compute/engine/engine.ts';
import { threadLosses } from '../../src/compute/engine/thread-pool.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { Rejection } from '../../src/observability/metrics.ts';
import { FakeBackend } from '../compute/engine/fake-backend.ts';
import { parseExposition, type Sample } from '../../support/exposition.ts';
import type { Service } from './service.ts';
import { startService } from './services.ts';

async function scrape(service: Service): Promise<ReturnType<typeof parseExposition>> {
  return parseExposition(await (await fetch(`${service.url}/metrics`)).text());
}

/** The one sample with these labels. */
async function valueOf(service: Service, name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const matches = ({ name: sampleName, labels: own }: Sample) =>
    sampleName === name && Object.entries(labels).every(([label, value]) => own[label] === value);
  const found = [...(await scrape(service)).values()].flatMap(({ samples }) => samples.filter(matches));
  if (found.length > 1) throw new Error(`${name} has ${found.length} such samples`);
  return found[0]?.value;
}

const rejected = (service: Service, reason: Rejection) => valueOf(service, 'surrogate_rejected_total', { reason });

const small = { x: [0, 1], surrogate: 'sigmoid' };

describe('GET /metrics', () => {
  it('is Prometheus text, whatever the requests before', async () => {
    const service = await startService();
    await service.post('/surrogate/grad', small);
    await service.post('/lif/simulate', { current: 1.5, steps: 10 });
    await service.post('/surrogate/grad', '{');
    await service.request('/no"where\\');
    const metrics = await scrape(service);
    expect(metrics.get('surrogate_stage_duration_seconds')!.samples.length).toBeGreaterThan(100);
  });

  it('has a content length, and is compressed on request', async () => {
    const service = await startService();
    const plain = await fetch(`${service.url}/metrics`, { headers: { 'accept-encoding': 'identity' } });
    expect(Number(plain.headers.get('content-length'))).toBe((await plain.arrayBuffer()).byteLength);
    const compressed = await fetch(`${service.url}/metrics`, { headers: { 'accept-encoding': 'gzip' } });
    expect(compressed.headers.get('content-encoding')).toBe('gzip');
    parseExposition(await compressed.text());
  });

  it('bounds labels of methods and routes, whatever clients send', async () => {
    const service = await startService();
    for (const method of ['PROPFIND', 'MKCOL', 'REPORT']) await fetch(service.url + '/surrogate/grad', { method });
    const { samples } = (await scrape(service)).get('http_request_duration_seconds')!;
    expect(new Set(samples.map(({ labels: { route, method } }) => `${method} ${route}`))).toEqual(new Set(['other unknown']));
  });

  it('has the greatest delay of the event loop since the last scrape', async () => {
    const service = await startService();
    const lag = async () => {
      const metrics = await scrape(service);
      return ['nodejs_eventloop_lag_max_seconds', 'nodejs_eventloop_utilization'].map((name) => metrics.get(name)!.samples[0]!.value);
    };
    await lag();
    // The first tick of its timer after a scrape, of one every 10 ms, tells no delay.
    await sleep(100);
    // Long enough that nothing else comes near it.
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      /* others wait */
    }
    // A request on an open connection may come before the tick that is late.
    await sleep(50);
    const [seconds, utilization] = await lag();
    expect(seconds).toBeGreaterThan(1.4);
    expect(utilization).toBeGreaterThan(0.1);
    await expect.poll(async () => (await lag())[0]).toBeLessThan(1);
  });
});

describe('surrogate_rejected_total', () => {
  it('starts at 0 for every reason', async () => {
    const service = await startService();
    const { samples } = (await scrape(service)).get('surrogate_rejected_total')!;
    expect(Object.fromEntries(samples.map(({ labels, value }) => [labels.reason, value]))).toEqual({
      queue_full: 0,
      deadline: 0,
      cancelled: 0,
      memory: 0,
      too_large: 0,
      shutting_down: 0,
    });
  });

  it('counts requests that are too large, in bytes or in work', async () => {
    const service = await startService({ MAX_BODY_BYTES: '1024', MAX_NEURON_STEPS: '100' });
    expect((await service.post('/surrogate/grad', `"${'x'.repeat(2000)}"`)).status).toBe(413);
    expect((await service.post('/lif/grad', { current: 1, steps: 101 })).status).toBe(413);
    expect((await service.post('/lif/grad', { current: 1, steps: 0 })).status).toBe(400);
    await expect.poll(() => rejected(service, 'too_large')).toBe(2);
  });

  it('counts a request that comes while the service shuts down', async () => {
    const service = await startService({});
    await service.request('/livez');
    // The request is on its way, on the connection of the one before, when the server closes its connections.
    service.httpServer.closeConnections = () => undefined;
    await service.app.lifecycle.drain(0);
    const { status, headers, body } = await service.post<ProblemDocument>('/surrogate/grad', small);
    expect([status, body.code]).toEqual([503, 'shutting_down']);
    expect([headers.get('retry-after'), headers.get('connection')]).toEqual(['1', 'close']);
    expect(await service.app.metrics.text()).toContain('surrogate_rejected_total{reason="shutting_down"} 1\n');
  });

  it('counts requests that find no memory', async () => {
    const wasm = new FakeBackend('wasm');
    const service = await startService({}, { engine: new Engine([wasm]) });
    wasm.failures.push(new OutOfMemoryError('no memory'));
    expect((await service.post('/surrogate/grad', small)).status).toBe(503);
    await expect.poll(() => rejected(service, 'memory')).toBe(1);
  });

  it('counts clients that went away before the response, once each', async () => {
    const backend = new FakeBackend('wasm', { later: true });
    const engine = new Engine([backend]);
    const run = engine.run.bind(engine);
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    engine.run = (job) => held.then(() => run(job));
    const service = await startService({}, { engine });
    const body = JSON.stringify(small);
    const socket = connect(service.port, '127.0.0.1');
    socket.write(
      `POST /surrogate/grad HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await expect.poll(() => valueOf(service, 'http_requests_in_flight')).toBe(2);
    socket.destroy();
    await expect.poll(() => rejected(service, 'cancelled')).toBe(1);
    expect(await valueOf(service, 'http_request_duration_seconds_count', { status: '499' })).toBe(1);
    expect(await valueOf(service, 'http_requests_in_flight')).toBe(1);
    release();
  });
});

describe('gauges', () => {
  it('have the bytes of open and closed connections', async () => {
    const service = await startService();
    const exchange = async (): Promise<[sent: number, received: number]> => {
      const socket = connect(service.port, '127.0.0.1');
      let received = 0;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      const message = 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
      socket.write(message);
      await once(socket, 'close');
      return [message.length, received];
    };
    const sum = async (name: string) => (await scrape(service)).get(name)!.samples[0]!.value;
    const [sent, received] = await exchange();
    await expect.poll(() => sum('http_sent_bytes_total')).toBeGreaterThanOrEqual(received);
    expect(await sum('http_received_bytes_total')).toBeGreaterThanOrEqual(sent);
    // fetch keeps its connection.
    expect(await sum('http_connections')).toBe(1);
  });

  it('have the memory of jobs, which is kept for the next', async () => {
    const service = await startService();
    const bytes = async (state: string) => valueOf(service, 'surrogate_arena_bytes', { state });
    // Warming up takes memory too, again and again.
    await expect.poll(async () => (await service.request('/readyz')).status, { timeout: 30_000 }).toBe(200);
    const x = Array.from({ length: 200_000 }, (_, i) => i / 100);
    expect((await service.post('/surrogate/grad', { x, surrogate: 'sigmoid' })).status).toBe(200);
    await expect.poll(() => bytes('lent')).toBe(0);
    expect(await bytes('kept')).toBeGreaterThan(2 ** 20);
    const arena = service.app.engine.arenas.acquire();
    expect(await bytes('lent')).toBe(arena.byteLength);
    service.app.engine.arenas.discard(arena);
    expect(await bytes('lent')).toBe(0);
  });

  it('have the tensors of a library that reports them', async () => {
    const tensorflow = new FakeBackend('tensorflow', { later: true });
    const service = await startService({}, { engine: new Engine([tensorflow, new FakeBackend('wasm')]) });
    tensorflow.liveTensors = 3;
    const { samples } = (await scrape(service)).get('surrogate_tensors_live')!;
    expect(samples).toEqual([{ name: 'surrogate_tensors_live', labels: { backend: 'tensorflow' }, value: 3 }]);
  });
});

it('queued jobs, reserved memory and rejections are in the scrape', async () => {
  const service = await startService({ MAX_QUEUE_MS: '2000', MAX_MEMORY_BYTES: '5000000' });
  const { metrics } = service.app;
  service.app.engine.arenas.budget.reserve(20, 0);
  metrics.computed('lif_grad', 'wasm', 100, { decode: 0, queue: 500, compute: 1, encode: 0 });
  metrics.rejected('queue_full');
  const values = Object.fromEntries(
    [...(await scrape(service)).values()].flatMap(({ samples }) =>
      samples.map(({ name, labels, value }) => [name + (labels.reason ?? labels.backend ?? ''), value]),
    ),
  );
  expect(values).toMatchObject({
    surrogate_queue_jobswasm: 0,
    surrogate_queue_backlog_secondswasm: 0,
    surrogate_queue_limit_seconds: 2,
    surrogate_reserved_bytes: 20,
    surrogate_reserved_limit_bytes: 5e6,
    surrogate_queue_delay_seconds_sum: 0.5,
    surrogate_rejected_totalqueue_full: 1,
    surrogate_worker_lost_total: threadLosses.count,
  });
});
