import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Arena } from '../../engine/arena.ts';
import type { Backend, BackendInfo, Computed } from '../../engine/backend.ts';
import { ComputeError } from '../../engine/errors.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { spread, standardProblem, standardSurrogate } from '../../standard-jobs.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import { joinOutputs, sliceRows, type GraphJob } from './graph-job.ts';
import { hasGraphs, lowerJob, type LoweredJob } from './lower-job.ts';
import { defineProgram, modelOf } from './program.ts';
import { encodeSavedModel } from './saved-model.ts';
import { Scheduler, type BatchLimits, type ScheduledResult } from './scheduler.ts';
import { TensorFlowThread } from './tensorflow-thread.ts';

export interface TensorFlowOptions {
  /** Whether XLA compiles graphs; by default wherever it works. */
  readonly xla?: boolean;
  /** What one run may hold; larger jobs are cut, smaller ones joined. */
  readonly batch?: BatchLimits;
}

/** Graphs that are kept loaded. */
const maxModels = 128;

/** Beyond it float32 does not count steps exactly. */
const maxSteps = 2 ** 24;

/** TensorFlow, on a GPU if it has one: for each form of job a graph that is built here, loaded once, and run in a thread of its own. */
export class TensorFlowBackend implements Backend {
  readonly info: BackendInfo;
  /** Waiting jobs of the same form are joined, so that many are let in. */
  readonly concurrency = 32;
  readonly #thread: TensorFlowThread;
  readonly #scheduler: Scheduler;
  readonly #limits: BatchLimits;

  private constructor(thread: TensorFlowThread, info: BackendInfo, xla: boolean, limits: BatchLimits) {
    this.info = info;
    this.#thread = thread;
    this.#limits = limits;
    this.#scheduler = new Scheduler(thread, { limits, maxModels, xla });
  }

  /** @throws {BackendUnavailableError} when TensorFlow cannot be loaded. */
  static async create({ xla, batch = { rows: 2 ** 20, values: 2 ** 26 } }: TensorFlowOptions = {}): Promise<TensorFlowBackend> {
    const thread = await TensorFlowThread.start();
    const usesXla = xla ?? (await compilesWithXla(thread));
    const { version, gpu } = thread.loaded;
    const { name: device, memoryBytes } = gpu ? await queryGpu() : { name: 'cpu' };
    const details = { version, xla: usesXla, gpu, ...(memoryBytes !== undefined && { memoryBytes }) };
    return new TensorFlowBackend(thread, { name: 'tensorflow', device, dtype: 'float32', details }, usesXla, batch);
  }

  get liveTensors(): number {
    return this.#thread.liveTensors;
  }

  accepts(job: Job): boolean {
    return hasGraphs(job) && (!('problem' in job) || job.problem.steps <= maxSteps);
  }

  async warm(): Promise<void> {
    for (const job of warmUpJobs()) await this.run(job);
  }

  async run<J extends Job>(job: J, _arena?: Arena, signal?: AbortSignal): Promise<Computed<J>> {
    // TypeScript does not narrow J by the switch in `lowerJob`, which pairs every kind with its result.
    const { runs, result } = (await lowerJob(job)) as LoweredJob<ResultOf[J['kind']]>;
    const done = await Promise.all(runs.map((run) => this.#runInParts(run, signal)));
    return {
      result: result(done.map(({ outputs }) => outputs)),
      queueMs: done[0]?.queueMs ?? 0,
      computeMs: done.reduce((sum, { computeMs }) => sum + computeMs, 0),
    };
  }

  /** Runs a graph on any number of rows, in as many parts as they need. */
  async #runInParts(job: GraphJob, signal: AbortSignal | undefined): Promise<ScheduledResult> {
    const { rows, values } = this.#limits;
    const maxRows = 2 ** Math.floor(Math.log2(Math.min(rows, Math.max(64, values / Math.max(1, job.capacity)))));
    if (job.rows <= maxRows) return this.#scheduler.run(job, signal);
    const parts: Promise<ScheduledResult>[] = [];
    for (let row = 0; row < job.rows; row += maxRows)
      parts.push(this.#scheduler.run(sliceRows(job, row, Math.min(row + maxRows, job.rows)), signal));
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

/** Whether TensorFlow can compile with XLA here: it may be built without, and on a GPU it needs files of the CUDA toolkit. */
async function compilesWithXla(thread: TensorFlowThread): Promise<boolean> {
  const program = defineProgram((graph) => {
    const x = graph.input('x', 'float32');
    return { twice: graph.add(x, x) };
  });
  const inputs = { x: { type: 'float32', shape: [1], data: Float32Array.of(21) } } as const;
  try {
    const model = encodeSavedModel(modelOf(program, { xla: true }));
    const { outputs } = await thread.run({ key: 'xla probe', model, release: [], inputs });
    return outputs.twice?.[0] === 42;
  } catch (error) {
    if (error instanceof ComputeError && thread.dead === undefined) return false;
    throw error;
  }
}

/**
 * The commonest jobs, in the sizes that are worth a GPU. Each graph takes a tenth of a second to load, and XLA half a second for each
 * size: other graphs are compiled at their first job.
 */
function* warmUpJobs(): Generator<Job> {
  const surrogates = [standardSurrogate(surrogateDefinition('sigmoid'))];
  for (const rows of [2 ** 10, 2 ** 16]) {
    const problem = standardProblem(rows, 100);
    yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, wrt: ['current'] };
    yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
    yield { kind: 'surrogate_grad', x: spread(-2, 2, rows), surrogates, cotangent: 1 };
    yield { kind: 'surrogate_eval', x: spread(-2, 2, rows), surrogates, outputs: { spike: true, value: true } };
  }
}

interface Gpu {
  readonly name: string;
  readonly memoryBytes?: number;
}

/** The first GPU, which TensorFlow uses; asked of the driver, since TensorFlow's C API does not tell it. */
async function queryGpu(): Promise<Gpu> {
  try {
    const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 10_000 });
    return parseGpu(stdout) ?? { name: 'gpu' };
  } catch {
    return { name: 'gpu' };
  }
}

/** The first line of nvidia-smi's output, `name, MiB`. */
export function parseGpu(output: string): Gpu | undefined {
  const [, name, mebibytes] = /^(.+), (\d+)\s*$/m.exec(output) ?? [];
  return name === undefined ? undefined : { name, memoryBytes: Number(mebibytes) * 2 ** 20 };
}
