// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import util from 'node:util';

/**
 * Loads TensorFlow.js with its native library into this thread.
 *
 * @returns {Promise<typeof import('@tensorflow/tfjs-node-gpu')>}
 * @throws when the package is not installed, its native addon was not built, or a library that it needs is missing.
 */
export async function loadTensorFlow() {
  // TensorFlow.js 4.22 calls two functions that Node 23 removed.
  const removed = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (util));
  removed['isNullOrUndefined'] ??= (/** @type {unknown} */ value) => value === null || value === undefined;
  removed['isArray'] ??= Array.isArray;
  const module = await import('@tensorflow/tfjs-node-gpu');
  pinLibrary();
  return module.default ?? module;
}

/**
 * Keeps libtensorflow in memory when this thread ends. Node unloads an addon with the last thread that uses it, but the library has
 * left functions to be called at the process's exit, which would crash there.
 */
function pinLibrary() {
  if (process.platform !== 'linux') return;
  const library = join(
    dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')),
    'deps/lib/libtensorflow.so',
  );
  const neverUnload = 0x1000;
  try {
    process.dlopen({ exports: {} }, library, os.constants.dlopen.RTLD_NOW | neverUnload);
  } catch {
    // It is no addon, which Node says only after the library has been opened.
  }
}
