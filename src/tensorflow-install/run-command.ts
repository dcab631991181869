import { spawn } from 'node:child_process';

/** How a command ended. */
export interface Ended {
  /** `undefined` where the program is not there. */
  readonly code: number | null | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** Everything that it wrote, in order. */
  readonly output: string;
}

/** What a command runs in. */
export interface Surroundings {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs a program to its end, or until its time is over; then it is killed with all that it started. */
export async function runCommand(
  program: string,
  words: readonly string[],
  { timeoutMs, cwd, environment = process.env }: Surroundings,
): Promise<Ended> {
  // A process group of its own, so that a build's compilers can be killed with it.
  const child = spawn(program, words, { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  process.once('exit', kill);
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    return await new Promise<Ended>((resolve) => {
      child.once('error', (error) => {
        resolve({ code: undefined, signal: null, timedOut, stdout, output: error.message });
      });
      child.once('close', (code, signal) => {
        resolve({ code, signal, timedOut, stdout, output });
      });
    });
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

/** The end of what a command wrote and how it ended, for an error message. */
export function describeEnd({ code, signal, timedOut, output }: Ended): string {
  const end = timedOut ? 'it took too long' : signal === null ? `exit code ${String(code)}` : `ended by ${signal}`;
  const lines = output.trimEnd().split('\n').slice(-30);
  return `(${end})\n${lines.map((line) => `  | ${line}`).join('\n')}`;
}
