import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, untilReady } from '../../support/process.ts';
import { isThorough } from '../thorough.ts';
import { healthcheckCommand, stages } from './dockerfile.ts';
import { Builder, childEnvironment, type Image } from './image.ts';

if (!isThorough) console.warn('SKIPPED: the steps of the Dockerfile, which install all packages anew; CI=true tries them.');

/** Whether a file is a program or a library of Linux. */
function isElf(file: string): boolean {
  const start = Buffer.alloc(4);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, start, 0, start.length, 0);
  closeSync(descriptor);
  return start.toString('latin1') === '\x7fELF';
}

describe.runIf(isThorough)('the steps of the Dockerfile in an empty folder', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clean-install-'));
  const target = stages.at(-1)!.name;
  let image: Image;
  let server: ChildProcess | undefined;
  let port = 0;
  let log = '';

  const healthcheck = () => {
    const [program, ...args] = healthcheckCommand(target);
    return spawnSync(program!, args, { env: childEnvironment({ ...image.env, PORT: `${port}` }) }).status;
  };

  beforeAll(async () => {
    image = await new Builder(folder).build(target);
  }, 400_000);

  afterAll(() => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }, 180_000);

  it('leave production packages only', () => {
    expect(existsSync(path.join(image.workdir, 'node_modules/fastify'))).toBe(true);
    for (const name of ['typescript', 'vitest', 'eslint', 'autocannon', 'tsx', '@types/node', '@tensorflow']) {
      expect(existsSync(path.join(image.workdir, 'node_modules', name)), name).toBe(false);
    }
  });

  it('leave no native code, which would be that of the processor that builds and not of the one that the image is for', () => {
    const packages = path.join(image.workdir, 'node_modules');
    const executables = readdirSync(packages, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => isElf(file));
    expect(executables).toEqual([]);
    expect(isElf(process.execPath)).toBe(process.platform === 'linux');
  });

  it('start a server that gets ready and computes', async () => {
    port = await freePort();
    const [program, ...args] = image.command;
    server = spawn(program!, args, {
      cwd: image.workdir,
      env: childEnvironment({ ...image.env, PORT: `${port}` }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [server.stdout!, server.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    await untilReady(server, `http://127.0.0.1:${port}`, () => log);

    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>Surrogate gradient explorer</title>');

    const response = await fetch(`http://127.0.0.1:${port}/lif/grad`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ current: { linspace: [0.5, 2.5, 50] }, steps: 100 }),
    });
    expect(response.status).toBe(200);
    const { results } = (await response.json()) as { results: { grad: { current: number[] } }[] };
    const gradient = results[0]!.grad.current;
    expect(gradient).toHaveLength(50);
    expect(gradient.reduce((sum, value) => sum + value, 0) / 50).toBeCloseTo(2.0763, 4);
    expect(Math.max(...gradient)).toBeCloseTo(3.074, 4);
    expect(Math.min(...gradient)).toBeCloseTo(1.6188, 4);
  });

  it('pass the health check while it runs', () => {
    expect(healthcheck()).toBe(0);
  });

  it('end with exit code 0 on SIGTERM', async () => {
    const ended = once(server!, 'exit');
    server!.kill('SIGTERM');
    expect(await ended, log).toEqual([0, null]);
    expect(healthcheck()).toBe(1);
  });
});
