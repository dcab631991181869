import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { framedRequest } from '../../support/framed-request.ts';
import { freePort, untilReady } from '../../support/process.ts';
import { isThorough } from '../thorough.ts';
import { built, killServers, post, start } from './server-process.ts';

afterEach(killServers);

/** A terminal for programs that have none, of util-linux. */
const hasScript = String(spawnSync('script', ['--version']).stdout).includes('util-linux');
if (!hasScript) console.warn('SKIPPED: what the service says on a terminal, because there is no `script` of util-linux.');

describe('the process', () => {
  it('on SIGTERM turns unready, finishes its requests, and exits with 0', async () => {
    const { child, url, output, ended } = await start({ DRAIN_DELAY_MS: '300', COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '2' });
    await untilReady(child, url, output);
    const running = post(`${url}/lif/grad`, { current: { linspace: [0.5, 2.5, 100_000] }, steps: 3000, encoding: 'base64' });
    // By then the request is running, on other threads.
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await running).status).toBe(200);
    expect(await ended).toEqual([0, null]);
    expect(output()).toContain('"path":"/lif/grad","status":200');
    expect(output()).not.toContain('"path":"/readyz"');
    expect(output().match(/"url":"[^"]+","ready_ms":[1-9]\d*,"msg":"[^"]+"/g)).toEqual([
      expect.stringMatching(new RegExp(`^"url":"${url}",.* is ready after \\d+ ms: ${url}, the API at ${url}/docs"$`)),
    ]);
  });

  it.runIf(hasScript)('tells people on a terminal in words when it is ready, and where', async () => {
    const port = String(await freePort());
    const terminal = spawn('script', ['-qec', `"${process.execPath}" ${built.join(' ')}`, '/dev/null'], {
      cwd: new URL('../..', import.meta.url),
      env: { ...process.env, PORT: port, COMPUTE_BACKEND: 'reference', DRAIN_DELAY_MS: '0' },
    });
    let output = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await expect
      .poll(() => output)
      .toMatch(new RegExp(`INFO.*: .*is ready after \\d+ ms: http://127.0.0.1:${port}, the API at http://127.0.0.1:${port}/docs`));
    // As Ctrl-C does.
    terminal.stdin.write('\x03');
    await once(terminal, 'exit');
  });

  it('on an uncaught error finishes its requests, answers new ones for DRAIN_DELAY_MS, and exits with 1', async () => {
    const module = "process.once('SIGWINCH', () => { throw new Error('nobody caught this'); });";
    const { child, url, output, ended } = await start({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}`,
      DRAIN_DELAY_MS: '500',
      COMPUTE_BACKEND: 'wasm',
      COMPUTE_THREADS: '2',
    });
    await untilReady(child, url, output);
    const running = post(`${url}/lif/grad`, { current: { linspace: [0.5, 2.5, 100_000] }, steps: 3000, encoding: 'base64' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGWINCH');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await running).status).toBe(200);
    expect(await ended).toEqual([1, null]);
    expect(output()).toContain('nobody caught this');
  });

  it('on SIGINT does not wait for load balancers', async () => {
    const { child, url, output, ended } = await start({ DRAIN_DELAY_MS: '20000', COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '2' });
    await untilReady(child, url, output);
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('on SIGTERM does not wait for requests that do not end, nor for idle connections, and exits with 0', async () => {
    const operation = await freePort();
    const { child, url, output, ended } = await start({
      OPERATION_PORT: String(operation),
      DRAIN_DELAY_MS: '200',
      SHUTDOWN_TIMEOUT_MS: '20000',
      COMPUTE_BACKEND: 'reference',
    });
    await untilReady(child, url, output);
    const begun = [
      'GET /liv',
      'POST /lif/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
      // Half a body that was refused.
      'POST /lif/grad HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n{',
      'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
    ];
    const sockets = [Number(new URL(url).port), operation].flatMap((port) => begun.map((bytes) => connectAndSend(port, bytes)));
    await sleep(300);
    const from = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(performance.now() - from).toBeLessThan(10_000);
    for (const socket of sockets) socket.destroy();
  });

  it.runIf(isThorough)('on SIGTERM does not wait for a client that takes nothing of its answer, and exits with 0', async () => {
    const { child, url, output, ended } = await start({
      DRAIN_DELAY_MS: '200',
      SHUTDOWN_TIMEOUT_MS: '25000',
      COMPUTE_BACKEND: 'wasm',
      COMPUTE_THREADS: '1',
    });
    await untilReady(child, url, output);
    const body = JSON.stringify({ x: { linspace: [-1, 1, 6e6] }, surrogate: 'sigmoid', encoding: 'base64' });
    const socket = connectAndSend(
      Number(new URL(url).port),
      `POST /surrogate/grad HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ).pause();
    await sleep(2000);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    socket.destroy();
  });

  it('opens no inspector on SIGUSR1, and leaves the signals of a fault to Node', async () => {
    const { child, url, output } = await start({ COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '1' });
    await untilReady(child, url, output);
    child.kill('SIGUSR1');
    await expect.poll(output).toContain('SIGUSR1 is ignored');
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(output()).not.toContain('Debugger listening');
    if (!existsSync('/proc/self/status')) return;
    const caught = BigInt(`0x${/SigCgt:\s*(\S+)/.exec(readFileSync(`/proc/${child.pid!}/status`, 'utf8'))![1]!}`);
    const isCaught = (signal: number) => ((caught >> BigInt(signal - 1)) & 1n) === 1n;
    // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE.
    expect([4, 5, 6, 7, 8].filter(isCaught)).toEqual([]);
    expect([1, 2, 15].filter(isCaught)).toEqual([1, 2, 15]);
    // SIGSEGV is V8's; with a listener in its place the process would close gracefully instead of ending with it.
    child.kill('SIGSEGV');
    await expect.poll(() => child.signalCode).toBe('SIGSEGV');
  });

  it('refuses to start in a line where it may not open enough files', () => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n 64 && exec "${process.execPath}" ${built.join(' ')}`], {
      encoding: 'utf8',
      cwd: new URL('../..', import.meta.url),
      timeout: 30_000,
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The process may not open as many files as the service needs[^\n]*\n$/);
    expect(stdout).toBe('');
  });

  it('answers probes on the port for operation from before it is ready until it is closed', async () => {
    const operation = `http://127.0.0.1:${await freePort()}`;
    const { child, url, output, ended } = await start({
      OPERATION_PORT: new URL(operation).port,
      DRAIN_DELAY_MS: '2000',
      COMPUTE_BACKEND: 'wasm',
      COMPUTE_THREADS: '2',
    });
    await untilReady(child, operation, output);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${operation}/readyz`)).status).toBe(503);
    expect(await ended).toEqual([0, null]);
  });

  it('keeps its keys out of the log and of messages about a wrong configuration', async () => {
    const key = 'a-key-nobody-may-see';
    const { child, url, output } = await start({ API_KEYS: key, LOG_LEVEL: 'trace', COMPUTE_BACKEND: 'reference' });
    await untilReady(child, url, output);
    expect((await post(`${url}/surrogate/grad`, { x: 0, surrogate: 'erf' })).status).toBe(401);
    expect((await fetch(`${url}/info`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    await expect.poll(output).toContain('"path":"/info","status":200');
    expect(output()).not.toContain(key);

    const wrong = await start({ API_KEYS: `${key},short` });
    expect((await wrong.ended)[0]).toBe(1);
    expect(wrong.output()).toContain('API_KEYS: key 2 has only 5 characters');
    expect(wrong.output()).not.toMatch(/a-key|short[^e]/);
  });

  it('refuses a wrong configuration in words, without a stack', async () => {
    const { output, ended } = await start({ PORT: 'http', LOG_LEVEL: 'loud' });
    expect((await ended)[0]).toBe(1);
    expect(output()).toContain('PORT="http": must be a whole number from 0 to 65535 (default 3000)');
    expect(output()).toContain('LOG_LEVEL="loud": must be one of');
    expect(output()).not.toMatch(/\n\s+at /);
  });

  it('says so when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { ended, output } = await start({ HOST: '127.0.0.1', PORT: String(port) });
    expect((await ended)[0]).toBe(1);
    expect(output()).toContain('EADDRINUSE');
    other.close();
  });

  it.runIf(isThorough)('seldom collects its whole heap while large bodies arrive', async () => {
    const module = "process.on('SIGWINCH', () => gc());";
    const environment = {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}`,
      COMPUTE_BACKEND: 'wasm',
      COMPUTE_THREADS: '2',
    };
    const { child, url, output } = await start(environment, ['--expose-gc', '--trace-gc', ...built]);
    await untilReady(child, url, output);
    const { headers, body } = framedRequest({ surrogate: 'leaky_relu' }, 'x', new Float32Array(1_000_000));
    const sendBodies = async (count: number) => {
      for (let i = 0; i < count; i++) await (await fetch(`${url}/surrogate/grad`, { method: 'POST', headers, body })).arrayBuffer();
    };
    const wholeCollections = () =>
      output()
        .split('\n')
        .filter((line) => line.includes('Mark-Compact')).length;
    await sendBodies(10);
    // From here on V8 knows how much is alive, and limits the heap by that.
    child.kill('SIGWINCH');
    await sendBodies(10);
    const before = wholeCollections();
    await sendBodies(64);
    expect(wholeCollections() - before).toBeLessThan(8);
  });
});

function connectAndSend(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket
    .on('error', () => undefined)
    .resume()
    .write(bytes);
  return socket;
}
