import { valueAt, type Numbers } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import type { NeuronProblem } from '../jobs.ts';

/** Neurons as row-major [groups, classes]: those of a group are the classes of one sample. */
export interface Classes {
  readonly groups: number;
  readonly classes: number;
}

/** The samples of a problem, as many as there are labels. */
export function classesOf({ neurons }: Pick<NeuronProblem, 'neurons'>, { length }: Numbers): Classes {
  return { groups: length, classes: length === 0 ? 0 : neurons / length };
}

/**
 * -log softmax(logits)[label] of each group, as torch.nn.CrossEntropyLoss with reduction "none", and its derivative by the logits,
 * softmax(logits) - onehot(label), and the class of the largest logit, the first of several. Complete when the loops have run.
 *
 * @param logits [groups, classes].
 * @param labels [groups], whole numbers below `classes`.
 */
export function crossEntropy(
  logits: Float64Array,
  labels: Numbers,
  { groups, classes }: Classes,
  loops: Loops,
): { readonly loss: Float64Array; readonly bars: Float64Array; readonly predicted: Int32Array } {
  const largest = new Float64Array(groups).fill(-Infinity);
  const sums = new Float64Array(groups);
  const loss = new Float64Array(groups);
  const bars = new Float64Array(groups * classes);
  const predicted = new Int32Array(groups);
  const visit = (body: (i: number, group: number) => void) => {
    loops.add(groups * classes, (from, to) => {
      for (let i = from; i < to; i++) body(i, Math.floor(i / classes));
    });
  };
  const visitLabels = (body: (i: number, group: number) => void) => {
    loops.add(groups, (from, to) => {
      for (let group = from; group < to; group++) body(group * classes + valueAt(labels, group), group);
    });
  };
  visit((i, group) => {
    if (logits[i]! <= largest[group]!) return;
    largest[group] = logits[i]!;
    predicted[group] = i - group * classes;
  });
  visit((i, group) => {
    sums[group]! += bars[i] = Math.exp(logits[i]! - largest[group]!);
  });
  visit((i, group) => {
    bars[i]! /= sums[group]!;
  });
  visitLabels((i, group) => {
    loss[group] = Math.log(sums[group]!) + (largest[group]! - logits[i]!);
    bars[i]! -= 1;
  });
  return { loss, bars, predicted };
}
