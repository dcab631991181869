import type { Arena } from '../../engine/arena.ts';
import type { Backend, BackendInfo, Computed } from '../../engine/backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { deviceOf } from './device.ts';
import { rowsOf, type GraphJob, type GraphOutputs } from './graph-job.ts';
import { joinOutputs } from './batch.ts';
import { lifGradWork, lifSimulateWork } from './lif-jobs.ts';
import { Scheduler, type BatchLimits, type Done } from './scheduler.ts';
import { surrogateEvalWork, surrogateGradWork } from './surrogate-jobs.ts';
import { TensorFlowThread } from './tensorflow-thread.ts';
import { warmUpJobs } from './warm-up.ts';
import { compilesWithXla } from './xla-probe.ts';

export interface TensorFlowOptions {
  /** Whether graphs are compiled by XLA; by default wherever it can be had. */
  readonly xla?: boolean;
  /** What one run may hold; larger jobs are cut, smaller ones joined. */
  readonly batch?: Partial<BatchLimits>;
  /** How many graphs are kept loaded. */
  readonly models?: number;
}

/** A job as runs of graphs, and the result that their outputs make. */
interface Work<R> {
  readonly jobs: readonly GraphJob[];
  result(outputs: readonly GraphOutputs[]): R;
}

const defaultBatch: BatchLimits = { rows: 2 ** 20, values: 2 ** 26 };

/** Beyond it float32 does not count steps exactly. */
const maxSteps = 2 ** 24;

/** TensorFlow, on a GPU if it has one: for each form of job a graph that is built here, loaded once, and run in a thread of its own. */
export class TensorFlowBackend implements Backend {
  readonly info: BackendInfo;
  /** Jobs of the same form that wait inside are joined: enough of them that there is something to join. */
  readonly concurrency = 32;
  readonly #thread: TensorFlowThread;
  readonly #scheduler: Scheduler;
  readonly #batch: BatchLimits;

  private constructor(thread: TensorFlowThread, info: BackendInfo, options: Required<TensorFlowOptions> & { readonly batch: BatchLimits }) {
    this.info = info;
    this.#thread = thread;
    this.#batch = options.batch;
    this.#scheduler = new Scheduler(thread, { limits: options.batch, models: options.models, xla: options.xla });
  }

  /** @throws {BackendUnavailableError} when TensorFlow cannot be loaded. */
  static async create(options: TensorFlowOptions = {}): Promise<TensorFlowBackend> {
    const thread = await TensorFlowThread.start();
    const xla = options.xla ?? (await compilesWithXla(thread));
    const { version, gpu } = thread.loaded;
    const { name, memoryBytes } = await deviceOf(gpu);
    const info: BackendInfo = {
      name: 'tensorflow',
      device: name,
      dtype: 'float32',
      details: { version, xla, gpu, ...(memoryBytes !== undefined && { memoryBytes }) },
    };
    return new TensorFlowBackend(thread, info, { xla, models: options.models ?? 128, batch: { ...defaultBatch, ...options.batch } });
  }

  get liveTensors(): number {
    return this.#thread.liveTensors;
  }

  accepts(job: Job): boolean {
    return job.kind === 'surrogate_eval' || job.kind === 'surrogate_grad' || job.problem.steps <= maxSteps;
  }

  async warm(): Promise<void> {
    for (const job of warmUpJobs()) await this.run(job);
  }

  async run<J extends Job>(job: J, _arena?: Arena, signal?: AbortSignal): Promise<Computed<J>> {
    // TypeScript does not narrow J by the switch in `workOf`, which pairs every kind with its result.
    const work = workOf(job) as Work<ResultOf[J['kind']]>;
    const done = await Promise.all(work.jobs.map((graphJob) => this.#runWhole(graphJob, signal)));
    return {
      result: work.result(done.map(({ outputs }) => outputs)),
      queueMs: done[0]?.queueMs ?? 0,
      computeMs: done.reduce((sum, { computeMs }) => sum + computeMs, 0),
    };
  }

  /** Runs a job of any size: in as many parts as its rows need. */
  async #runWhole(job: GraphJob, signal: AbortSignal | undefined): Promise<Done> {
    const largest = 2 ** Math.floor(Math.log2(Math.min(this.#batch.rows, Math.max(64, this.#batch.values / Math.max(1, job.capacity)))));
    if (job.rows <= largest) return this.#scheduler.run(job, signal);
    const parts: Promise<Done>[] = [];
    for (let row = 0; row < job.rows; row += largest)
      parts.push(this.#scheduler.run(rowsOf(job, row, Math.min(row + largest, job.rows)), signal));
    const done = await Promise.all(parts);
    return {
      outputs: joinOutputs(done.map(({ outputs }) => outputs)),
      queueMs: done[0]!.queueMs,
      computeMs: done.reduce((sum, { computeMs }) => sum + computeMs, 0),
    };
  }

  async close(): Promise<void> {
    await this.#thread.stop();
  }
}

function workOf(job: Job): Work<ResultOf[Job['kind']]> {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEvalWork(job);
    case 'surrogate_grad':
      return surrogateGradWork(job);
    case 'lif_simulate':
      return lifSimulateWork(job);
    case 'lif_grad':
      return lifGradWork(job);
  }
}
