import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { untilReady } from '../../support/process.ts';
import { isThorough } from '../thorough.ts';
import { killServers, post, start, type Running } from './server-process.ts';
import { ask, askTimes, fast, large, linesOf, pidsOf, startSeveral } from './several-processes.ts';

/** Runs modules in every process before all else. */
const preload = (module: string) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` });

describe('several processes, of the same service in turn', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startSeveral({ ...fast, ...preload("process.once('SIGWINCH', () => { throw new Error('nobody caught this'); });") });
  });
  afterAll(killServers);
  /** What was said of the end of a process. */
  const endOf = (pid: number) => linesOf(running).find(({ process, msg }) => process === pid && msg.startsWith('a process ended'));

  it('one that exits is replaced; meanwhile the others answer and the service is not ready', async () => {
    const [first, second] = await pidsOf(running);
    process.kill(first, 'SIGKILL');
    await expect.poll(async () => (await ask(running.url, '/readyz')).body).toContain('another process is not ready');
    expect((await ask(running.url, '/info')).status).toBe(200);
    await untilReady(running.child, running.url, running.output);
    expect(await pidsOf(running)).toEqual([second, expect.any(Number)]);
    expect(endOf(first)).toMatchObject({ level: 50, pid: running.child.pid, signal: 'SIGKILL' });
  });

  it('one finishes its requests after an uncaught error', async () => {
    const [first] = await pidsOf(running);
    const answers = Array.from({ length: 4 }, () => post(`${running.url}/lif/grad`, large));
    await sleep(100);
    process.kill(first, 'SIGWINCH');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await expect.poll(() => endOf(first)).toMatchObject({ code: 1 });
    await untilReady(running.child, running.url, running.output);
  });

  it('one that exits leaves no client waiting whose connection it had not accepted', async () => {
    const [first] = await pidsOf(running);
    process.kill(first, 'SIGSTOP');
    const { hostname, port } = new URL(running.url);
    const sockets = Array.from({ length: 6 }, () => connect(Number(port), hostname));
    const ends = sockets.map(
      (socket) =>
        new Promise((resolve) => {
          socket
            .on('error', () => undefined)
            .resume()
            .once('close', resolve);
        }),
    );
    for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await sleep(300);
    expect(sockets.some(({ closed }) => !closed)).toBe(true);
    process.kill(first, 'SIGKILL');
    await Promise.all(ends);
    await expect.poll(() => endOf(first)).toMatchObject({ signal: 'SIGKILL' });
    await untilReady(running.child, running.url, running.output);
  });

  it('one that hangs is killed and replaced, and gets no more connections meanwhile', async () => {
    const [first] = await pidsOf(running);
    process.kill(first, 'SIGSTOP');
    // The one that is handed to it.
    const handed = ask(running.url, '/livez');
    await ask(running.url, '/livez');
    await expect.poll(async () => (await askTimes(running.url, '/livez', 8)).every(({ status }) => status === 200)).toBe(true);
    await expect
      .poll(() => linesOf(running).some(({ process, msg }) => process === first && msg.startsWith('a process does not answer')), {
        timeout: 30_000,
      })
      .toBe(true);
    await handed;
    await untilReady(running.child, running.url, running.output);
  });

  it('stop on SIGTERM, with 0, when all have finished their requests', async () => {
    const before = linesOf(running).length;
    const answers = Array.from({ length: 4 }, () => post(`${running.url}/lif/grad`, large));
    await sleep(100);
    running.child.kill('SIGTERM');
    await expect.poll(async () => (await ask(running.url, '/readyz')).status).toBe(503);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await running.ended).toEqual([0, null]);
    const answered = linesOf(running)
      .slice(before)
      .filter((line) => line.path === '/lif/grad' && line.status === 200);
    expect(answered).toHaveLength(4);
    expect(new Set(answered.map(({ pid }) => pid)).size).toBe(2);
  });
});

describe('several processes, of a service each,', () => {
  afterEach(killServers);

  it.runIf(isThorough)(
    'replace one that exits at its start after longer and longer pauses, as long as others answer; they end with the primary',
    async () => {
      const flag = path.join(tmpdir(), `no-start-${process.pid}`);
      try {
        const running = await startSeveral(
          preload(
            `import cluster from 'node:cluster'; import { existsSync } from 'node:fs'; if (cluster.isWorker && existsSync(${JSON.stringify(flag)})) process.exit(3);`,
          ),
        );
        writeFileSync(flag, '');
        process.kill((await pidsOf(running))[0], 'SIGKILL');
        const pauses = () =>
          linesOf(running)
            .filter(({ msg }) => msg.startsWith('a process ended'))
            .map(({ pause_ms }) => pause_ms);
        await expect.poll(() => pauses().slice(0, 4)).toEqual([100, 200, 400, 800]);
        expect((await ask(running.url, '/info')).status).toBe(200);
        rmSync(flag);
        await untilReady(running.child, running.url, running.output);
        running.child.kill('SIGKILL');
        // Which is when nobody holds its output any more.
        expect(await running.ended).toEqual([null, 'SIGKILL']);
      } finally {
        if (existsSync(flag)) rmSync(flag);
      }
    },
  );

  it.runIf(isThorough)('stop when a terminal interrupts all of them at once', async () => {
    const running = await startSeveral({ ...fast, DRAIN_DELAY_MS: '20000' });
    const answer = post(`${running.url}/lif/grad`, large);
    await sleep(100);
    for (const pid of [running.child.pid!, ...(await pidsOf(running))]) process.kill(pid, 'SIGINT');
    expect((await answer).status).toBe(200);
    expect(await running.ended).toEqual([0, null]);
  });

  it('stop at once, with 1, when they cannot start', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as AddressInfo;
      const { ended, output } = await start({ PROCESSES: '2', COMPUTE_BACKEND: 'reference', HOST: '127.0.0.1', PORT: String(port) });
      expect((await ended)[0]).toBe(1);
      expect(output()).toContain('EADDRINUSE');
      expect(output()).toContain('before it listened, and no other listens');
      expect(output()).not.toContain('another takes its place');
    } finally {
      other.close();
    }
  });

  it('stop before they start where the configuration is wrong', async () => {
    const { output, ended } = await start({ PROCESSES: '0' });
    expect((await ended)[0]).toBe(1);
    expect(output()).toMatch(
      /^The environment is not a valid configuration\.\n {2}PROCESSES="0": must be a whole number from 1 to 256 \(default 1\)/,
    );
  });
});
