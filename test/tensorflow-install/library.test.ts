import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheFolder, findLibrary, unpackWheel } from '../../tools/tensorflow-install/library.mjs';
import { temporaryFolder, write, writeTensorflow } from './fake-tensorflow.ts';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a folder', () => {
  it('is accepted when it holds the libraries, or a subfolder `tensorflow` that does', () => {
    const sitePackages = path.join(folder, 'site-packages');
    const own = path.join(sitePackages, 'tensorflow');
    writeTensorflow(own);
    const library = { folder: own, include: path.join(own, 'include'), cuda: undefined };
    expect(findLibrary(own)).toEqual(library);
    expect(findLibrary(sitePackages)).toEqual(library);
  });

  it('comes with the CUDA that pip has installed beside it', () => {
    const sitePackages = path.join(folder, 'with-cuda');
    writeTensorflow(path.join(sitePackages, 'tensorflow'));
    write(path.join(sitePackages, 'nvidia/cudnn/lib/libcudnn.so.9'));
    expect(findLibrary(sitePackages).cuda).toBe(path.join(sitePackages, 'nvidia'));
  });

  it('is refused with the names of missing files', () => {
    const incomplete = path.join(folder, 'incomplete');
    writeTensorflow(incomplete);
    rmSync(path.join(incomplete, 'libtensorflow_framework.so.2'));
    rmSync(path.join(incomplete, 'include/tensorflow/c/eager/c_api.h'));
    expect(() => findLibrary(incomplete)).toThrow(`${incomplete} lacks libtensorflow_framework.so.2, include/tensorflow/c/eager/c_api.h.`);
  });

  it('that does not exist or is a file is refused', () => {
    const file = path.join(folder, 'tensorflow.tar.gz');
    write(file);
    expect(() => findLibrary(path.join(folder, 'nowhere'))).toThrow(/nowhere does not exist/);
    expect(() => findLibrary(file)).toThrow(/neither a folder nor a wheel/);
  });
});

const wheel = path.join(folder, 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.warn('SKIPPED: unpacking a wheel needs python3, which is not there.');

/** Replaces the wheel by one with this text as its library. */
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
  it('is unpacked once: libraries and headers of the C API, not the hundred megabytes of others', async () => {
    makeWheel('a library');
    const cache = path.join(folder, 'cache');
    const printed: string[] = [];
    const unpacked = await unpackWheel(wheel, cache, (line) => printed.push(line));
    expect(findLibrary(unpacked).folder).toBe(path.join(unpacked, 'tensorflow'));
    expect(existsSync(path.join(unpacked, 'tensorflow/include/tsl/platform/ctstring.h'))).toBe(true);
    expect(existsSync(path.join(unpacked, 'tensorflow/include/google'))).toBe(false);
    expect(await unpackWheel(wheel, cache, (line) => printed.push(line))).toBe(unpacked);
    expect(printed).toHaveLength(1);
  });

  it('is unpacked again when its file has changed', async () => {
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

  it('without the library is refused, and leaves nothing behind', async () => {
    const numpy = path.join(folder, 'numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl');
    const cache = path.join(folder, 'cache-of-numpy');
    write(path.join(folder, 'numpy/__init__.py'));
    expect(spawnSync('python3', ['-m', 'zipfile', '-c', numpy, 'numpy'], { cwd: folder }).status).toBe(0);
    await expect(unpackWheel(numpy, cache, () => undefined)).rejects.toThrow(/holds no tensorflow\/libtensorflow_cc\.so\.2/);
    expect(readdirSync(cache)).toEqual([]);
  });

  it.each([
    ['tensorflow-2.21.0-cp311-cp311-win_amd64.whl', /is for win_amd64; a wheel for Linux on x86-64 is needed/],
    ['tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl', /is for manylinux_2_27_aarch64/],
    ['tensorflow.whl', /not named as a wheel is/],
  ])('named %s is refused', async (name, message) => {
    makeWheel('a library');
    const named = path.join(folder, name);
    renameSync(wheel, named);
    await expect(unpackWheel(named, folder, () => undefined)).rejects.toThrow(message);
  });
});

describe('a file', () => {
  it('that is no zip file is refused as a wheel', async () => {
    const page = path.join(folder, `page-${path.basename(wheel)}`);
    write(page, '<html>404</html>');
    await expect(unpackWheel(page, folder, () => undefined)).rejects.toThrow(/is not a wheel: it is no zip file/);
  });

  it('that does not exist is refused', async () => {
    await expect(unpackWheel(path.join(folder, 'none.whl'), folder, () => undefined)).rejects.toThrow(/none\.whl does not exist/);
  });
});

describe('the cache', () => {
  it('is in XDG_CACHE_HOME, when that is an absolute path', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache' })).toBe('/var/cache/surrogate-gradient-service/tensorflow');
    expect(cacheFolder({ XDG_CACHE_HOME: 'cache' })).toBe(cacheFolder({}));
  });
});
