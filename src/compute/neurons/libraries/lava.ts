import type { StepAlgebra } from '../../algebra.ts';
import { defineNeuron, type Derived, type StepOutput } from '../model.ts';

/** Decays are multiples of 1 / 4096. */
const decayScale = 4096;
/** States are multiples of 1 / (64 scale). */
const stateScale = 64;

interface CubaSettings<V> extends Derived<V> {
  /** States are multiples of 1 / unit. */
  readonly unit: V;
  /** What a step leaves of the states, in units of 1 / 4096, not yet rounded. */
  readonly kept_current: V;
  readonly kept_voltage: V;
  readonly threshold: V;
  /** How far beyond the threshold lava-dl compares. */
  readonly margin: V;
}

/** The arithmetic of the chip: whole numbers, products rounded towards 0. The backward pass is that of real numbers, without the reset. */
function cubaStep<V, M>(ops: StepAlgebra<V, M>, derived: Derived<V>, state: Readonly<Record<string, V>>, current: V): StepOutput<V, M> {
  const { unit, kept_current, kept_voltage, threshold, margin } = derived as CubaSettings<V>;
  const { u, v } = state as Record<'u' | 'v', V>;
  const zero = ops.constant(0);
  const wideUnit = ops.widen(unit);
  const rounded = (a: V) => ops.floor(ops.add(a, ops.constant(0.5)));
  const towardsZero = (a: V) => ops.select(ops.lt(a, zero), ops.neg(ops.floor(ops.neg(a))), ops.floor(a));
  /** The state after one step, as a multiple of 1 / unit, and as its derivatives see it. */
  const stepped = (before: V, kept: V, whole: V, real: V) => {
    const factor = ops.substitute(rounded(kept), kept);
    const shifted = ops.div(ops.mul(rounded(ops.mul(wideUnit, ops.widen(before))), ops.widen(factor)), ops.constant(decayScale));
    const after = ops.add(towardsZero(shifted), whole);
    const linear = ops.add(ops.mul(ops.div(factor, ops.constant(decayScale)), before), real);
    return { whole: after, value: ops.substitute(ops.narrow(ops.div(after, wideUnit)), linear) };
  };

  const nextCurrent = stepped(u, kept_current, towardsZero(ops.mul(wideUnit, ops.widen(current))), current);
  const { value: vPre } = stepped(v, kept_voltage, nextCurrent.whole, nextCurrent.value);
  const spike = ops.spike(ops.lt(threshold, vPre), ops.sub(ops.sub(vPre, threshold), margin), threshold);
  const vPost = ops.substitute(ops.select(spike, zero, vPre), vPre);
  return { state: { v: vPost, u: nextCurrent.value }, vPre, vPost, records: 'pre', spike };
}

const cuba = defineNeuron({
  name: 'lava.CUBA',
  library: { name: 'Lava', source: 'lava-dl 0.6.0 (commit d825ac5), lava.lib.dl.slayer.neuron.cuba' },
  summary: "lava-dl's current-based neuron in the whole numbers of the Loihi chip.",
  latex: [
    String.raw`u_t = \text{shift}\big(u_{t-1} (4096 - d_u)\big) + \text{int}(S \, I_t), \quad S = 64 \, \text{scale}`,
    String.raw`v^\text{pre}_t = \text{shift}\big(v_{t-1} (4096 - d_v)\big) + u_t`,
    String.raw`\text{shift}(z) = \text{sign}(z) \lfloor |z| / 4096 \rfloor, \quad d = \text{round}(4096 \, \text{decay})`,
    String.raw`s_t = [v^\text{pre}_t / S > \theta], \quad \theta = \text{int}(\text{scale} \cdot \text{threshold}) / \text{scale}`,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t`,
  ],
  notes: [
    'u, v and the recorded v are given divided by S, as lava-dl gives them. v is the membrane before the reset.',
    'The backward pass is that of u = (1 - d) u + I and v = (1 - d) v + u in real numbers: it does not see the rounding, nor the reset.',
    'The gradients of the decays are the derivatives of that recursion. Those of lava-dl (requires_grad=True) have the wrong sign and scale.',
    'A spike has to exceed the threshold, as on the chip; lava-dl writes that as reaching threshold + 0.01 / S.',
    "The surrogate's width is 100 tau_grad thresholds, so that with its defaults it is nearly a constant.",
  ],
  parameters: {
    threshold: { exclusiveMinimum: 0, isSetting: true, meaning: 'Threshold, rounded down to a multiple of 1 / scale' },
    current_decay: { minimum: 0, maximum: 1, meaning: 'Part of the current that a step takes away' },
    voltage_decay: { minimum: 0, maximum: 1, meaning: 'Part of the membrane that a step takes away' },
    scale: { default: 64, minimum: 1, isSetting: true, meaning: 'States are multiples of 1 / (64 scale); a whole number' },
  },
  surrogate: 'lava.Spike',
  derive: (ops, p) => {
    const unit = ops.mul(ops.constant(stateScale), p.scale);
    const kept = (decay: typeof unit) => ops.sub(ops.constant(decayScale), ops.mul(ops.constant(decayScale), decay));
    return {
      unit,
      kept_current: kept(p.current_decay),
      kept_voltage: kept(p.voltage_decay),
      threshold: ops.div(ops.floor(ops.mul(p.threshold, p.scale)), p.scale),
      margin: ops.div(ops.constant(0.01), unit),
      initial: { v: ops.constant(0), u: ops.constant(0) },
    };
  },
  step: cubaStep,
});

/** lava-dl's neurons. */
export const lava = [cuba];
