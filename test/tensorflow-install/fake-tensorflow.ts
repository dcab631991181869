import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AddonPackage } from '../../tools/tensorflow-install/addon.mjs';

/** An empty folder of its own, for one test file. */
export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), 'tensorflow-install-')));
}

/** Writes a file and the folders above it. */
export function write(file: string, text = ''): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The files of an installed wheel that matter, without their contents. */
export function writeTensorflow(folder: string): void {
  for (const file of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) write(path.join(folder, file), file);
  for (const file of ['c_api.h', 'eager/c_api.h']) write(path.join(folder, 'include/tensorflow/c', file));
}

/** An npm package with an addon that was not built yet, in a `node_modules` in `folder`. */
export function fakePackage(folder: string): AddonPackage {
  const own = path.join(folder, 'node_modules/@tensorflow/tfjs-node-gpu');
  write(path.join(own, 'package.json'), '{"name":"@tensorflow/tfjs-node-gpu"}');
  return {
    folder: own,
    addon: path.join(own, 'lib/napi-v8/tfjs_binding.node'),
    nodePreGyp: path.join(folder, 'node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp'),
  };
}
