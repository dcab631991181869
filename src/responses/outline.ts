import { maxFloat32TextLength, maxFloat64TextLength } from '../codecs/json-numbers/index.ts';
import type { BytesType } from '../codecs/tensor-bytes.ts';
import { recordedValues } from '../compute/job-size.ts';
import { dtypeOf, type LifProblem, type LifSimulateJob, type Recordable } from '../compute/jobs.ts';
import { isLongRun, isPerStep } from '../compute/long-run.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import type { Operation, Plan, Plans } from '../requests/plan.ts';

/** A tensor that a plan is answered with, before there is any. */
export interface TensorOutline {
  /** The fields in which it stands, outermost first. */
  readonly path: readonly [string, ...string[]];
  /** Of spike times, which are rows of unknown lengths, the longest that all rows together may be. */
  readonly shape: readonly number[];
  readonly type: BytesType;
  /** Bytes of JSON that a number and its comma take at most. */
  readonly textBytes: number;
  /** How many rows of different lengths it is answered as, if it is. */
  readonly rows?: number;
  /** Whether it is computed while the answer leaves. */
  readonly streams?: boolean;
}

/** What a plan is answered with: tensors, the same of each surrogate where there are any. */
export interface AnswerOutline {
  readonly surrogates: readonly Surrogate[];
  readonly tensors: readonly TensorOutline[];
}

const outlines: { readonly [O in Operation]: (plan: Plans[O]) => AnswerOutline } = {
  surrogate_eval: ({ job, shape }) => ({
    surrogates: job.surrogates,
    tensors: [...(job.outputs.spike ? [spikes('spike', shape)] : []), ...(job.outputs.value ? [floats(['value'], shape, job)] : [])],
  }),
  surrogate_grad: ({ job, shape }) => ({ surrogates: job.surrogates, tensors: [floats(['grad'], shape, job)] }),
  lif_simulate: ({ job }) => ({ surrogates: [], tensors: [...job.record].map((name) => recorded(name, job)) }),
  lif_grad: ({ job, gradShapes }) => ({
    surrogates: job.surrogates,
    tensors: [
      floats(['loss'], [job.problem.neurons], job),
      counts(job.problem),
      ...job.wrt.map((name) => floats(['grad', name], gradShapes[name], job)),
    ],
  }),
};

export function answerOutline<O extends Operation>(operation: O, plan: Plans[O]): AnswerOutline {
  return outlines[operation](plan);
}

function recorded(name: Recordable, job: LifSimulateJob): TensorOutline {
  const { problem } = job;
  const { neurons, steps } = problem;
  if (name === 'spike_times') return { ...floats([name], [recordedValues(name, problem)], job), rows: neurons };
  if (name === 'spike_counts') return counts(problem);
  if (!isPerStep(name)) return floats([name], [neurons], job);
  const shape = [neurons, steps];
  return { ...(name === 'spikes' ? spikes(name, shape) : floats([name], shape, job)), streams: isLongRun(job) };
}

function floats(path: TensorOutline['path'], shape: readonly number[], job: Plan['job']): TensorOutline {
  const type = dtypeOf(job);
  return { path, shape, type, textBytes: 1 + (type === 'float32' ? maxFloat32TextLength : maxFloat64TextLength) };
}

function spikes(name: string, shape: readonly number[]): TensorOutline {
  return { path: [name], shape, type: 'uint8', textBytes: 2 };
}

function counts({ neurons, steps }: LifProblem): TensorOutline {
  return { path: ['spike_counts'], shape: [neurons], type: 'int32', textBytes: 1 + String(steps).length };
}
