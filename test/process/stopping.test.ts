import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { isThorough } from '../thorough.ts';
import { postHead } from '../http/raw-client.ts';
import { freePort, untilReady } from '../../support/process.ts';
import { killServers, start, type Running } from './server-process.ts';

afterEach(killServers);

async function startReady(environment: Record<string, string>): Promise<Running> {
  const running = await start({ COMPUTE_BACKEND: 'reference', COMPUTE_THREADS: '2', DRAIN_DELAY_MS: '300', ...environment });
  await untilReady(running.child, running.url, running.output);
  return running;
}

const body = JSON.stringify({ x: 0, surrogate: 'erf' });
const request = postHead('/surrogate/grad', body.length) + body;

/** A connection on which a request is sent in parts, each when it is told to. */
class Client {
  readonly #socket: Socket;
  readonly #outcome: Promise<string>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setTimeout(20_000, () => {
      this.#socket.destroy();
    });
    let received = '';
    let failure = 'closed';
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      if (received.endsWith('}')) this.#socket.end();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code!;
    });
    this.#outcome = new Promise((resolve) => {
      this.#socket.once('close', () => {
        resolve(received.endsWith('}') ? received.slice(9, 12) : failure);
      });
    });
  }

  send(part: string): this {
    this.#socket.write(part);
    return this;
  }

  /** A status, or what became of the connection. */
  outcome(): Promise<string> {
    return this.#outcome;
  }
}

const ask = (url: string) => new Client(url).send(request).outcome();

it.each([{}, ...(isThorough ? [{ PROCESSES: '2' }] : []), { PROCESSES: '2', OPERATION_PORT: 'free' }])(
  'on SIGTERM serves the connections that it has accepted, also when it accepts no more: %j',
  async (given) => {
    const operation = 'OPERATION_PORT' in given ? await freePort() : 0;
    const running = await startReady({ ...given, OPERATION_PORT: String(operation), DRAIN_DELAY_MS: '1500' });
    running.child.kill('SIGTERM');
    await expect.poll(running.output).toContain('"closing"');
    const clients = Array.from({ length: 8 }, () => new Client(running.url).send(request.slice(0, -5)));
    const outcomes: string[] = [];
    do {
      await sleep(10);
      outcomes.push(await ask(running.url));
    } while (outcomes.at(-1) === '200');
    for (const client of clients) client.send(request.slice(-5));
    // Reset is one that came just when the port was closed.
    expect(outcomes.at(-1)).toMatch(/^(?:ECONNREFUSED|ECONNRESET)$/);
    expect(outcomes.length).toBeGreaterThan(1);
    expect(await Promise.all(clients.map((client) => client.outcome()))).toEqual(new Array(8).fill('200'));
    expect(await running.ended, running.output()).toEqual([0, null]);
  },
);

it('several processes answer probes on the port for operation while they finish their requests', async () => {
  const operation = await freePort();
  const running = await startReady({ PROCESSES: '2', OPERATION_PORT: String(operation), COMPUTE_BACKEND: 'wasm' });
  const job = JSON.stringify({ current: { linspace: [0.5, 2.5, 100_000] }, steps: 10_000, encoding: 'base64' });
  const answers = Array.from({ length: 2 }, () =>
    fetch(`${running.url}/lif/grad`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: job }),
  );
  await sleep(300);
  running.child.kill('SIGTERM');
  await expect.poll(() => ask(running.url)).toBe('ECONNREFUSED');
  const probe = await fetch(`http://127.0.0.1:${operation}/readyz`);
  expect(probe.status).toBe(503);
  expect(probe.headers.get('connection')).toBe('close');
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  expect(await running.ended, running.output()).toEqual([0, null]);
});

it.runIf(isThorough)('a message that does not reach a process ends neither the service nor its stop with an error', async () => {
  const module = `import cluster from 'node:cluster'; if (cluster.isPrimary) process.on('SIGWINCH', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.emit('error', new Error('write EBADF'));
  });`;
  const running = await startReady({ PROCESSES: '2', NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` });
  running.child.kill('SIGWINCH');
  await expect.poll(running.output).toContain('write EBADF');
  expect(await ask(running.url)).toBe('200');
  running.child.kill('SIGTERM');
  await expect.poll(running.output).toContain('"closing"');
  running.child.kill('SIGWINCH');
  expect(await running.ended, running.output()).toEqual([0, null]);
});
