import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import type { NeuronParameter } from '../model.ts';

const library = { name: 'Spyx', source: 'Spyx 1.0.0 (commit 38374e9), spyx.nn', strictThreshold: true };

const threshold = { default: 1, meaning: 'Threshold, which Spyx does not train' } as const satisfies NeuronParameter;
const factor = (of: string) => ({ meaning: `Factor of ${of} in a step, limited to [0, 1]` }) as const satisfies NeuronParameter;
const beta = factor('the membrane');

const surrogate = 'spyx.superspike';

const lagNote = 'A step returns the spike of the membrane that it starts from: the output lags one step. v is the membrane after the step.';
const clipNote =
  'Spyx draws factors at random that are not given; here they have no default. Their gradient is 1 inside [0, 1], 1/2 at its ends and 0 outside, as that of jnp.clip.';
const spikeLatex = String.raw`s_t = [v_{t-1} > \theta]`;

/** jnp.clip(a, 0, 1), whose derivative is 1/2 at the ends. */
function clipped<V, M>(ops: ParameterAlgebra<V, M>, a: V): V {
  const [zero, half, one] = [ops.constant(0), ops.constant(0.5), ops.constant(1)];
  const flatAtEnds = ops.min(ops.max(a, zero), one);
  const steepAtEnds = ops.min(one, ops.max(zero, a));
  return ops.mul(half, ops.add(flatAtEnds, steepAtEnds));
}

const lif = defineGeneralNeuron({
  name: 'spyx.LIF',
  library,
  summary: "Spyx's leaky neuron, which loses its threshold in the step after it has reached it, after the decay.",
  latex: [spikeLatex, String.raw`v_t = \beta \, v_{t-1} + I_t - s_t \, \theta`],
  notes: [
    lagNote,
    'The reset is differentiated.',
    clipNote,
    "snntorch.Leaky with reset_mechanism 'subtract' has the same membrane; it detaches the reset and returns the spike of the new membrane.",
  ],
  parameters: { beta, threshold },
  surrogate,
  settings: (ops, p) => ({
    leak: clipped(ops, p.beta),
    threshold: p.threshold,
    strict: true,
    reset: { kind: 'soft', when: 'late' },
    output_lag: true,
  }),
});

const integrateAndFire = defineGeneralNeuron({
  name: 'spyx.IF',
  library,
  summary: 'The neuron of spyx.LIF without leak.',
  latex: [spikeLatex, String.raw`v_t = v_{t-1} + I_t - s_t \, \theta`],
  notes: [lagNote, 'The reset is differentiated.'],
  parameters: { threshold },
  surrogate,
  settings: (ops, p) => ({ threshold: p.threshold, strict: true, reset: { kind: 'soft', when: 'late' }, output_lag: true }),
});

const cubaLif = defineGeneralNeuron({
  name: 'spyx.CuBaLIF',
  library,
  summary: "Spyx's leaky neuron with a synaptic current.",
  latex: [spikeLatex, String.raw`u_t = \alpha \, u_{t-1} + I_t`, String.raw`v_t = \beta \, (v_{t-1} - s_t \, \theta) + u_t`],
  notes: [lagNote, 'The reset is differentiated. It takes place before the decay, that of spyx.LIF after it.', clipNote],
  parameters: { alpha: factor('the current'), beta, threshold },
  surrogate,
  settings: (ops, p) => ({
    leak: clipped(ops, p.beta),
    synapse: { decay: clipped(ops, p.alpha) },
    threshold: p.threshold,
    strict: true,
    reset: { kind: 'soft', when: 'start' },
    output_lag: true,
  }),
});

const alif = defineGeneralNeuron({
  name: 'spyx.ALIF',
  library,
  summary: "Spyx's adaptive neuron, whose threshold rises with its spikes.",
  latex: [
    String.raw`s_t = [v_{t-1} > \theta + a_{t-1}]`,
    String.raw`v_t = \beta \, v_{t-1} + I_t - s_t \, (\theta + a_{t-1})`,
    String.raw`a_t = \gamma \, a_{t-1} + (1 - \gamma) \, s_t`,
  ],
  notes: [lagNote, 'The reset is differentiated, and takes the risen threshold away. The state `a` is T in Spyx.', clipNote],
  parameters: {
    beta,
    gamma: factor("the threshold's rise"),
    threshold: { ...threshold, meaning: 'Threshold of a neuron that has not fired' },
  },
  surrogate,
  settings: (ops, p) => {
    const gamma = clipped(ops, p.gamma);
    return {
      leak: clipped(ops, p.beta),
      threshold: p.threshold,
      strict: true,
      adaptation: { to: 'threshold', decay: gamma, jump: ops.sub(ops.constant(1), gamma) },
      reset: { kind: 'soft', when: 'late', drop: 'effective' },
      output_lag: true,
    };
  },
});

const li = defineGeneralNeuron({
  name: 'spyx.LI',
  library,
  summary: "Spyx's leaky integrator, which returns its membrane and never fires.",
  latex: [String.raw`v_t = \beta \, v_{t-1} + I_t`],
  notes: ['The gradient of beta is 1 inside [0, 1], 1/2 at its ends and 0 outside, as that of jnp.clip.'],
  parameters: { beta: { ...beta, default: 0.8 } },
  surrogate: null,
  settings: (ops, p) => ({ leak: clipped(ops, p.beta) }),
});

/** Spyx's neurons. */
export const spyx = [lif, integrateAndFire, cubaLif, alif, li];
