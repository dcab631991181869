import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackWheel } from '../../src/tensorflow-install/wheel.ts';
import { temporaryFolder, write, writeTensorflow } from './fake-tensorflow.ts';

const folder = temporaryFolder();
afterAll(() => { rmSync(folder, { recursive: true }); });

const wheel = path.join(folder, 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Makes the wheel anew, with this as its library. */
function makeWheel(library: string): void {
  const contents = path.join(folder, 'contents');
  writeTensorflow(path.join(contents, 'tensorflow'));
  write(path.join(contents, 'tensorflow/libtensorflow_cc.so.2'), library);
  write(path.join(contents, 'tensorflow/include/tsl/platform/ctstring.h'));
  write(path.join(contents, 'tensorflow/include/google/protobuf/message.h'));
  rmSync(wheel, { force: true });
  const { status, stderr } = spawnSync('python3', ['-m', 'zipfile', '-c', wheel, 'tensorflow'], { cwd: contents, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

describe.skipIf(!hasPython)('a wheel', () => {
  it('gives the headers of the C API, not the hundred megabytes of others', async () => {
    makeWheel('a library');
    const unpacked = await unpackWheel(wheel, path.join(folder, 'cache'), () => undefined);
    expect(existsSync(path.join(unpacked, 'tensorflow/include/tsl/platform/ctstring.h'))).toBe(true);
    expect(existsSync(path.join(unpacked, 'tensorflow/include/google'))).toBe(false);
  });

  it('is unpacked anew when it has become another', async () => {
    const cache = path.join(folder, 'cache-of-two');
    makeWheel('a library');
    await unpackWheel(wheel, cache, () => undefined);
    makeWheel('another library');
    const unpacked = await unpackWheel(wheel, cache, () => undefined);
    expect(readFileSync(path.join(unpacked, 'tensorflow/libtensorflow_cc.so.2'), 'utf8')).toBe('another library');
    expect(readdirSync(cache)).toEqual([path.basename(wheel, '.whl')]);
  });

  it('that is incomplete is refused, and leaves nothing behind', async () => {
    const cache = path.join(folder, 'cache-of-a-part');
    makeWheel('a library');
    writeFileSync(wheel, readFileSync(wheel).subarray(0, 100));
    await expect(unpackWheel(wheel, cache, () => undefined)).rejects.toThrow(/may be incomplete/);
    expect(readdirSync(cache)).toEqual([]);
  });
});
