import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Service } from '../http/service.ts';

/** Where wheels are kept from one run to the next. */
const wheels = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'surrogate-gradient-service', 'wheels');

/** tritonclient's wheel, or a folder that holds the package; undefined for what an interpreter has of its own. */
function findPackage(): string | undefined {
  if (process.env.TRITONCLIENT !== undefined) return process.env.TRITONCLIENT;
  const wheel = existsSync(wheels) ? readdirSync(wheels).find((name) => /^tritonclient-.*\.whl$/.test(name)) : undefined;
  return wheel && path.join(wheels, wheel);
}

const env = { ...process.env, PYTHONPATH: findPackage(), PYTHONDONTWRITEBYTECODE: '1', no_proxy: '127.0.0.1' };
const python = [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
  (command) => command !== undefined && spawnSync(command, ['-c', 'import tritonclient.http'], { env }).status === 0,
);
if (python === undefined) {
  console.warn(
    "SKIPPED: no Python has tritonclient.http, so it was not tried. It takes Debian's python3-geventhttpclient, python3-rapidjson and python3-numpy, " +
      `and tritonclient's wheel in ${wheels}; or PYTHON and TRITONCLIENT, which name others.`,
  );
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

it.skipIf(python === undefined)('tritonclient.http works unchanged', async () => {
  await expect.poll(async () => (await service.request('/v2/health/ready')).status).toBe(200);
  const program = fileURLToPath(new URL('triton_client.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python!, [program, `127.0.0.1:${service.port}`], { env, timeout: 50_000 });
  expect(stdout).toBe('all as it should be\n');
});
