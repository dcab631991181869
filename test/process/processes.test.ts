import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { parseExposition } from '../support/exposition.ts';
import { freePort, untilReady } from '../support/process.ts';
import { killServers, post, sources, start, type Running } from './server-process.ts';

afterEach(killServers);

interface Line { pid: number; level: number; msg: string; path?: string; status?: number; process?: number; pause_ms?: number; signal?: string }

function linesOf({ output }: Running): Line[] {
  return output().split('\n').filter((line) => line.startsWith('{') && line.endsWith('}')).map((line) => JSON.parse(line) as Line);
}

/** Of the processes that have listened so far, the first of them first; their lines come some time after. */
async function pidsOf(running: Running, count = 2): Promise<[number, number, ...number[]]> {
  const pids = () => [...new Set(linesOf(running).filter(({ msg }) => msg.startsWith('Server listening')).map(({ pid }) => pid))];
  await expect.poll(pids).toHaveLength(count);
  return pids() as [number, number];
}

/** With the back-end that is ready soonest, where a test does not compute much. */
async function startSeveral(environment: Record<string, string> = {}, program?: readonly string[]): Promise<Running> {
  const running = await start({ PROCESSES: '2', COMPUTE_BACKEND: 'reference', COMPUTE_THREADS: '2', DRAIN_DELAY_MS: '300', ...environment }, program);
  await untilReady(running.child, running.url, running.output);
  return running;
}

/** One request on a connection of its own, so that connections come to all processes. */
async function ask(url: string, asked: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').setTimeout(10_000, () => socket.destroy()).on('data', (chunk: string) => { text += chunk; });
  socket.write(`GET ${asked} HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept-encoding: identity\r\n\r\n`);
  await once(socket, 'close');
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

const askTimes = (url: string, asked: string, times: number) => Promise.all(Array.from({ length: times }, () => ask(url, asked)));

/** Sums of a metric's samples that have these labels. */
async function sumOf(url: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } });
  const metrics = parseExposition(await response.text());
  return [...metrics.values()].flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

const requestsOf = (url: string, route: string) => sumOf(url, 'http_request_duration_seconds_count', { route });

const fast = { COMPUTE_BACKEND: 'wasm' };
const large = { current: { linspace: [0.5, 2.5, 100_000] }, steps: 3000, encoding: 'base64' };

