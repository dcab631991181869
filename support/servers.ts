import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, nodeFlags } from './process.ts';

export interface Server {
  url: string;
  pid: number;
  /** Sends SIGTERM, or another signal, and waits for the end of the process. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What answers 200 once the server is ready. */
  readonly readyPath: string;
  readonly readySeconds: number;
}

/** Starts `node ...args` as its own process, on a free port unless it is given one, and waits until it is ready. */
export async function startServer(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  port?: number,
): Promise<Server> {
  const on = (chosen: number): ServerProcess => ({
    command: process.execPath,
    args: [...nodeFlags, ...args],
    folder: fileURLToPath(new URL('..', import.meta.url)),
    environment: { NODE_ENV: 'production', HOST: '127.0.0.1', PORT: `${chosen}`, ...environment },
    readyPath: '/readyz',
    readySeconds: 30,
  });
  return startProcess(on, port);
}

/**
 * Starts a server of any kind, on a free port unless it is given one, and waits until it is ready.
 *
 * @throws {Error} when it ends, or is not ready in time.
 */
export async function startProcess(on: (port: number) => ServerProcess, givenPort?: number): Promise<Server> {
  const port = givenPort ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const { command, args, folder, environment, readyPath, readySeconds } = on(port);
  const name = `${path.basename(command)} ${args.join(' ')}`;
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  let stopping = false;
  child.once('exit', (code, signal) => {
    if (!stopping) console.error(`${name} ended by itself (${code ?? signal ?? ''})`);
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await ended;
  };
  for (let tries = 0; tries < 20 * readySeconds; tries++) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const ready = await fetch(url + readyPath).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return { url, pid: child.pid!, stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`${name} was not ready after ${readySeconds} s`);
}
