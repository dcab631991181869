import type { Engine } from '../../src/compute/engine/engine.ts';
import { jobBytes } from '../../src/compute/job-size.ts';
import type { Job, Quantity } from '../../src/compute/jobs.ts';
import { answered, RequestScope } from '../../src/compute/engine/request-scope.ts';
import { maxCopiedElements } from '../../src/routes/compute-handler.ts';
import { defaultSurrogate, forwardJob, gradJob } from '../jobs.ts';
import type { Contender } from '../turns.ts';

export const passes = ['forward', 'gradient'] as const;
export type Pass = (typeof passes)[number];

/** A job: `/lif/simulate` with spike counts, or `/lif/grad` with the sigmoid and with respect to the current. */
export interface Size {
  readonly pass: Pass;
  readonly neurons: number;
  readonly steps: number;
}

const surrogates = [defaultSurrogate('sigmoid')];

/** Whether a job is large enough for an arena of its own, and for memory to be reserved. */
export function hasArena({ neurons, steps }: Size): boolean {
  return neurons * steps > maxCopiedElements;
}

/** Writes currents from silent neurons to ones that fire every 5 ms where they are to lie: copies would count as the job's memory. */
function fill(current: Float32Array): Quantity {
  for (let b = 0; b < current.length; b++) current[b] = 0.5 + (2 * b) / Math.max(1, current.length - 1);
  return { per: 'neuron', values: current };
}

function jobOf({ pass, neurons, steps }: Size, current: Quantity): Job {
  const problem = { ...forwardJob(0, steps).problem, neurons, current };
  return pass === 'forward' ? { ...forwardJob(0, steps), problem } : { ...gradJob(0, steps, surrogates), problem };
}

/**
 * A job as a route has it run, for a request whose current comes as bytes: a large one has an arena, in which the current arrived and the result
 * stays, with memory reserved; a small one has none, and its result is copied. It can be run again and again.
 */
export class Exchange implements Contender {
  /** Neuron-steps. */
  readonly work: number;
  readonly #engine: Engine;
  readonly #job: Job;
  readonly #scope: RequestScope | undefined;
  readonly #mark: number = 0;

  constructor(engine: Engine, size: Size) {
    this.#engine = engine;
    this.work = size.neurons * size.steps;
    if (!hasArena(size)) {
      this.#job = jobOf(size, fill(new Float32Array(size.neurons)));
      return;
    }
    this.#scope = new RequestScope(engine.arenas);
    const { arena } = this.#scope.memory;
    const address = arena.allocate(4 * size.neurons);
    this.#job = jobOf(size, fill(arena.floats(address, size.neurons)));
    this.#mark = arena.mark();
    this.#scope.memory.reserve(this.#mark + jobBytes(this.#job));
  }

  /** A promise where threads do it. */
  run(): void | Promise<void> {
    const arena = this.#scope?.arena;
    const running = this.#engine.run(this.#job, undefined, { arena });
    if (running instanceof Promise)
      return running.then(() => {
        arena?.release(this.#mark);
      });
  }

  /** Bytes of its arena, 0 where it has none. */
  get arenaBytes(): number {
    return this.#scope?.arena?.byteLength ?? 0;
  }

  /** @param keepArena false where its memory is not to be the next one's. */
  close(keepArena = true): void {
    if (!keepArena) this.#scope?.memory.poison();
    this.#scope?.end(answered);
  }
}
