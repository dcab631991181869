import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Size } from './exchange.ts';

/** Bytes of one job's memory. */
export interface Occupied extends Size {
  /** Reserved for it. */
  readonly admittedBytes: number;
  /** Of its arena. */
  readonly arenaBytes: number;
  /** By which the process grew until it was done. */
  readonly residentBytes: number;
}

const run = promisify(execFile);
const script = fileURLToPath(new URL('memory-of.ts', import.meta.url));

/** Runs the job once in a process of its own: memory that another has used would not be new. */
export async function memoryOf({ pass, neurons, steps }: Size): Promise<Occupied> {
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', 'tsx', script, pass, String(neurons), String(steps)]);
  return JSON.parse(stdout) as Occupied;
}
