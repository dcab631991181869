import { bytesPerValue, type BytesType } from '../codecs/tensor-bytes.ts';
import { sizeOf } from '../codecs/tensor.ts';
import type { Estimate } from '../compute/engine.ts';
import { jobBytes, jobElements, recordedValues } from '../compute/job-size.ts';
import { dtypeOf, type Dtype, type LifProblem, type Recordable } from '../compute/jobs.ts';
import { isPerStep } from '../compute/long-run.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { inMicroseconds } from './milliseconds.ts';
import { surrogateNode } from './surrogate.ts';

/** A tensor that would be answered: its shape, its type in bytes, and how many bytes. */
interface TensorOutline {
  readonly shape: readonly number[];
  readonly dtype: BytesType;
  readonly bytes: number;
}

/** Rows of unknown lengths: how many, and the most bytes they could take. */
interface RowsOutline {
  readonly rows: number;
  readonly dtype: BytesType;
  readonly most_bytes: number;
}

/** Of a number in JSON: float32 in its shortest form and a comma, a count, a 0 or 1. */
const textBytesOf = { float32: 12, float64: 19, int32: 3, uint8: 2 } as const;

/** The answer's fields, with an outline where a tensor would be. */
type Outline = Readonly<Record<string, unknown>>;

class Outliner {
  bytes = 0;
  textBytes = 0;
  readonly #float: Dtype;

  constructor(float: Dtype) {
    this.#float = float;
  }

  tensor(shape: readonly number[], type: 'float' | 'int32' | 'uint8' = 'float'): TensorOutline {
    const dtype = type === 'float' ? this.#float : type;
    return { shape, dtype, bytes: this.#count(sizeOf(shape), dtype) };
  }

  rows(rows: number, mostValues: number): RowsOutline {
    return { rows, dtype: this.#float, most_bytes: this.#count(mostValues, this.#float) };
  }

  #count(values: number, dtype: BytesType): number {
    this.bytes += values * bytesPerValue[dtype];
    this.textBytes += values * textBytesOf[dtype];
    return values * bytesPerValue[dtype];
  }
}

const outlines: { readonly [O in Operation]: (plan: Plans[O], outliner: Outliner) => Outline } = {
  surrogate_eval: ({ job: { surrogates, outputs }, shape }, outliner) => ({
    results: surrogates.map((surrogate) => ({
      surrogate: surrogateNode(surrogate),
      ...(outputs.spike && { spike: outliner.tensor(shape, 'uint8') }),
      ...(outputs.value && { value: outliner.tensor(shape) }),
    })),
  }),
  surrogate_grad: ({ job, shape }, outliner) => ({
    results: job.surrogates.map((surrogate) => ({ surrogate: surrogateNode(surrogate), grad: outliner.tensor(shape) })),
  }),
  lif_simulate: ({ job: { problem, record } }, outliner) => Object.fromEntries([...record].map((name) => [name, recordOutline(name, problem, outliner)])),
  lif_grad: ({ job: { problem, surrogates, wrt }, gradShapes }, outliner) => ({
    results: surrogates.map((surrogate) => ({
      surrogate: surrogateNode(surrogate),
      loss: outliner.tensor([problem.neurons]),
      spike_counts: outliner.tensor([problem.neurons], 'int32'),
      grad: Object.fromEntries(wrt.map((name) => [name, outliner.tensor(gradShapes[name])])),
    })),
  }),
};

function recordOutline(name: Recordable, problem: LifProblem, outliner: Outliner): TensorOutline | RowsOutline {
  const { neurons, steps } = problem;
  if (name === 'spike_times') return outliner.rows(neurons, recordedValues(name, problem));
  const shape = isPerStep(name) ? [neurons, steps] : [neurons];
  return outliner.tensor(shape, name === 'spikes' ? 'uint8' : name === 'spike_counts' ? 'int32' : 'float');
}

/**
 * What a plan would be answered as, and about what it would cost, without running it.
 *
 * @param estimate by whom it would be done, and how long that would take.
 */
export function dryRunAnswer<O extends Operation>(operation: O, plan: Plans[O], { backend, computeMs, queueMs }: Estimate): object {
  const outliner = new Outliner(dtypeOf(plan.job));
  const fields = outlines[operation](plan, outliner);
  const { name, device, dtype } = backend;
  return {
    dry_run: true,
    ...fields,
    estimate: {
      elements: jobElements(plan.job),
      memory_bytes: jobBytes(plan.job),
      answer_bytes: { binary: outliner.bytes, json: outliner.textBytes },
      compute_ms: inMicroseconds(computeMs),
      queue_ms: inMicroseconds(queueMs),
    },
    meta: { backend: name, device, dtype },
  };
}
