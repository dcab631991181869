import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { freePort, untilReady } from '../../support/process.ts';

let child: ChildProcess | undefined;
afterAll(() => {
  try {
    // With all that npm has started.
    if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // As it should be, nothing is left.
  }
});

it('`npm start` builds, serves, and ends with 0 on SIGTERM', async () => {
  const port = await freePort();
  child = spawn('npm', ['start'], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...process.env, PORT: `${port}`, COMPUTE_BACKEND: 'wasm', DRAIN_DELAY_MS: '0' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await untilReady(child, `http://127.0.0.1:${port}`, () => output);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended, output).toEqual([0, null]);
  expect(output).toContain('"signal":"SIGTERM"');
});
