import { defineGeneralNeuron } from '../general.ts';
import type { Adaptation, Drift, GeneralSettings, Reset } from '../general-settings.ts';
import type { DeriveAlgebra, NeuronParameter } from '../model.ts';

const library = { name: 'Norse', source: 'Norse 1.1.0 (commit 065a3b4), norse.torch.functional', strictThreshold: true };

const timeStep = { parameter: 'dt', milliseconds: 1000 } as const;
const dt = { default: 0.001, exclusiveMinimum: 0, unit: 's', isSetting: true, meaning: 'Length of a step' } satisfies NeuronParameter;
const tau_syn_inv = {
  default: 200,
  minimum: 0,
  unit: '1/s',
  meaning: 'Inverse time constant of the synaptic current',
} satisfies NeuronParameter;
const tau_mem_inv = { default: 100, minimum: 0, unit: '1/s', meaning: 'Inverse time constant of the membrane' } satisfies NeuronParameter;
const v_leak = { default: 0, meaning: 'Potential to which the leak leads, and before the first step' } satisfies NeuronParameter;
const v_th = { default: 1, meaning: 'Threshold' } satisfies NeuronParameter;
const v_reset = { default: 0, meaning: 'Potential after a spike' } satisfies NeuronParameter;
const delta_T = { default: 0.5, exclusiveMinimum: 0, meaning: 'Sharpness of the exponential' } satisfies NeuronParameter;

const membrane = { tau_mem_inv, v_leak, dt };
const firing = { v_th, v_reset };
const lifParameters = { tau_syn_inv, ...membrane, ...firing };

const jump = String.raw`j_t = u_{t-1} + I_t`;
const charge = String.raw`h_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} (v_\text{leak} - v_{t-1} + j_t)`;
const exponentialDrive = String.raw`v_\text{leak} - v_{t-1} + \Delta_T \, e^{(v_{t-1} - v_\text{th}) / \Delta_T} + j_t`;
const spike = String.raw`s_t = [h_t > v_\text{th}]`;
const hardReset = String.raw`v_t = (1 - s_t) \, h_t + s_t \, v_\text{reset}`;
const decay = String.raw`u_t = (1 - \Delta t \, \tau_\text{syn}^{-1}) \, j_t`;

const throughNote = 'The reset is not detached. v is the membrane after it.';
const synapseNote = 'The membrane sees the current together with the input of the step, before the current decays.';
const leakStartNote = 'The membrane starts at v_leak, taken as a constant: the gradient of v_leak does not include that.';

interface Membrane<V> {
  readonly tau_mem_inv: V;
  readonly v_leak: V;
  readonly dt: V;
}

interface Synaptic<V> {
  readonly tau_syn_inv: V;
  readonly dt: V;
}

/** The leak towards v_leak, where the membrane starts. */
function leak<V, M>(ops: DeriveAlgebra<V, M>, { dt, tau_mem_inv, v_leak }: Membrane<V>): Partial<GeneralSettings<V>> {
  return { rate: ops.mul(dt, tau_mem_inv), rest: v_leak, initial: { v: ops.detach(v_leak) } };
}

/** The drift of leak and exponential, in the place of the leak. */
function exponential<V, M>(
  ops: DeriveAlgebra<V, M>,
  { dt, tau_mem_inv, v_leak, v_th, delta_T }: Membrane<V> & { readonly v_th: V; readonly delta_T: V },
): Partial<GeneralSettings<V>> {
  const drift: Drift<V> = {
    kind: 'exponential',
    integration: 'euler',
    dt: ops.mul(dt, tau_mem_inv),
    tau: ops.constant(1),
    rest: v_leak,
    onset: v_th,
    sharpness: delta_T,
  };
  return { drift, initial: { v: ops.detach(v_leak) } };
}

/** What stays of a quantity in a step of length dt. */
function remainder<V, M>(ops: DeriveAlgebra<V, M>, dt: V, inverseTau: V): V {
  return ops.sub(ops.constant(1), ops.mul(dt, inverseTau));
}

