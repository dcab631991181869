import type { Algebra } from '../algebra.ts';
import { float64Algebra } from '../float64-algebra.ts';
import type { Values } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import { lossRecords, quantityAt, type LifJvpJob } from '../jobs.ts';

/** (rate - target)^2 of one neuron and its derivative with respect to each spike; rates in Hz, `hzPerSpike` = 1000 / (T dt). */
export function firingRateLoss<V, M>(
  ops: Algebra<V, M>,
  spikeCount: V,
  hzPerSpike: V,
  targetRate: V,
): { readonly loss: V; readonly spikeBar: V } {
  const error = ops.sub(ops.mul(spikeCount, hzPerSpike), targetRate);
  return { loss: ops.mul(error, error), spikeBar: ops.mul(ops.mul(ops.constant(2), hzPerSpike), error) };
}

/** A run's returned spikes in all steps, [B], and the tangents of what a loss reads: series [B, T] row-major, states after the last step [B]. */
export interface LossInputs {
  readonly returned: ArrayLike<number>;
  readonly spikes: Values;
  readonly v: Values;
  /** Where the loss has a cotangent of v_pre. */
  readonly v_pre?: Values | undefined;
  /** Those of which the loss has a cotangent. */
  readonly state: Readonly<Record<string, Values>>;
}

/** Tangents of each neuron's part of the loss, [B], in float64; complete when the loops have run. */
export function lossTangent({ problem, loss }: LifJvpJob, inputs: LossInputs, loops: Loops): Float64Array {
  const { neurons, steps, dt } = problem;
  const tangent = new Float64Array(neurons);
  const addSeries = (values: Values, cotangent: (b: number, t: number) => number) => {
    loops.add(neurons * steps, (from, to) => {
      for (let i = from; i < to; i++) {
        const b = Math.floor(i / steps);
        tangent[b]! += cotangent(b, i - b * steps) * values[i]!;
      }
    });
  };
  switch (loss.type) {
    case 'spike_count':
      addSeries(inputs.spikes, () => 1);
      break;
    case 'firing_rate_mse':
      addSeries(inputs.spikes, () => 1);
      loops.add(neurons, (from, to) => {
        for (let b = from; b < to; b++) {
          const target = quantityAt(loss.target, b, 0, steps);
          tangent[b]! *= firingRateLoss(float64Algebra, inputs.returned[b]!, 1000 / (steps * dt), target).spikeBar;
        }
      });
      break;
    case 'cotangent':
      for (const name of lossRecords) {
        const cotangent = loss[name];
        const values = inputs[name];
        if (cotangent !== undefined && values !== undefined) addSeries(values, (b, t) => quantityAt(cotangent, b, t, steps));
      }
      for (const [state, cotangent] of Object.entries(loss.state ?? {})) {
        const values = inputs.state[state];
        if (values === undefined) continue;
        loops.add(neurons, (from, to) => {
          for (let b = from; b < to; b++) tangent[b]! += quantityAt(cotangent, b, 0, steps) * values[b]!;
        });
      }
  }
  return tangent;
}
