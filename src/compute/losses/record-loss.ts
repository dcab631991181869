import { linspace, zeros } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import {
  bytesPerNumber,
  dtypeOf,
  quantityAt,
  type Dtype,
  type LifGradJob,
  type LifJvpJob,
  type LifSimulateJob,
  type Loss,
  type NeuronProblem,
  type Quantity,
  type RecordLoss,
} from '../jobs.ts';
import { jobBytes, recordedValues } from '../job-size.ts';
import { classesOf, crossEntropy } from './cross-entropy.ts';
import {
  hasPlainSpikes,
  negated,
  seriesOf,
  summaries,
  summaryBytes,
  summaryCotangents,
  visitNeurons,
  visitTargets,
  type RecordedRun,
} from './summaries.ts';
import { vanRossumDistance } from './van-rossum.ts';

/** A record, and how its cotangents vary. */
interface Reading {
  readonly record: 'spikes' | 'v';
  readonly per: 'neuron' | 'step';
}

function readingOf(loss: RecordLoss): Reading {
  if (loss.type === 'van_rossum') return { record: 'spikes', per: 'step' };
  if (loss.type === 'v_mse') return { record: 'v', per: 'step' };
  const { of, isOfOneStep } = summaries[loss.type === 'cross_entropy' ? loss.on : 'first_spike_times'];
  return { record: of, per: isOfOneStep ? 'step' : 'neuron' };
}

/** The record of a run that a loss has cotangents of. */
export function recordOf(loss: RecordLoss): 'spikes' | 'v' {
  return readingOf(loss).record;
}

/** Whether a loss is one number for all neurons of a sample, rather than one for each neuron. */
export function couplesNeurons({ type }: RecordLoss): boolean {
  return type === 'cross_entropy';
}

/** Whether a loss is about the step of the first spike, which a smooth run does not have. */
export function readsFirstSpike(loss: RecordLoss): boolean {
  return loss.type === 'first_spike_time_mse' || (loss.type === 'cross_entropy' && loss.on === 'first_spike_times');
}

/** The loss of a job whose cotangents are still to be computed: zeros, which take no memory. */
export function pendingCotangents(loss: RecordLoss, { neurons, steps }: NeuronProblem): Extract<Loss, { type: 'cotangent' }> {
  const { record, per } = readingOf(loss);
  return { type: 'cotangent', [record]: { per, values: linspace(0, 0, per === 'step' ? neurons * steps : neurons) } };
}

/** The run that records what a loss reads. @param surrogate the one of a smooth run. */
export function forwardJob({ problem, dtype, surrogates }: LifGradJob | LifJvpJob, loss: RecordLoss): LifSimulateJob {
  const readsCounts = loss.type === 'cross_entropy' && loss.on === 'spike_counts' && hasPlainSpikes(problem);
  const record = new Set([readsCounts ? 'spike_counts' : recordOf(loss)]);
  const [surrogate] = surrogates;
  return {
    kind: 'lif_simulate',
    ...(dtype && { dtype }),
    problem,
    record,
    keepsSeries: true,
    ...(problem.smooth && surrogate && { surrogate }),
  };
}

/** Numbers that are made for a loss of one run: those recorded, and the cotangents. */
export function recordLossValues(job: LifGradJob | LifJvpJob, loss: RecordLoss): number {
  const { problem } = job;
  const [record] = forwardJob(job, loss).record;
  return recordedValues(record!, problem) + problem.neurons * (readingOf(loss).per === 'step' ? problem.steps : 1);
}

/** Bytes of memory that a loss of one run takes: the run with its records, and the loss. */
export function recordLossBytes(job: LifGradJob | LifJvpJob, loss: RecordLoss): number {
  const { neurons } = job.problem;
  return jobBytes(forwardJob(job, loss)) + bytesPerNumber[dtypeOf(job)] * recordLossValues(job, loss) + summaryBytes * neurons;
}

/** A loss of one run. */
export interface ComputedLoss {
  /** [B], or one number for each sample where the loss couples its neurons. */
  readonly loss: Float64Array;
  /** As the loss of a job. */
  readonly cotangents: Extract<Loss, { type: 'cotangent' }>;
  /** Of a cross-entropy the class of the largest logit of each sample. */
  readonly predicted?: Int32Array;
}

/**
 * Computes a loss in float64. It is complete when the loops have run.
 *
 * @param dtype the arithmetic in which the cotangents are wanted.
 */
export function computeLoss(loss: RecordLoss, run: RecordedRun, dtype: Dtype, loops: Loops): ComputedLoss {
  const { problem } = run;
  const { neurons, steps } = problem;
  const computed = (values: Float64Array, quantity: Quantity): ComputedLoss => ({
    loss: values,
    cotangents: { type: 'cotangent', [recordOf(loss)]: quantity },
  });
  switch (loss.type) {
    case 'cross_entropy': {
      const summary = summaries[loss.on].summarize(run, loops);
      const logits = loss.on === 'first_spike_times' ? negated(summary, problem, loops) : summary;
      const entropy = crossEntropy(logits.values, loss.labels, classesOf(problem, loss.labels), loops);
      const cotangents = summaryCotangents(logits, entropy.bars, { problem, dtype }, loops);
      return { ...computed(entropy.loss, cotangents), predicted: entropy.predicted };
    }
    case 'first_spike_time_mse': {
      const summary = summaries.first_spike_times.summarize(run, loops);
      const values = new Float64Array(neurons);
      const bars = new Float64Array(neurons);
      visitNeurons(problem, loops, (b) => {
        const error = summary.values[b]! - quantityAt(loss.target, b, 0, steps);
        values[b] = error * error;
        bars[b] = 2 * error;
      });
      return computed(values, summaryCotangents(summary, bars, { problem, dtype }, loops));
    }
    case 'van_rossum': {
      const bars = zeros(dtype, neurons * steps);
      const distances = vanRossumDistance({ problem, spikes: seriesOf(run, 'spikes') }, loss.target, loss.tau, bars, loops);
      return computed(distances, { per: 'step', values: bars });
    }
    case 'v_mse': {
      const v = seriesOf(run, 'v');
      const values = new Float64Array(neurons);
      const bars = zeros(dtype, neurons * steps);
      visitTargets(problem, loss.target, loops, (i, b, _, expected) => {
        const error = v[i]! - expected;
        values[b]! += (error * error) / steps;
        bars[i] = (2 * error) / steps;
      });
      return computed(values, { per: 'step', values: bars });
    }
  }
}