function synapse<V, M>(ops: DeriveAlgebra<V, M>, { dt, tau_syn_inv }: Synaptic<V>): Partial<GeneralSettings<V>> {
  return { synapse: { decay: remainder(ops, dt, tau_syn_inv), timing: 'decay_last' } };
}

/** Threshold and hard reset. */
function fires<V>({ v_th, v_reset }: { readonly v_th: V; readonly v_reset: V }, isDetached = false): Partial<GeneralSettings<V>> {
  const reset: Reset<V> = { kind: 'hard', value: v_reset, gradient: isDetached ? 'mask' : 'through' };
  return { threshold: v_th, strict: true, reset };
}

const lif = defineGeneralNeuron({
  name: 'norse.LIF',
  library,
  summary: "Norse's leaky integrate-and-fire neuron with a synaptic current.",
  latex: [jump, charge, spike, hardReset, decay],
  notes: [throughNote, synapseNote, leakStartNote],
  parameters: lifParameters,
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({ ...synapse(ops, p), ...leak(ops, p), ...fires(p) }),
});

const lifRecurrent = defineGeneralNeuron({
  name: 'norse.LIFRecurrent',
  library,
  summary: "The neuron of Norse's recurrent LIF layer: norse.LIF with the spike detached in the reset.",
  latex: [jump, charge, spike, hardReset, decay],
  notes: [
    'The spike in the reset is detached; in norse.LIF it is not. v is the membrane after the reset.',
    "The current is what the layer's weights make of its input and its last spikes; the weights belong to a network.",
    synapseNote,
    leakStartNote,
  ],
  parameters: lifParameters,
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({ ...synapse(ops, p), ...leak(ops, p), ...fires(p, true) }),
});

const lifBox = defineGeneralNeuron({
  name: 'norse.LIFBox',
  library,
  summary: "Norse's leaky integrate-and-fire neuron without a synaptic current.",
  latex: [String.raw`h_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} (I_t + v_\text{leak} - v_{t-1})`, spike, hardReset],
  notes: [throughNote, 'reset_subtract: v = h - s v_th, and v_reset has no effect.', leakStartNote],
  parameters: { ...membrane, ...firing },
  options: {
    reset_method: {
      default: 'reset_value',
      values: ['reset_value', 'reset_subtract'],
      meaning: 'What a spike does: v becomes v_reset, or loses v_th',
    },
  },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p, options) => ({
    ...leak(ops, p),
    ...fires(p),
    ...(options.reset_method === 'reset_subtract' && { reset: { kind: 'soft' } }),
  }),
});

const li = defineGeneralNeuron({
  name: 'norse.LI',
  library,
  summary: "Norse's leaky integrator with a synaptic current, which never fires.",
  latex: [jump, String.raw`v_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} (v_\text{leak} - v_{t-1} + j_t)`, decay],
  notes: [synapseNote, leakStartNote],
  parameters: { tau_syn_inv, ...membrane },
  surrogate: null,
  timeStep,
  settings: (ops, p) => ({ ...synapse(ops, p), ...leak(ops, p) }),
});

const iaf = defineGeneralNeuron({
  name: 'norse.IAF',
  library,
  summary: "Norse's integrate-and-fire neuron, without leak and synaptic current.",
  latex: [String.raw`h_t = v_{t-1} + I_t`, spike, hardReset],
  notes: [
    throughNote,
    'The input is not scaled by dt, which only dates the steps here. The membrane starts at v_reset, whose gradient includes that.',
  ],
  parameters: { ...firing, dt },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({ ...fires(p), initial: { v: p.v_reset } }),
});

