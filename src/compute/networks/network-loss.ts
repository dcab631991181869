import { float64Algebra } from '../float64-algebra.ts';
import { quantityAt, lossRecords, type Dtype, type Loss, type LossRecord, type Network, type Quantity, type RecordLoss } from '../jobs.ts';
import { firingRateLoss } from '../losses/backend-losses.ts';
import { computeLoss, couplesNeurons, pendingCotangents } from '../losses/record-loss.ts';
import { hasPlainSpikes, summaries, visitNeurons, visitSteps, type RecordedRun } from '../losses/summaries.ts';
import type { Loops } from '../loops.ts';

/** Cotangents of what a layer's neurons record: of all samples' neurons, [samples * neurons] or with steps. */
export type LayerCotangents = Readonly<Partial<Record<LossRecord, Quantity>>>;

/** A loss of the last layer's run. */
export interface NetworkLoss {
  /** [samples]. */
  readonly samples: Float64Array;
  /** Of each sample's loss, before any reduction. */
  readonly cotangents: LayerCotangents;
  /** Of a cross-entropy the class of the largest logit of each sample. */
  readonly predicted?: Int32Array;
}

/** A loss with a type that kernels know, whose value is found here from the records of a run. */
type PlainLoss = Exclude<Loss | RecordLoss, RecordLoss>;

function isPlain(loss: Loss | RecordLoss): loss is PlainLoss {
  return loss.type === 'spike_count' || loss.type === 'firing_rate_mse' || loss.type === 'cotangent';
}

/** The records, beside spike counts, that a loss reads of the last layer. */
export function recordsOfLoss(loss: Loss | RecordLoss, problem: RecordedRun['problem']): readonly LossRecord[] {
  const isOfCounts =
    hasPlainSpikes(problem) &&
    (loss.type === 'cotangent'
      ? loss.spikes?.per !== 'step'
      : isPlain(loss) || (loss.type === 'cross_entropy' && loss.on === 'spike_counts'));
  return (Object.keys(cotangentForms(loss, problem)) as LossRecord[]).filter((name) => name !== 'spikes' || !isOfCounts);
}

/** The cotangents that a loss has, and whether they differ in time or only between neurons: known before it is computed. */
export function cotangentForms(
  loss: Loss | RecordLoss,
  problem: RecordedRun['problem'],
): Readonly<Partial<Record<LossRecord, 'step' | 'neuron'>>> {
  if (loss.type === 'spike_count' || loss.type === 'firing_rate_mse') return { spikes: 'neuron' };
  const { spikes, v, v_pre } = loss.type === 'cotangent' ? loss : pendingCotangents(loss, problem);
  return Object.fromEntries(
    Object.entries({ spikes, v, v_pre }).flatMap(([record, quantity]) => (quantity === undefined ? [] : [[record, formOf(quantity)]])),
  );
}

/** Whether a quantity differs in time. */
export function formOf({ per }: Quantity): 'step' | 'neuron' {
  return per === 'step' ? 'step' : 'neuron';
}

/**
 * Computes a loss in float64; complete when the loops have run.
 *
 * @param run of the last layer's neurons, those of sample 0 first.
 */
export function networkLoss(loss: Loss | RecordLoss, run: RecordedRun, { samples }: Network, dtype: Dtype, loops: Loops): NetworkLoss {
  const { problem } = run;
  if (!isPlain(loss)) {
    const { loss: values, cotangents, predicted } = computeLoss(loss, run, dtype, loops);
    const perSample = couplesNeurons(loss) ? values : sumsOfSamples(values, samples, run, loops);
    return { samples: perSample, cotangents, ...(predicted && { predicted }) };
  }
  const { values, cotangents } = plainLoss(loss, run, loops);
  return { samples: sumsOfSamples(values, samples, { problem }, loops), cotangents };
}

/** Each neuron's part of the loss, and the cotangents. */
function plainLoss(
  loss: PlainLoss,
  run: RecordedRun,
  loops: Loops,
): { readonly values: Float64Array; readonly cotangents: LayerCotangents } {
  const { problem } = run;
  const { neurons, steps, dt } = problem;
  switch (loss.type) {
    case 'spike_count':
      return { values: summaries.spike_counts.summarize(run, loops).values, cotangents: { spikes: { per: 'scalar', value: 1 } } };
    case 'firing_rate_mse': {
      const { values: counts } = summaries.spike_counts.summarize(run, loops);
      const values = new Float64Array(neurons);
      const bars = new Float64Array(neurons);
      visitNeurons(problem, loops, (b) => {
        const rate = firingRateLoss(float64Algebra, counts[b]!, 1000 / (steps * dt), quantityAt(loss.target, b, 0, steps));
        values[b] = rate.loss;
        bars[b] = rate.spikeBar;
      });
      return { values, cotangents: { spikes: { per: 'neuron', values: bars } } };
    }
    case 'cotangent': {
      const values = new Float64Array(neurons);
      const { spikes, v, v_pre } = loss;
      const cotangents = { ...(spikes && { spikes }), ...(v && { v }), ...(v_pre && { v_pre }) };
      for (const name of lossRecords) {
        const bar = cotangents[name];
        if (bar === undefined) continue;
        const series = run.records.series[name];
        if (series === undefined) {
          const { values: counts } = summaries.spike_counts.summarize(run, loops);
          visitNeurons(problem, loops, (b) => {
            values[b]! += quantityAt(bar, b, 0, steps) * counts[b]!;
          });
        } else {
          visitSteps(problem, loops, (i, b, t) => {
            values[b]! += quantityAt(bar, b, t, steps) * series[i]!;
          });
        }
      }
      return { values, cotangents };
    }
  }
}

/** Sums over the neurons of each sample. */
function sumsOfSamples(values: Float64Array, samples: number, { problem }: Pick<RecordedRun, 'problem'>, loops: Loops): Float64Array {
  const sums = new Float64Array(samples);
  const perSample = problem.neurons / samples;
  visitNeurons(problem, loops, (b) => {
    sums[Math.floor(b / perSample)]! += values[b]!;
  });
  return sums;
}
