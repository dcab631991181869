import { mergeInputs, splitOutputs } from './batch.ts';
import type { GraphJob, GraphOutputs } from './graph-job.ts';
import { ModelCache } from './model-cache.ts';
import type { ModelResult, ModelRun } from './tensorflow-thread.ts';

/** What one run may hold. */
export interface BatchLimits {
  readonly rows: number;
  /** Values of the largest series, of all rows. */
  readonly values: number;
}

/** A job's outputs and the time that its parts took, in milliseconds. */
export interface Done {
  readonly outputs: GraphOutputs;
  readonly queueMs: number;
  readonly computeMs: number;
}

interface Waiting {
  readonly job: GraphJob;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs models, one at a time. */
export interface ModelRunner {
  run(request: ModelRun): Promise<ModelResult>;
}

/**
 * Gives jobs to the thread, and those that wait at the same time and differ in rows only as one. Nothing waits for company: a job that
 * finds the thread idle runs at once.
 */
export class Scheduler {
  readonly #thread: ModelRunner;
  readonly #limits: BatchLimits;
  readonly #models: ModelCache;
  readonly #xla: boolean;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(thread: ModelRunner, options: { readonly limits: BatchLimits; readonly models: number; readonly xla: boolean }) {
    this.#thread = thread;
    this.#limits = options.limits;
    this.#models = new ModelCache(options.models);
    this.#xla = options.xla;
  }

  /** @throws the signal's reason, when that is aborted before the job's turn. */
  run(job: GraphJob, signal?: AbortSignal): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, since: performance.now(), signal, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Jobs that come in the same turn are there when the first batch is taken.
    await Promise.resolve();
    for (;;) {
      this.#dropStopped();
      if (this.#waiting.length === 0) break;
      await this.#runBatch(this.#takeBatch());
    }
    this.#busy = false;
  }

  #dropStopped(): void {
    for (const { signal, reject } of this.#waiting) if (signal?.aborted === true) reject(signal.reason);
    this.#waiting = this.#waiting.filter(({ signal }) => signal?.aborted !== true);
  }

  /** The job that has waited longest, and all that can run with it. */
  #takeBatch(): Waiting[] {
    const { batchKey, capacity } = this.#waiting[0]!.job;
    const most = Math.min(this.#limits.rows, Math.floor(this.#limits.values / Math.max(1, capacity)));
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    let rows = 0;
    for (const entry of this.#waiting) {
      const fits = entry.job.batchKey === batchKey && (batch.length === 0 || rows + entry.job.rows <= most);
      (fits ? batch : rest).push(entry);
      if (fits) rows += entry.job.rows;
    }
    this.#waiting = rest;
    return batch;
  }

  async #runBatch(batch: readonly Waiting[]): Promise<void> {
    const jobs = batch.map(({ job }) => job);
    const { graphKey, program } = jobs[0]!;
    const started = performance.now();
    try {
      const delivery = this.#models.deliver(graphKey, program, this.#xla);
      const { outputs, computeMs } = await this.#thread.run({ key: graphKey, ...delivery, inputs: await mergeInputs(jobs) });
      const parts = splitOutputs(jobs, outputs);
      for (const [i, { since, resolve }] of batch.entries()) resolve({ outputs: parts[i]!, queueMs: started - since, computeMs });
    } catch (error) {
      this.#models.forget(graphKey);
      for (const { reject } of batch) reject(error);
    }
  }
}