const lsnn = defineGeneralNeuron({
  name: 'norse.LSNN',
  library,
  summary: "Norse's leaky integrate-and-fire neuron with a synaptic current and an adaptive threshold.",
  latex: [
    String.raw`h_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} (v_\text{leak} - v_{t-1} + u_{t-1})`,
    String.raw`b'_t = b_{t-1} + \Delta t \, \tau_\text{adapt}^{-1} (v_\text{th} - b_{t-1})`,
    String.raw`s_t = [h_t > b'_t]`,
    hardReset,
    String.raw`b_t = b'_t + \beta \, s_t`,
    String.raw`u_t = (1 - \Delta t \, \tau_\text{syn}^{-1}) \, u_{t-1} + I_t`,
  ],
  notes: [
    'The reset is not detached. v is the membrane after it.',
    'The membrane sees the current of the step before: an input acts one step late, other than in norse.LIF.',
    'b is the adapted threshold, which starts at v_th, taken as a constant; the state a here is b - v_th.',
    leakStartNote,
  ],
  parameters: {
    ...lifParameters,
    tau_adapt_inv: { default: 1 / 800, minimum: 0, unit: '1/s', meaning: 'Inverse time constant of the threshold' },
    beta: { default: 1.8, meaning: 'What a spike adds to the threshold' },
  },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({
    ...leak(ops, p),
    ...fires(p),
    synapse: { decay: remainder(ops, p.dt, p.tau_syn_inv), timing: 'delayed' },
    adaptation: { to: 'threshold', decay: remainder(ops, p.dt, p.tau_adapt_inv), jump: p.beta, decays_first: true },
    // 0, with the derivative of a constant less v_th.
    initial: { v: ops.detach(p.v_leak), a: ops.sub(ops.detach(p.v_th), p.v_th) },
  }),
});

const lifEx = defineGeneralNeuron({
  name: 'norse.LIFEx',
  library,
  summary: "Norse's exponential integrate-and-fire neuron with a synaptic current.",
  latex: [jump, String.raw`h_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} \left(${exponentialDrive}\right)`, spike, hardReset, decay],
  notes: [throughNote, 'v_th has a gradient through the exponential too.', synapseNote, leakStartNote],
  parameters: { delta_T, ...lifParameters },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({ ...synapse(ops, p), ...exponential(ops, p), ...fires(p) }),
});

const lifAdEx = defineGeneralNeuron({
  name: 'norse.LIFAdEx',
  library,
  summary: "Norse's adaptive exponential integrate-and-fire neuron with a synaptic current.",
  latex: [
    jump,
    String.raw`h_t = v_{t-1} + \Delta t \, \tau_\text{mem}^{-1} \left(${exponentialDrive} - a_{t-1}\right)`,
    spike,
    hardReset,
    String.raw`a_t = a_{t-1} + \Delta t \, \tau_\text{ada}^{-1} (c \, (v_{t-1} - v_\text{leak}) - a_{t-1}) + b \, s_t`,
    decay,
  ],
  notes: [
    throughNote,
    'c is adaptation_current, b is adaptation_spike. The adaptation follows the membrane before the step.',
    'v_th has a gradient through the exponential too.',
    synapseNote,
    leakStartNote,
  ],
  parameters: {
    adaptation_current: { default: 4, meaning: "Coupling of the adaptation to the membrane's distance from v_leak" },
    adaptation_spike: { default: 0.02, meaning: 'What a spike adds to the adaptation' },
    delta_T,
    tau_ada_inv: { default: 2, minimum: 0, unit: '1/s', meaning: 'Inverse time constant of the adaptation' },
    ...lifParameters,
  },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => {
    const adaptation: Adaptation<typeof p.dt> = {
      to: 'current',
      weight: ops.constant(-1),
      decay: remainder(ops, p.dt, p.tau_ada_inv),
      coupling: ops.mul(ops.mul(p.dt, p.tau_ada_inv), p.adaptation_current),
      rest: p.v_leak,
      couples_to: 'v',
      jump: p.adaptation_spike,
    };
    return { ...synapse(ops, p), ...exponential(ops, p), ...fires(p), adaptation };
  },
});

