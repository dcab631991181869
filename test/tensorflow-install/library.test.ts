import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findLibrary } from '../../src/tensorflow-install/library.ts';
import { temporaryFolder, write, writeTensorflow } from './fake-tensorflow.ts';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a folder', () => {
  it('is taken when it holds the libraries, or a folder `tensorflow` that does', () => {
    const around = path.join(folder, 'site-packages');
    const own = path.join(around, 'tensorflow');
    writeTensorflow(own);
    const library = { folder: own, include: path.join(own, 'include'), cuda: undefined };
    expect(findLibrary(own)).toEqual(library);
    expect(findLibrary(around)).toEqual(library);
  });

  it('brings the CUDA that pip has installed beside it', () => {
    const around = path.join(folder, 'with-cuda');
    writeTensorflow(path.join(around, 'tensorflow'));
    write(path.join(around, 'nvidia/cudnn/lib/libcudnn.so.9'));
    expect(findLibrary(around).cuda).toBe(path.join(around, 'nvidia'));
  });

  it('is refused with the names of what it lacks', () => {
    const incomplete = path.join(folder, 'incomplete');
    writeTensorflow(incomplete);
    rmSync(path.join(incomplete, 'libtensorflow_framework.so.2'));
    rmSync(path.join(incomplete, 'include/tensorflow/c/eager/c_api.h'));
    expect(() => findLibrary(incomplete)).toThrow(`${incomplete} lacks libtensorflow_framework.so.2, include/tensorflow/c/eager/c_api.h.`);
  });

  it('has to be there, and a folder', () => {
    const file = path.join(folder, 'tensorflow.tar.gz');
    write(file);
    expect(() => findLibrary(path.join(folder, 'nowhere'))).toThrow(/nowhere does not exist/);
    expect(() => findLibrary(file)).toThrow(/neither a folder nor a wheel/);
  });
});
