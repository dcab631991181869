import { materialize, sliceNumbers, zeros, type Values } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import {
  bytesPerNumber,
  quantityAt,
  type Dtype,
  type LifSimulateResult,
  type NeuronProblem,
  type Quantity,
  type SummaryName,
} from '../jobs.ts';
import { programOf } from '../neurons/terms.ts';

/** A problem that was run, and what was recorded of it. */
export interface RecordedRun {
  readonly problem: NeuronProblem;
  readonly records: LifSimulateResult;
}

/** A number for each neuron that sums up its run, and the derivative of all of them by the record that they are of. */
export interface Summary {
  /** [B]. */
  readonly values: Float64Array;
  readonly slope: number;
  /** The one step of each neuron that has the derivative, [B]; every step has it where this is left out. */
  readonly at?: Int32Array;
}

interface SummaryDefinition {
  /** The record that the derivative is by. */
  readonly of: 'spikes' | 'v';
  /** Whether one step of each neuron has the derivative, rather than every step. */
  readonly isOfOneStep: boolean;
  /** Complete when the loops have run. */
  summarize(run: RecordedRun, loops: Loops): Summary;
}

export const summaries = {
  spike_counts: { of: 'spikes', isOfOneStep: false, summarize: spikeCounts },
  max_v: { of: 'v', isOfOneStep: true, summarize: largestPotentials },
  mean_v: { of: 'v', isOfOneStep: false, summarize: meanPotentials },
  first_spike_times: { of: 'spikes', isOfOneStep: true, summarize: firstSpikeTimes },
} as const satisfies Record<SummaryName, SummaryDefinition>;

/** Whether a run's counts are the sums of what its neurons return: not where they return other numbers than 0 and 1. */
export function hasPlainSpikes(problem: NeuronProblem): boolean {
  return programOf(problem).step.spikes === undefined;
}

/** A recorded series, [B, T] row-major. */
export function seriesOf({ records }: RecordedRun, name: 'spikes' | 'v'): Values | Uint8Array {
  const series = records.series[name];
  if (series === undefined) throw new Error(`the run has no ${name}`);
  return series;
}

/** Visits every step of every neuron: its index in a series, the neuron and the step. */
export function visitSteps({ neurons, steps }: NeuronProblem, loops: Loops, visit: (i: number, b: number, t: number) => void): void {
  loops.add(neurons * steps, (from, to) => {
    for (let i = from; i < to; i++) {
      const b = Math.floor(i / steps);
      visit(i, b, i - b * steps);
    }
  });
}

/** Visits every step of every neuron, with what is to be reached in it. */
export function visitTargets(
  problem: NeuronProblem,
  target: Quantity,
  loops: Loops,
  visit: (i: number, b: number, t: number, target: number) => void,
): void {
  const { neurons, steps } = problem;
  loops.add(neurons * steps, (from, to) => {
    // Numbers that are still to be generated are so much faster together than one by one.
    const targets = target.per === 'step' ? materialize(sliceNumbers(target.values, from, to)) : undefined;
    for (let i = from; i < to; i++) {
      const b = Math.floor(i / steps);
      const t = i - b * steps;
      visit(i, b, t, targets === undefined ? quantityAt(target, b, t, steps) : targets[i - from]!);
    }
  });
}

/** Visits every neuron. */
export function visitNeurons({ neurons }: NeuronProblem, loops: Loops, visit: (b: number) => void): void {
  loops.add(neurons, (from, to) => {
    for (let b = from; b < to; b++) visit(b);
  });
}

/** The sum over steps of what a neuron returns. */
function spikeCounts(run: RecordedRun, loops: Loops): Summary {
  const { problem, records } = run;
  const values = new Float64Array(problem.neurons);
  const { spike_counts: counts } = records;
  if (counts !== undefined && hasPlainSpikes(problem)) {
    visitNeurons(problem, loops, (b) => {
      values[b] = counts[b]!;
    });
  } else {
    const spikes = seriesOf(run, 'spikes');
    visitSteps(problem, loops, (i, b) => {
      values[b]! += spikes[i]!;
    });
  }
  return { values, slope: 1 };
}

/** The largest potential over time; its derivative is in the first of the steps that have it, as torch.max has it. */
function largestPotentials(run: RecordedRun, loops: Loops): Summary {
  const { problem } = run;
  const v = seriesOf(run, 'v');
  const values = new Float64Array(problem.neurons);
  const at = new Int32Array(problem.neurons);
  visitSteps(problem, loops, (i, b, t) => {
    // What is not a number is taken, so that it is reported.
    if (t > 0 && v[i]! <= values[b]!) return;
    values[b] = v[i]!;
    at[b] = t;
  });
  return { values, slope: 1, at };
}

function meanPotentials(run: RecordedRun, loops: Loops): Summary {
  const { problem } = run;
  const v = seriesOf(run, 'v');
  const values = new Float64Array(problem.neurons);
  visitSteps(problem, loops, (i, b) => {
    values[b]! += v[i]!;
  });
  visitNeurons(problem, loops, (b) => {
    values[b]! /= problem.steps;
  });
  return { values, slope: 1 / problem.steps };
}

/**
 * Times of the first spike in ms, as snnTorch's SpikeTime has them: of a neuron that never spikes the last step, and the derivative of a
 * time by the spike that it is of is minus one step, an estimate of how a higher potential makes it earlier.
 */
function firstSpikeTimes(run: RecordedRun, loops: Loops): Summary {
  const { problem } = run;
  const { steps, dt } = problem;
  const spikes = seriesOf(run, 'spikes');
  const values = new Float64Array(problem.neurons);
  const at = new Int32Array(problem.neurons).fill(-1);
  visitSteps(problem, loops, (i, b, t) => {
    if (at[b]! < 0 && (spikes[i] !== 0 || t === steps - 1)) at[b] = t;
  });
  visitNeurons(problem, loops, (b) => {
    values[b] = at[b]! * dt;
  });
  return { values, slope: -dt, at };
}

/** What a summary is below 0, in its place. */
export function negated({ values, slope, ...summary }: Summary, problem: NeuronProblem, loops: Loops): Summary {
  visitNeurons(problem, loops, (b) => {
    values[b] = -values[b]!;
  });
  return { values, slope: -slope, ...summary };
}

/** Cotangents of the record that a summary is of; complete when the loops have run. @param bars cotangents of the summary, [B]. */
export function summaryCotangents(
  { slope, at }: Summary,
  bars: Float64Array,
  { problem, dtype }: { readonly problem: NeuronProblem; readonly dtype: Dtype },
  loops: Loops,
): Quantity {
  const { neurons, steps } = problem;
  const values = zeros(dtype, at === undefined ? neurons : neurons * steps);
  visitNeurons(problem, loops, (b) => {
    values[at === undefined ? b : b * steps + at[b]!] = slope * bars[b]!;
  });
  return { per: at === undefined ? 'neuron' : 'step', values };
}

/** Bytes that a summary and its cotangents take for each neuron: their values, bars and two intermediate numbers. */
export const summaryBytes = 4 * bytesPerNumber.float64;
