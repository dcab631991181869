import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeResult, InstallError, runCommand } from './run-command.mjs';

const timeoutMinutes = 5;

/**
 * Has TensorFlow compute something in a process of its own, which a library that does not fit may crash.
 *
 * @param {string} probe
 * @returns {Promise<{ version: string, gpu: boolean, cudaLog: readonly string[] }>} libtensorflow's version, whether it runs on a GPU, and
 *   the lines of its log about CUDA.
 * @throws {InstallError} when the result is wrong or missing.
 */
export async function checkTensorflow(probe = fileURLToPath(new URL('probe.mjs', import.meta.url))) {
  const result = await runCommand(process.execPath, [probe], {
    timeoutMs: timeoutMinutes * 60_000,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'true' },
  });
  if (result.timedOut) {
    throw new InstallError(
      `TensorFlow computed nothing in ${timeoutMinutes} minutes. On a card newer than its CUDA it first compiles all of its kernels: ` +
        'give it a newer TensorFlow with --from.',
    );
  }
  const lastLine = result.stdout.trimEnd().split('\n').at(-1) ?? '';
  if (result.code !== 0 || !lastLine.startsWith('{'))
    throw new InstallError(`TensorFlow is in place, but does not compute ${describeResult(result)}`);
  return {
    .../** @type {{ version: string, gpu: boolean }} */ (JSON.parse(lastLine)),
    cudaLog: result.output.split('\n').filter((line) => /cuda|cudnn|cublas|gpu|dlopen/i.test(line) && !line.startsWith('{')),
  };
}

/** Whether the machine has an NVIDIA card: the device files of its driver, or of WSL. */
export function hasNvidiaDevice() {
  return ['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg'].some((device) => existsSync(device));
}

/** The name of the first card, which TensorFlow uses; asked of the driver, since TensorFlow's C API does not tell it. */
export async function gpuName() {
  const { code, stdout } = await runCommand('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { timeoutMs: 10_000 });
  return code === 0 ? stdout.split('\n')[0] : 'of unknown name';
}
