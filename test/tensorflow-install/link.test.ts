import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import type { AddonPackage } from '../../src/tensorflow-install/addon-package.ts';
import { findLibrary, type Library } from '../../src/tensorflow-install/library.ts';
import { isLinked, linkLibrary, markLinked, unlinkLibrary } from '../../src/tensorflow-install/link.ts';
import { fakePackage, temporaryFolder, write, writeTensorflow } from './fake-tensorflow.ts';

const folder = temporaryFolder();
const around = path.join(folder, 'site-packages');
let target: AddonPackage;
let library: Library;

beforeEach(() => {
  rmSync(folder, { recursive: true });
  target = fakePackage(folder);
  writeTensorflow(path.join(around, 'tensorflow'));
  write(path.join(around, 'nvidia/cudnn/lib/libcudnn.so.9'));
  library = findLibrary(around);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const deps = (file: string) => path.join(target.folder, 'deps', file);

it('lays links where the package has its own library', () => {
  linkLibrary(target, library);
  expect(isLinked(target, library)).toBe(false);
  expect(readlinkSync(deps('lib/libtensorflow.so'))).toBe('libtensorflow_cc.so.2');
  expect(readFileSync(deps('lib/libtensorflow.so'), 'utf8')).toBe('libtensorflow_cc.so.2');
  expect(readFileSync(deps('lib/libtensorflow_framework.so'), 'utf8')).toBe('libtensorflow_framework.so.2');
  expect(existsSync(deps('include/tensorflow/c/c_api.h'))).toBe(true);
});

it('has CUDA where TensorFlow looks for it, ../nvidia of its own folder', () => {
  linkLibrary(target, library);
  expect(existsSync(deps('lib/../nvidia/cudnn/lib/libcudnn.so.9'))).toBe(true);
});

it('does not take a newer library in the same place for the one that the addon was built on', () => {
  linkLibrary(target, library);
  write(target.addon);
  markLinked(target, library);
  expect(isLinked(target, library)).toBe(true);
  write(path.join(library.folder, 'libtensorflow_cc.so.2'), 'a newer one');
  expect(isLinked(target, library)).toBe(false);
});

it('takes away links and addon, and nothing that they point to', () => {
  linkLibrary(target, library);
  write(target.addon);
  unlinkLibrary(target);
  expect(lstatSync(path.join(target.folder, 'deps'), { throwIfNoEntry: false })).toBeUndefined();
  expect(existsSync(target.addon)).toBe(false);
  expect(findLibrary(around)).toEqual(library);
  expect(existsSync(path.join(around, 'nvidia/cudnn/lib/libcudnn.so.9'))).toBe(true);
});
