import { mergeInputs, splitOutputs, type GraphJob, type GraphOutputs } from './graph-job.ts';
import { modelOf } from './program.ts';
import { encodeSavedModel } from './saved-model.ts';
import type { ModelResult, ModelRun } from './tensorflow-thread.ts';

/** What one run may hold. */
export interface BatchLimits {
  readonly rows: number;
  /** Values of the largest series, of all rows. */
  readonly values: number;
}

/** A job's outputs and times, in milliseconds. */
export interface ScheduledResult {
  readonly outputs: GraphOutputs;
  readonly queueMs: number;
  readonly computeMs: number;
}

interface WaitingJob {
  readonly job: GraphJob;
  readonly since: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: ScheduledResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs models, one at a time. */
export interface ModelRunner {
  run(request: ModelRun): Promise<ModelResult>;
}

export interface SchedulerOptions {
  readonly limits: BatchLimits;
  /** Models that the thread keeps loaded. */
  readonly maxModels: number;
  readonly xla: boolean;
}

/**
 * Gives jobs to the thread one run at a time. Jobs that wait at the same time and differ in rows only run as one. No job waits for others to
 * join: one that finds the thread idle runs at once.
 */
export class Scheduler {
  readonly #thread: ModelRunner;
  readonly #options: SchedulerOptions;
  /** Keys of the models that the thread has loaded, the least recently used first. */
  readonly #loaded = new Set<string>();
  #waiting: WaitingJob[] = [];
  #busy = false;

  constructor(thread: ModelRunner, options: SchedulerOptions) {
    this.#thread = thread;
    this.#options = options;
  }

  /** @throws the signal's reason, when it is aborted before the job starts. */
  run(job: GraphJob, signal?: AbortSignal): Promise<ScheduledResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, since: performance.now(), signal, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Lets the jobs of the same tick join the first batch.
    await Promise.resolve();
    for (;;) {
      this.#dropAborted();
      if (this.#waiting.length === 0) break;
      await this.#runBatch(this.#takeBatch());
    }
    this.#busy = false;
  }

  #dropAborted(): void {
    for (const { signal, reject } of this.#waiting) if (signal?.aborted === true) reject(signal.reason);
    this.#waiting = this.#waiting.filter(({ signal }) => signal?.aborted !== true);
  }

  /** The job that has waited longest, and all that can run with it. */
  #takeBatch(): WaitingJob[] {
    const { batchKey, capacity } = this.#waiting[0]!.job;
    const { limits } = this.#options;
    const maxRows = Math.min(limits.rows, Math.floor(limits.values / Math.max(1, capacity)));
    const batch: WaitingJob[] = [];
    const rest: WaitingJob[] = [];
    let rows = 0;
    for (const entry of this.#waiting) {
      const fits = entry.job.batchKey === batchKey && (batch.length === 0 || rows + entry.job.rows <= maxRows);
      (fits ? batch : rest).push(entry);
      if (fits) rows += entry.job.rows;
    }
    this.#waiting = rest;
    return batch;
  }

  async #runBatch(batch: readonly WaitingJob[]): Promise<void> {
    const jobs = batch.map(({ job }) => job);
    const { graphKey: key } = jobs[0]!;
    const started = performance.now();
    try {
      const { outputs, computeMs } = await this.#thread.run({ key, ...this.#load(jobs[0]!), inputs: await mergeInputs(jobs) });
      const parts = splitOutputs(jobs, outputs);
      for (const [i, { since, resolve }] of batch.entries()) resolve({ outputs: parts[i]!, queueMs: started - since, computeMs });
    } catch (error) {
      // The thread may not have loaded it.
      this.#loaded.delete(key);
      for (const { reject } of batch) reject(error);
    }
  }

  /** The model for the thread, unless it is loaded already, and the models to release in exchange. */
  #load({ graphKey, program }: GraphJob): Pick<ModelRun, 'model' | 'release'> {
    const { maxModels, xla } = this.#options;
    const isLoaded = this.#loaded.delete(graphKey);
    this.#loaded.add(graphKey);
    if (isLoaded) return { model: undefined, release: [] };
    const release = [...this.#loaded].slice(0, Math.max(0, this.#loaded.size - maxModels));
    for (const key of release) this.#loaded.delete(key);
    return { model: encodeSavedModel(modelOf(program(), { xla })), release };
  }
}
