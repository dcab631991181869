import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort, nodeFlags } from '../../support/process.ts';

const children: ChildProcess[] = [];

/** Ends those that a test has left. */
export function killServers(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

export interface Running {
  child: ChildProcess;
  url: string;
  output: () => string;
  ended: Promise<[number | null, string | null]>;
}

export const built = [...nodeFlags, 'dist/server.js'];
/** How the sources are run, which takes longer to start than what was built of them. */
export const sources = ['--import', 'tsx', 'src/server.ts'];

/** The server as a process of its own, on a free port unless it is given one. */
export async function start(environment: Record<string, string> = {}, program: readonly string[] = built): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, program, {
    cwd: new URL('../..', import.meta.url),
    env: { ...process.env, PORT: String(port), WARM_UP: 'minimal', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    ended: once(child, 'close') as Promise<[number | null, string | null]>,
  };
}

export const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
