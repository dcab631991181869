import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { untilReady } from '../../support/process.ts';
import { start, type Running } from './server-process.ts';

interface Line {
  pid: number;
  level: number;
  msg: string;
  path?: string;
  status?: number;
  process?: number;
  pause_ms?: number;
  signal?: string;
}

/** What the processes have logged so far. */
export function linesOf({ output }: Running): Line[] {
  return output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);
}

/** Of the two processes that listen, the older one first; their lines come some time after. */
export async function pidsOf(running: Running): Promise<[number, number]> {
  const pids = () => [
    ...new Set(
      linesOf(running)
        .filter(({ pid, msg }) => msg.startsWith('Server listening') && isAlive(pid))
        .map(({ pid }) => pid),
    ),
  ];
  await expect.poll(pids).toHaveLength(2);
  return pids() as [number, number];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** With the back-end that is ready soonest, where a test does not compute much. */
export async function startSeveral(environment: Record<string, string> = {}, program?: readonly string[]): Promise<Running> {
  const running = await start(
    { PROCESSES: '2', COMPUTE_BACKEND: 'reference', COMPUTE_THREADS: '2', DRAIN_DELAY_MS: '300', ...environment },
    program,
  );
  await untilReady(running.child, running.url, running.output);
  return running;
}

/** One request on a connection of its own, so that connections come to all processes. */
export async function ask(url: string, asked: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket
    .setEncoding('utf8')
    .setTimeout(10_000, () => socket.destroy())
    .on('data', (chunk: string) => {
      text += chunk;
    });
  socket.write(`GET ${asked} HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept-encoding: identity\r\n\r\n`);
  await once(socket, 'close');
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

export const askTimes = (url: string, asked: string, times: number) => Promise.all(Array.from({ length: times }, () => ask(url, asked)));

export const fast = { COMPUTE_BACKEND: 'wasm' };
export const large = { current: { linspace: [0.5, 2.5, 100_000] }, steps: 1500, encoding: 'base64' };
