import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseExposition } from '../../support/exposition.ts';
import { freePort, untilReady } from '../../support/process.ts';
import { hasRedis, RedisServer } from '../../support/redis-server.ts';
import { isThorough } from '../thorough.ts';
import { killServers, post, sources, start, type Running } from './server-process.ts';
import { ask, askTimes, fast, large, linesOf, pidsOf, startSeveral } from './several-processes.ts';

/** Sums of a metric's samples that have these labels. */
async function sumOf(url: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  const metrics = parseExposition(await response.text());
  return [...metrics.values()]
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

const requestsOf = (url: string, route: string) => sumOf(url, 'http_request_duration_seconds_count', { route });

interface Statistics {
  model_stats: { name: string; inference_count: number; inference_stats: { fail: { count: number } } }[];
}

describe('several processes, of the same service in turn,', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startSeveral(fast);
  });
  afterAll(killServers);

  it('all answer, each with its number in the log', async () => {
    await askTimes(running.url, '/info', 20);
    await expect.poll(() => linesOf(running).filter((line) => line.path === '/info')).toHaveLength(20);
    const pids = await pidsOf(running);
    expect(pids).not.toContain(running.child.pid);
    expect(
      new Set(
        linesOf(running)
          .filter((line) => line.path === '/info')
          .map(({ pid }) => pid),
      ),
    ).toEqual(new Set(pids));
    expect(linesOf(running).filter(({ msg }) => msg.includes(' is ready after '))).toEqual([
      expect.objectContaining({ pid: running.child.pid, processes: 2, url: running.url }),
    ]);
  });

  it('count the statistics of models together, whichever answers', async () => {
    // Each on a connection of its own, so that they come to both processes.
    const request = (path: string, body?: object) =>
      fetch(running.url + path, { headers: { connection: 'close' }, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
    const infer = (steps: number) =>
      request('/v2/models/lif_simulate/infer', {
        inputs: [{ name: 'current', shape: [1], datatype: 'FP32', data: [1.5] }],
        parameters: { steps },
      });
    const answers = await Promise.all([...Array.from({ length: 10 }, () => infer(100)), infer(-1), infer(-1)]);
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 400, 400]);
    const counts = async () => {
      const {
        model_stats: [stats],
      } = (await (await request('/v2/models/lif_simulate/stats')).json()) as Statistics;
      return [stats!.inference_count, stats!.inference_stats.fail.count];
    };
    await expect.poll(counts).toEqual([10, 2]);
    for (let i = 0; i < 4; i++) expect(await counts()).toEqual([10, 2]);
  });

  it('tell their metrics as one, which keep the counts of a process that exits', async () => {
    const { url } = running;
    await askTimes(url, '/surrogates/erf', 30);
    // Whichever process is asked.
    for (let i = 0; i < 6; i++) await expect.poll(() => requestsOf(url, '/surrogates/:name')).toBe(30);
    expect(await sumOf(url, 'surrogate_processes')).toBe(2);
    expect(await sumOf(url, 'surrogate_build_info')).toBe(1);
    expect(await sumOf(url, 'surrogate_backend_up', { backend: 'wasm' })).toBe(1);

    process.kill((await pidsOf(running))[0], 'SIGKILL');
    await expect.poll(() => sumOf(url, 'surrogate_process_lost_total')).toBe(1);
    await untilReady(running.child, url, running.output);
    expect(await requestsOf(url, '/surrogates/:name')).toBe(30);
    await askTimes(url, '/surrogates/erf', 10);
    await expect.poll(() => requestsOf(url, '/surrogates/:name')).toBe(40);
  });
});

describe('one process', () => {
  afterEach(killServers);

  it('is the one that was started, alone', async () => {
    const running = await start({ COMPUTE_BACKEND: 'reference' });
    await untilReady(running.child, running.url, running.output);
    await askTimes(running.url, '/info', 4);
    await expect.poll(() => linesOf(running).filter((line) => line.path === '/info')).toHaveLength(4);
    expect(new Set(linesOf(running).map(({ pid }) => pid))).toEqual(new Set([running.child.pid]));
    expect(await sumOf(running.url, 'surrogate_processes')).toBe(0);
  });
});

