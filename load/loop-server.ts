import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort, nodeFlags, untilReady } from '../support/process.ts';

/** The built server, whose event loop is watched from inside. */
export interface LoopServer {
  readonly url: string;
  readonly pid: number;
  /** How long the event loop was kept at most since it was asked last, in milliseconds; rejects when the server has ended. */
  maxDelay(): Promise<number>;
  /** Ends it, by force when it does not end in some seconds. */
  stop(): Promise<void>;
}

/** Starts one on a free port and waits until it is ready. */
export async function startLoopServer(environment: Readonly<Record<string, string>> = {}): Promise<LoopServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...nodeFlags, '--import', './load/loop-watch.js', 'dist/server.js'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: `${port}`,
      COMPUTE_BACKEND: 'wasm',
      LOG_LEVEL: 'fatal',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  await untilReady(child, url, () => '');
  return {
    url,
    pid: child.pid!,
    maxDelay: async () => {
      if (!child.connected) throw new Error('the server has ended');
      const answer = once(child, 'message') as Promise<[{ maxMs: number }]>;
      child.send('longest delay');
      const [{ maxMs }] = await Promise.race([
        answer,
        ended.then(() => {
          throw new Error('the server has ended');
        }),
      ]);
      return maxMs;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(force);
    },
  };
}
