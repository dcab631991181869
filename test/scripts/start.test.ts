import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { freePort, untilReady } from '../../support/process.ts';
import { isThorough } from '../thorough.ts';

const root = new URL('../../', import.meta.url);
let child: ChildProcess | undefined;
afterEach(() => {
  try {
    // With all that npm has started.
    if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // As it should be, nothing is left.
  }
});

/** Starts the service and stops it; returns its exit and what it printed. */
async function startAndStop(): Promise<{ exit: unknown; output: string }> {
  const port = await freePort();
  child = spawn('npm', ['start'], {
    cwd: fileURLToPath(root),
    env: { ...process.env, PORT: `${port}`, COMPUTE_BACKEND: 'wasm', DRAIN_DELAY_MS: '0' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await untilReady(child, `http://127.0.0.1:${port}`, () => output);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  return { exit: await ended, output };
}

it.runIf(isThorough)(
  '`npm start` builds where a source is newer, serves, and ends with 0 on SIGTERM; again it starts at once',
  async () => {
    const now = new Date();
    utimesSync(new URL('src/server.ts', root), now, now);
    const first = await startAndStop();
    expect(first.exit, first.output).toEqual([0, null]);
    expect(first.output).toContain('Building (the sources changed)…');
    expect(first.output).toContain('"signal":"SIGTERM"');
    const second = await startAndStop();
    expect(second.exit, second.output).toEqual([0, null]);
    expect(second.output).not.toContain('Building');
  },
  120_000,
);