/** Has a module run in every process before all else. */
const preload = (module: string) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` });

describe('one process', () => {
  it('is the one that was started, with none beside it', async () => {
    const running = await start({ COMPUTE_BACKEND: 'reference' });
    await untilReady(running.child, running.url, running.output);
    await askTimes(running.url, '/info', 4);
    await expect.poll(() => linesOf(running).filter((line) => line.path === '/info')).toHaveLength(4);
    expect(new Set(linesOf(running).map(({ pid }) => pid))).toEqual(new Set([running.child.pid]));
    expect(await sumOf(running.url, 'surrogate_processes')).toBe(0);
  });
});

describe('several processes', () => {
  it('all answer, each with its number in the log', async () => {
    const running = await startSeveral();
    await askTimes(running.url, '/info', 20);
    await expect.poll(() => linesOf(running).filter((line) => line.path === '/info')).toHaveLength(20);
    const pids = await pidsOf(running);
    expect(pids).not.toContain(running.child.pid);
    expect(new Set(linesOf(running).filter((line) => line.path === '/info').map(({ pid }) => pid))).toEqual(new Set(pids));
  });

  it('compute, small jobs and large ones, from sources too', async () => {
    const { url } = await startSeveral(fast, sources);
    const answers = await Promise.all([large, large, { current: [1.5], steps: 100 }].map((body) => post(`${url}/lif/grad`, body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('count a client together, to the request', async () => {
    const running = await startSeveral({ RATE_LIMIT_MAX: '20' });
    const answers = await askTimes(running.url, '/info', 60);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
    await expect.poll(() => linesOf(running).filter(({ status }) => status === 429)).toHaveLength(40);
    expect(new Set(linesOf(running).filter((line) => line.path === '/info').map(({ pid }) => pid)).size).toBe(2);
    const over = await fetch(`${running.url}/info`);
    expect(over.headers.get('ratelimit-remaining')).toBe('0');
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('know the keys, which their environment does not hold', async () => {
    const key = 'a-key-nobody-may-see';
    const running = await startSeveral({ API_KEYS: key });
    expect((await askTimes(running.url, '/info', 6)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
    expect((await fetch(`${running.url}/info`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    for (const pid of await pidsOf(running)) if (existsSync(`/proc/${pid}/environ`)) expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain(key);
  });

  it('have the connections and the memory that are configured, not each as much', async () => {
    const { url } = await startSeveral({ MAX_CONNECTIONS: '4', MAX_MEMORY_BYTES: '8000000', KEEP_ALIVE_TIMEOUT_MS: '60000' });
    // What the probes had.
    await expect.poll(() => sumOf(url, 'surrogate_reserved_limit_bytes')).toBe(8e6);
    const { hostname, port } = new URL(url);
    const closed = new Set<Socket>();
    const sockets = Array.from({ length: 20 }, () => connect(Number(port), hostname));
    for (const socket of sockets) socket.on('error', () => undefined).once('close', () => { closed.add(socket); });
    await expect.poll(() => closed.size).toBeGreaterThanOrEqual(16);
    await sleep(300);
    // fetch may keep one.
    expect(closed.size).toBeLessThanOrEqual(17);
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await ask(url, '/livez')).status).toBe(200);
  });

  it('tell their metrics as one, which no end of a process takes back', async () => {
    const running = await startSeveral();
    const { url } = running;
    await askTimes(url, '/surrogates/erf', 30);
    // Whichever process is asked.
    for (let i = 0; i < 6; i++) await expect.poll(() => requestsOf(url, '/surrogates/:name')).toBe(30);
    expect(await sumOf(url, 'surrogate_processes')).toBe(2);
    expect(await sumOf(url, 'surrogate_build_info')).toBe(1);
    expect(await sumOf(url, 'surrogate_backend_up', { backend: 'reference' })).toBe(1);

    process.kill((await pidsOf(running))[0], 'SIGKILL');
    await expect.poll(() => sumOf(url, 'surrogate_process_lost_total')).toBe(1);
    await untilReady(running.child, url, running.output);
    expect(await requestsOf(url, '/surrogates/:name')).toBe(30);
    await askTimes(url, '/surrogates/erf', 10);
    await expect.poll(() => requestsOf(url, '/surrogates/:name')).toBe(40);
  });

  it('have one port for operation', async () => {
    const operation = `http://127.0.0.1:${await freePort()}`;
    const running = await startSeveral({ OPERATION_PORT: new URL(operation).port });
    await askTimes(running.url, '/info', 10);
    await expect.poll(() => requestsOf(operation, '/info')).toBe(10);
    expect((await askTimes(operation, '/livez', 4)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await ask(running.url, '/metrics')).status).toBe(404);
    running.child.kill('SIGTERM');
    await expect.poll(async () => (await ask(operation, '/readyz')).status).toBe(503);
    expect(await running.ended, running.output()).toEqual([0, null]);
  });
});

