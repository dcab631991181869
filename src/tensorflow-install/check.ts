import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InstallError } from './install-error.ts';
import type { Finding } from './probe.ts';
import { describeEnd, runCommand } from './run-command.ts';

const timeoutMinutes = 5;

/** What TensorFlow was seen to do. */
export interface Checked extends Finding {
  /** What its log says of CUDA. */
  readonly cudaLog: readonly string[];
}

/**
 * Has TensorFlow compute something, in a process of its own: a library that does not fit may end its process.
 *
 * @throws {InstallError} where nothing or something wrong comes out.
 */
export async function checkTensorflow(probe: string = fileURLToPath(new URL('probe.js', import.meta.url))): Promise<Checked> {
  const ended = await runCommand(process.execPath, [probe], {
    timeoutMs: timeoutMinutes * 60_000,
    environment: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'true' },
  });
  if (ended.timedOut) {
    throw new InstallError(
      `TensorFlow computed nothing in ${timeoutMinutes} minutes. On a card newer than its CUDA it first compiles all of its kernels: ` +
        'give it a newer TensorFlow with --from.',
    );
  }
  const finding = ended.code === 0 ? findingIn(ended.stdout) : undefined;
  if (finding === undefined) throw new InstallError(`TensorFlow is in place, but does not compute ${describeEnd(ended)}`);
  return {
    ...finding,
    cudaLog: ended.output.split('\n').filter((line) => /cuda|cudnn|cublas|gpu|dlopen/i.test(line) && !line.startsWith('{')),
  };
}

/** Whether the machine shows a card of NVIDIA's: its driver's device, or that of WSL. */
export function hasNvidiaDevice(): boolean {
  return ['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg'].some((device) => existsSync(device));
}

function findingIn(output: string): Finding | undefined {
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as Finding) : undefined;
}
