import { Piscina } from 'piscina';
import { ComputeError } from '../../backend.ts';
import type { Arena } from '../../arena.ts';
import type { Launch } from './launch.ts';

/** Blocks that a launch is cut into for each thread: enough that the threads finish together. */
const blocksPerThread = 8;
/** A multiple of what every kernel has in flight, so that only the last block has a remainder. */
const blockGranule = 8;

/** Worker threads that run a launch together over an arena's shared memory. */
export class WorkerPool {
  readonly threads: number;
  readonly #pool: Piscina;

  /**
   * @param cores how many processors a launch may keep busy. Where there are several, one thread more is started: threads woken
   * together often begin on the same processor, and the one in excess fills the other until the system has moved them.
   */
  constructor(cores: number) {
    const threads = cores === 1 ? 1 : cores + 1;
    this.threads = threads;
    this.#pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
    });
  }

  /**
   * Resolves when no thread works on the launch any more, whether it went well or not.
   *
   * @throws {ComputeError} when a worker thread failed.
   */
  async run(arena: Arena, launch: Launch): Promise<void> {
    const { kernel, job, vectors, scratchBytes } = launch;
    if (vectors === 0) return;
    const share = Math.ceil(vectors / (this.threads * blocksPerThread));
    const block = Math.ceil(share / blockGranule) * blockGranule;
    const threads = Math.min(this.threads, Math.ceil(vectors / block));
    const mark = arena.mark();
    const counter = arena.allocate(4);
    arena.setInteger(counter, 0);
    const scratches = Array.from({ length: threads }, () => arena.allocate(scratchBytes));
    const done = await Promise.allSettled(
      scratches.map((scratch) =>
        this.#pool.run({ module: kernel.module, memory: arena.memory, job, scratch, counter, vectors, block }),
      ),
    );
    arena.release(mark);
    const failed = done.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw new ComputeError('a worker thread failed', { cause: failed.reason });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