describe('a process that ends', () => {
  it('is replaced, while the others answer and the service says that it is not ready', async () => {
    const running = await startSeveral();
    const [first, second] = await pidsOf(running);
    process.kill(first, 'SIGKILL');
    await expect.poll(async () => (await ask(running.url, '/readyz')).body).toContain('another process is not ready');
    expect((await ask(running.url, '/info')).status).toBe(200);
    await untilReady(running.child, running.url, running.output);
    expect(await pidsOf(running, 3)).toContain(second);
    expect(linesOf(running).find(({ msg }) => msg.startsWith('a process ended'))).toMatchObject({ level: 50, pid: running.child.pid, process: first, signal: 'SIGKILL' });
  });

  it('after an error that nothing caught, has finished what ran', async () => {
    const running = await startSeveral({ ...fast, ...preload("process.once('SIGWINCH', () => { throw new Error('nobody caught this'); });") });
    const [first] = await pidsOf(running);
    const answers = Array.from({ length: 4 }, () => post(`${running.url}/lif/grad`, large));
    await sleep(100);
    process.kill(first, 'SIGWINCH');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await expect.poll(() => linesOf(running).find(({ msg }) => msg.startsWith('a process ended'))).toMatchObject({ process: first, code: 1 });
    await untilReady(running.child, running.url, running.output);
  });

  it('takes no client with it that it had not answered yet', async () => {
    const running = await startSeveral();
    const [first] = await pidsOf(running);
    process.kill(first, 'SIGSTOP');
    const { hostname, port } = new URL(running.url);
    const sockets = Array.from({ length: 6 }, () => connect(Number(port), hostname));
    const ends = sockets.map((socket) => new Promise((resolve) => { socket.on('error', () => undefined).resume().once('close', resolve); }));
    for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await sleep(300);
    expect(sockets.some(({ closed }) => !closed)).toBe(true);
    process.kill(first, 'SIGKILL');
    await Promise.all(ends);
  });

  it('is ended and replaced when it hangs, and gets no more connections meanwhile', async () => {
    const running = await startSeveral();
    const [first] = await pidsOf(running);
    process.kill(first, 'SIGSTOP');
    // The one that is handed to it.
    const handed = ask(running.url, '/livez');
    await ask(running.url, '/livez');
    await expect.poll(async () => (await askTimes(running.url, '/livez', 8)).every(({ status }) => status === 200)).toBe(true);
    await expect.poll(() => linesOf(running).some(({ process, msg }) => process === first && msg.startsWith('a process does not answer')), { timeout: 30_000 }).toBe(true);
    await handed;
    await untilReady(running.child, running.url, running.output);
  });

  it('at its start is tried again with longer and longer pauses, as long as others answer', async () => {
    const flag = path.join(tmpdir(), `no-start-${process.pid}`);
    try {
      const running = await startSeveral(preload(`import { existsSync } from 'node:fs'; if (process.argv[1].includes('member') && existsSync(${JSON.stringify(flag)})) process.exit(3);`));
      writeFileSync(flag, '');
      process.kill((await pidsOf(running))[0], 'SIGKILL');
      const pauses = () => linesOf(running).filter(({ msg }) => msg.startsWith('a process ended')).map(({ pause_ms }) => pause_ms);
      await expect.poll(() => pauses().slice(0, 4)).toEqual([100, 200, 400, 800]);
      expect((await ask(running.url, '/info')).status).toBe(200);
      rmSync(flag);
      await untilReady(running.child, running.url, running.output);
    } finally {
      if (existsSync(flag)) rmSync(flag);
    }
  });
});

describe('the end of several processes', () => {
  it('on SIGTERM comes when all have finished what runs, with 0', async () => {
    const running = await startSeveral(fast);
    const answers = Array.from({ length: 4 }, () => post(`${running.url}/lif/grad`, large));
    await sleep(100);
    running.child.kill('SIGTERM');
    await expect.poll(async () => (await ask(running.url, '/readyz')).status).toBe(503);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await running.ended).toEqual([0, null]);
    const answered = linesOf(running).filter((line) => line.path === '/lif/grad' && line.status === 200);
    expect(answered).toHaveLength(4);
    expect(new Set(answered.map(({ pid }) => pid)).size).toBe(2);
  });

  it('is the same when a terminal interrupts all of them at once', async () => {
    const running = await startSeveral({ ...fast, DRAIN_DELAY_MS: '20000' });
    const answer = post(`${running.url}/lif/grad`, large);
    await sleep(100);
    for (const pid of [running.child.pid!, ...await pidsOf(running)]) process.kill(pid, 'SIGINT');
    expect((await answer).status).toBe(200);
    expect(await running.ended).toEqual([0, null]);
  });

  it('comes with the supervisor\'s', async () => {
    const running = await startSeveral();
    await pidsOf(running);
    running.child.kill('SIGKILL');
    // Which is when nobody holds its output any more.
    expect(await running.ended).toEqual([null, 'SIGKILL']);
  });

  it('comes at once, with 1, when they cannot start', async () => {
    const first = await start({ COMPUTE_BACKEND: 'reference' });
    await untilReady(first.child, first.url, first.output);
    const second = await start({ PROCESSES: '2', COMPUTE_BACKEND: 'reference', PORT: new URL(first.url).port });
    expect((await second.ended)[0]).toBe(1);
    expect(second.output()).toContain('EADDRINUSE');
    expect(second.output()).toContain('before it listened, and no other listens');
    expect(second.output()).not.toContain('another takes its place');
  });

  it('comes before the beginning where the configuration is wrong', async () => {
    const { output, ended } = await start({ PROCESSES: '0' });
    expect((await ended)[0]).toBe(1);
    expect(output()).toMatch(/^The environment is not a valid configuration\.\n {2}PROCESSES="0": must be a whole number from 1 to 256 \(default 1\)/);
  });
});
