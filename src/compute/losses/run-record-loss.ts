import { setImmediate as endOfTick } from 'node:timers/promises';

import type { Answer } from '../engine/engine.ts';
import { jobBytes } from '../job-size.ts';
import type { Job, LifGradJob, LifGradResult, LifJvpJob, LifJvpResult, LifSimulateJob, RecordLoss } from '../jobs.ts';
import { SlicedLoops } from '../loops.ts';
import { classesOf } from './cross-entropy.ts';
import { computeLoss, forwardJob, recordLossBytes } from './record-loss.ts';

type DifferentiatedJob = LifGradJob | LifJvpJob;

/** The answer to a job with a loss of its run's records. */
interface RecordLossAnswer extends Answer<DifferentiatedJob> {
  /** The job with the cotangents of its loss, which are known now; undefined where each surrogate of a smooth run has its own. */
  readonly job: DifferentiatedJob | undefined;
}

/** Jobs that share a forward run: one, or one for each surrogate of a smooth run, which depends on it. */
function partsOf<J extends DifferentiatedJob>(job: J): readonly J[] {
  if (job.problem.smooth !== true || job.surrogates.length === 1) return [job];
  return job.surrogates.map((surrogate) => ({ ...job, surrogates: [surrogate] }));
}

/** The forward runs of a job with a loss of their records. */
export function forwardJobs(job: DifferentiatedJob, loss: RecordLoss): readonly LifSimulateJob[] {
  return partsOf(job).map((part) => forwardJob(part, loss));
}

/** Bytes of memory that `runRecordLoss` takes beside the request's body. */
export function recordLossJobBytes(job: DifferentiatedJob, loss: RecordLoss): number {
  return partsOf(job).reduce((bytes, part) => bytes + recordLossBytes(part, loss) + jobBytes(part), 0);
}

/**
 * Runs a job with a loss of the records of its run: forward first, then with the loss's cotangents in the place of its own loss.
 *
 * @param run runs one job to its end.
 * @param signal aborts between slices of the loss.
 * @returns the job's answer, with the loss's value or its tangent, and the times of all that ran.
 * @throws what `run` throws, or the signal's reason.
 */
export async function runRecordLoss(
  job: DifferentiatedJob,
  loss: RecordLoss,
  run: <J extends Job>(job: J) => Answer<J> | Promise<Answer<J>>,
  signal?: AbortSignal,
): Promise<RecordLossAnswer> {
  const results: (LifGradResult[number] | LifJvpResult[number])[] = [];
  let [queueMs, computeMs] = [0, 0];
  let { loss: cotangents } = job;
  let last: Answer<DifferentiatedJob> | undefined;
  const parts = partsOf(job);
  for (const part of parts) {
    const forward = await run(forwardJob(part, loss));
    const begin = performance.now();
    const loops = new SlicedLoops();
    const computed = computeLoss(loss, { problem: part.problem, records: forward.result }, forward.backend.dtype, loops);
    await runLoops(loops, signal);
    signal?.throwIfAborted();
    const lossMs = performance.now() - begin;
    ({ cotangents } = computed);
    last = await run<DifferentiatedJob>({ ...part, loss: cotangents });
    for (const result of last.result) {
      const isTangent = part.kind === 'lif_jvp';
      results.push({ ...result, loss: isTangent ? tangentOf(result.loss, part, loss, loops) : computed.loss });
    }
    await runLoops(loops, signal);
    queueMs += forward.queueMs + last.queueMs;
    computeMs += forward.computeMs + lossMs + last.computeMs;
  }
  if (last === undefined) throw new Error('the job has no surrogate');
  return {
    ...last,
    result: results as LifGradResult | LifJvpResult,
    queueMs,
    computeMs,
    job: parts.length === 1 ? { ...job, loss: cotangents } : undefined,
  };
}

/** The tangent of a loss: each neuron's part, or the sum of those of each sample. */
function tangentOf(parts: LifJvpResult[number]['loss'], { problem }: DifferentiatedJob, loss: RecordLoss, loops: SlicedLoops) {
  if (loss.type !== 'cross_entropy') return parts;
  const { groups, classes } = classesOf(problem, loss.labels);
  const sums = new Float64Array(groups);
  loops.add(problem.neurons, (from, to) => {
    for (let b = from; b < to; b++) sums[Math.floor(b / classes)]! += parts[b]!;
  });
  return sums;
}

async function runLoops(loops: SlicedLoops, signal: AbortSignal | undefined): Promise<void> {
  const pauses = loops.run()[Symbol.iterator]();
  while (pauses.next().done !== true) {
    await endOfTick();
    signal?.throwIfAborted();
  }
}
