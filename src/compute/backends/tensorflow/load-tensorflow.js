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
  Object.assign(util, {
    isNullOrUndefined: (/** @type {unknown} */ value) => value === null || value === undefined,
    isArray: Array.isArray,
  });
  const module = await import('@tensorflow/tfjs-node-gpu');
  pinLibrary();
  return module.default ?? module;
}

/**
 * Keeps libtensorflow in memory when this thread ends. Node unloads an addon with the last thread that uses it, but the library has
 * registered exit handlers, whose code would be gone at the process's exit.
 */
function pinLibrary() {
  if (process.platform !== 'linux') return;
  const library = join(
    dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')),
    'deps/lib/libtensorflow.so',
  );
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, library, os.constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // The library is no addon, which Node reports only after it has opened it.
  }
}