describe('several processes', () => {
  afterEach(killServers);

  it.runIf(isThorough)(
    'compute, small jobs and large ones, from sources too',
    async () => {
      const { url } = await startSeveral(fast, sources);
      const answers = await Promise.all([large, large, { current: [1.5], steps: 100 }].map((body) => post(`${url}/lif/grad`, body)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    },
    120_000,
  );

  it('count a client each up to its share', async () => {
    const running = await startSeveral({ RATE_LIMIT_MAX: '20' });
    const refusing = () => new Set(linesOf(running).flatMap(({ status, pid }) => (status === 429 ? [pid] : [])));
    const answers: { readonly status: number }[] = [];
    // A busy process may get few of the first connections.
    for (let round = 0; round < 10 && refusing().size < 2; round++) answers.push(...(await askTimes(running.url, '/info', 60)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    await expect.poll(() => linesOf(running).filter(({ status }) => status === 429)).toHaveLength(answers.length - 20);
    expect(refusing().size).toBe(2);
    const over = await fetch(`${running.url}/info`);
    expect(over.headers.get('ratelimit-limit')).toBe('10');
    expect(over.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.runIf(hasRedis && isThorough)(
    'count a client together in Redis, to the request, whose URL their environment does not hold',
    async () => {
      const redis = await (await RedisServer.create()).start();
      try {
        const running = await startSeveral({ RATE_LIMIT_MAX: '21', RATE_LIMIT_REDIS_URL: redis.url });
        const answers = await askTimes(running.url, '/info', 60);
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(21);
        expect(answers.filter(({ status }) => status === 429)).toHaveLength(39);
        for (const pid of await pidsOf(running))
          if (existsSync(`/proc/${pid}/environ`)) expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(redis.url);
        running.child.kill('SIGTERM');
        expect(await running.ended, running.output()).toEqual([0, null]);
      } finally {
        await redis.stop();
      }
    },
  );

  it('share the configured connections and memory', async () => {
    const { url } = await startSeveral({ MAX_CONNECTIONS: '4', MAX_MEMORY_BYTES: '8000000', KEEP_ALIVE_TIMEOUT_MS: '60000' });
    // What the probes had.
    await expect.poll(() => sumOf(url, 'surrogate_reserved_limit_bytes')).toBe(8e6);
    const { hostname, port } = new URL(url);
    const closed = new Set<Socket>();
    const sockets = Array.from({ length: 20 }, () => connect(Number(port), hostname));
    for (const socket of sockets)
      socket
        .on('error', () => undefined)
        .once('close', () => {
          closed.add(socket);
        });
    await expect.poll(() => closed.size).toBeGreaterThanOrEqual(16);
    await sleep(300);
    // fetch may keep one.
    expect(closed.size).toBeLessThanOrEqual(17);
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await ask(url, '/livez')).status).toBe(200);
  });

  it('know the keys, without them in their environment, and have one port for operation', async () => {
    const key = 'a-key-nobody-may-see';
    const operation = `http://127.0.0.1:${await freePort()}`;
    const running = await startSeveral({ API_KEYS: key, OPERATION_PORT: new URL(operation).port });
    expect((await askTimes(running.url, '/info', 6)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(`${running.url}/info`, { headers })).status).toBe(200);
    for (const pid of await pidsOf(running))
      if (existsSync(`/proc/${pid}/environ`)) expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(key);

    await expect.poll(() => requestsOf(operation, '/info')).toBe(7);
    expect((await askTimes(operation, '/livez', 4)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await fetch(`${running.url}/metrics`, { headers })).status).toBe(404);
    running.child.kill('SIGTERM');
    await expect.poll(async () => (await ask(operation, '/readyz')).status).toBe(503);
    expect(await running.ended, running.output()).toEqual([0, null]);
  });
});
