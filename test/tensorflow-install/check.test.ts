import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkTensorflow } from '../../tools/tensorflow-install/check.mjs';
import { temporaryFolder, write } from './fake-tensorflow.ts';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A program that replaces the one that calls TensorFlow. */
function program(text: string): string {
  const file = path.join(folder, `${Math.random()}.mjs`);
  write(file, text);
  return file;
}

describe('the check', () => {
  it('reports what TensorFlow found, and what it logged of CUDA', async () => {
    const found = await checkTensorflow(
      program(`
      console.error('W gpu_device.cc:2343] Cannot dlopen some GPU libraries.');
      console.error('I cpu_feature_guard.cc:210] This binary is optimized');
      console.log(JSON.stringify({ version: '2.21.0', gpu: process.env.TF_FORCE_GPU_ALLOW_GROWTH !== 'true' }));
    `),
    );
    expect(found).toEqual({ version: '2.21.0', gpu: false, cudaLog: ['W gpu_device.cc:2343] Cannot dlopen some GPU libraries.'] });
  });

  it.each([
    ["throw new Error('libtensorflow.so: undefined symbol')", /does not compute \(exit code 1\)[^]*undefined symbol/],
    ["process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 10_000)", /does not compute \(ended by SIGSEGV\)/],
    ["console.log('nothing')", /does not compute \(exit code 0\)/],
  ])('fails on %s', async (text, message) => {
    await expect(checkTensorflow(program(text))).rejects.toThrow(message);
  });
});
