import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Device {
  readonly name: string;
  readonly memoryBytes?: number;
}

/** The device that TensorFlow runs on. Its C API does not name a GPU, so that the driver's own tool is asked. */
export async function deviceOf(gpu: boolean): Promise<Device> {
  if (!gpu) return { name: 'cpu' };
  try {
    const { stdout } = await run('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'], { timeout: 10_000 });
    return parseDevice(stdout) ?? { name: 'gpu' };
  } catch {
    return { name: 'gpu' };
  }
}

/** The first line of nvidia-smi's answer, `name, MiB`: TensorFlow uses the first card. */
export function parseDevice(output: string): Device | undefined {
  const [, name, mebibytes] = /^(.+), (\d+)\s*$/m.exec(output) ?? [];
  return name === undefined ? undefined : { name, memoryBytes: Number(mebibytes) * 2 ** 20 };
}