const lifRefrac = defineGeneralNeuron({
  name: 'norse.LIFRefrac',
  library,
  summary: "Norse's LIF neuron with rho_reset refractory steps after a spike, chosen by a differentiated mask.",
  latex: [
    String.raw`m_t = [\rho_{t-1} > 0]`,
    String.raw`(s'_t, v'_t, u_t) = \text{LIF}(v_{t-1}, u_{t-1}, I_t)`,
    String.raw`v_t = (1 - m_t) \, v'_t + m_t \, v_{t-1}`,
    String.raw`s_t = (1 - m_t) \, s'_t`,
    String.raw`\rho_t = (1 - s_t) \max(0, \rho_{t-1} - m_t) + s_t \, \rho_\text{reset}`,
  ],
  notes: [
    throughNote,
    'The mask m of refractoriness is a spike of rho, with the surrogate as its derivative.',
    'In refractoriness the membrane stays and nothing fires; the synaptic current goes on.',
    leakStartNote,
  ],
  parameters: { ...lifParameters, rho_reset: { default: 5, minimum: 0, unit: 'steps', meaning: 'Refractory steps after a spike' } },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => ({ ...synapse(ops, p), ...leak(ops, p), ...fires(p), refractory: { steps: p.rho_reset, mode: 'norse' } }),
});

const izhikevich = defineGeneralNeuron({
  name: 'norse.Izhikevich',
  library,
  summary: "Norse's Izhikevich neuron, by an Euler step.",
  latex: [
    String.raw`h_t = v_{t-1} + \Delta t \, \tau^{-1} (\text{sq} \, v_{t-1}^2 + \text{mn} \, v_{t-1} + \text{bias} - u_{t-1} + I_t)`,
    String.raw`s_t = [h_t > v_\text{th}]`,
    String.raw`v_t = (1 - s_t) \, h_t + s_t \, c`,
    String.raw`u_t = u_{t-1} + \Delta t \, \tau^{-1} a \, (b \, v_{t-1} - u_{t-1}) + d \, s_t`,
  ],
  notes: [
    throughNote,
    'u, the recovery, is the state a here. It follows the membrane before the step.',
    "A step is dt tau_inv = 0.25 ms of Izhikevich's equations by default.",
    "Norse takes a to d and the first state from a named behaviour: v_init is that of its tonic_spiking unless given, and u_init b v_init, as in most of them; u_init's gradient does not reach b.",
  ],
  parameters: {
    a: { meaning: 'Rate of the recovery' },
    b: { meaning: 'Coupling of the recovery to the membrane' },
    c: { unit: 'mV', meaning: 'Potential after a spike' },
    d: { meaning: 'What a spike adds to the recovery' },
    sq: { default: 0.04, meaning: 'Factor of v^2' },
    mn: { default: 5, meaning: 'Factor of v' },
    bias: { default: 140, meaning: 'Constant drive' },
    v_th: { default: 30, unit: 'mV', meaning: 'Threshold' },
    tau_inv: { default: 250, minimum: 0, unit: '1/s', meaning: 'Inverse time constant' },
    v_init: { default: -70, unit: 'mV', meaning: 'Potential before the first step' },
    dt,
  },
  nullable: {
    u_init: { meaning: 'Recovery before the first step; b v_init unless given', otherwise: (ops, { b, v_init }) => ops.mul(b!, v_init!) },
  },
  surrogate: 'norse.superspike',
  timeStep,
  settings: (ops, p) => {
    const step = ops.mul(p.dt, p.tau_inv);
    const recovery = ops.mul(step, p.a);
    const one = ops.constant(1);
    return {
      drift: { kind: 'polynomial', integration: 'euler', dt: step, rate: one, square: p.sq, linear: p.mn, constant: p.bias },
      threshold: p.v_th,
      strict: true,
      reset: { kind: 'hard', value: p.c },
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: ops.sub(one, recovery),
        coupling: ops.mul(recovery, p.b),
        couples_to: 'v',
        jump: p.d,
      },
      initial: { v: p.v_init, a: p.u_init! },
    };
  },
});

/** Norse's neurons. */
export const norse = [lif, lifRecurrent, lifBox, li, iaf, lsnn, lifEx, lifAdEx, lifRefrac, izhikevich];
