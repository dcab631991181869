import { Pacer, sliceValues } from '../codecs/chunks.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import type { Values } from '../compute/numbers.ts';
import type { LifGradResult } from '../compute/jobs.ts';
import { neuronShape, type Batch } from '../requests/neurons/batch-axes.ts';
import type { Plans } from '../requests/plan.ts';

/** The gradient of a quantity that was repeated along axes of its batch. */
interface RepeatedGradient {
  readonly name: string;
  /** The shape in which the quantity was given, with time last. */
  readonly given: readonly number[];
  /** The shape of what a job computes. */
  readonly full: readonly number[];
}

/** The gradients of a plan that are sums over axes of the batch; undefined where there are none. */
export function repeatedGradients({ job: { problem }, axes, gradients }: Plans['lif_grad']): readonly RepeatedGradient[] | undefined {
  let repeated: RepeatedGradient[] | undefined;
  for (const { name, shape } of gradients) {
    const isPerStep = name === 'current' && shape.length > 1;
    const quantity = name === 'current' ? problem.current : problem.parameters[name];
    // Back-ends sum gradients of numbers.
    if (quantity === undefined || quantity.per === 'scalar') continue;
    if (sizeOf(shape) === quantity.values.length) continue;
    const batch: Batch = { problem, axes };
    const full = isPerStep ? [...neuronShape(batch), problem.steps] : neuronShape(batch);
    const given = isPerStep && axes?.timeFirst === true ? [...shape.slice(1), problem.steps] : shape;
    (repeated ??= []).push({ name, given, full });
  }
  return repeated;
}

/** Sums gradients over the axes along which their quantities were repeated; overwrites those of the results. */
export async function sumGradients(results: LifGradResult, repeated: readonly RepeatedGradient[]): Promise<LifGradResult> {
  const pacer = new Pacer();
  const summed: LifGradResult[number][] = [];
  for (const result of results) {
    const grad = { ...result.grad };
    for (const { name, given, full } of repeated) {
      const values = result.grad[name] as Values;
      const isSharedByAnother = Object.entries(result.grad).some(([other, array]) => other !== name && array === values);
      grad[name] = await sumTo(isSharedByAnother ? values.slice() : values, { given, full }, pacer);
    }
    summed.push({ ...result, grad });
  }
  return summed;
}

/** Sums over the axes that `given` does not have, or has with length 1, and stores the sums at the beginning of the values. */
async function sumTo(values: Values, { given, full }: Pick<RepeatedGradient, 'given' | 'full'>, pacer: Pacer): Promise<Values> {
  if (values.length === 0) return new Float64Array(sizeOf(given));
  const lead = full.length - given.length;
  const isKept = (axis: number) => axis >= lead && given[axis - lead] === full[axis];
  let sums = values;
  let inner = 1;
  for (let axis = full.length - 1; axis >= 0; axis--) {
    if (isKept(axis)) {
      inner *= full[axis]!;
      continue;
    }
    let summed = full[axis]!;
    while (axis > 0 && !isKept(axis - 1)) summed *= full[--axis]!;
    sums = await sumMiddleAxis(sums, { summed, inner }, pacer);
  }
  return sums;
}

/** Sums that are added up at a time: they fit in the first-level cache. */
const maxSums = 2048;

/** Sums [outer, summed, inner] over its middle axis, in float64, and stores the sums at the beginning of the values, which takes no more memory. */
async function sumMiddleAxis(
  values: Values,
  { summed, inner }: { readonly summed: number; readonly inner: number },
  pacer: Pacer,
): Promise<Values> {
  const outer = values.length / (summed * inner);
  const sums = new Float64Array(Math.min(maxSums, inner));
  let added = 0;
  for (let o = 0; o < outer; o++) {
    for (let from = 0; from < inner; from += maxSums) {
      const count = Math.min(maxSums, inner - from);
      sums.fill(0);
      for (let s = 0; s < summed; s++) {
        const row = (o * summed + s) * inner + from;
        for (let i = 0; i < count; i++) sums[i]! += values[row + i]!;
        added += count;
        if (added < sliceValues) continue;
        await pacer.pause();
        added = 0;
      }
      for (let i = 0; i < count; i++) values[o * inner + from + i] = sums[i]!;
    }
  }
  return values.subarray(0, outer * inner);
}
