import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { postHead } from '../http/raw-client.ts';
import { untilReady } from '../support/process.ts';
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
    this.#socket.setTimeout(20_000, () => { this.#socket.destroy(); });
    let received = '';
    let failure = 'closed';
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      if (received.endsWith('}')) this.#socket.end();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => { failure = error.code!; });
    this.#outcome = new Promise((resolve) => {
      this.#socket.once('close', () => { resolve(received.endsWith('}') ? received.slice(9, 12) : failure); });
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

it('a message that does not reach a process ends neither the service nor its stop with an error', async () => {
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
