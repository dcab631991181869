import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { NetworkSize } from '../networks.ts';
import type { Size } from './exchange.ts';

/** Bytes of one job's memory. */
export interface JobMemory {
  /** Reserved for it. */
  readonly admittedBytes: number;
  /** Of its arena. */
  readonly arenaBytes: number;
  /** By which the process grew until it was done. */
  readonly residentBytes: number;
}

export interface Occupied extends Size, JobMemory {}

const run = promisify(execFile);
const script = fileURLToPath(new URL('memory-of.ts', import.meta.url));

/** Runs the job once in a process of its own: memory that another has used would not be new. */
export async function memoryOf<S extends Size | NetworkSize>(size: S): Promise<S & JobMemory> {
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', 'tsx', script, JSON.stringify(size)]);
  return { ...size, ...(JSON.parse(stdout) as JobMemory) };
}
