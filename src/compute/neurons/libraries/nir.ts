import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor, type GeneralSettings } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const library = { name: 'NIR', source: 'NIR 1.0.8 (commit 7232ada), nir.ir.neuron', strictThreshold: true };

const timeStep = { parameter: 'dt', milliseconds: 1000 } as const;

const tau = (of: string) => ({ exclusiveMinimum: 0, unit: 's', meaning: `Time constant of the ${of}` }) as const satisfies NeuronParameter;
const dt = {
  exclusiveMinimum: 0,
  unit: 's',
  isSetting: true,
  meaning: 'Length of a step, which the format leaves open',
} as const satisfies NeuronParameter;
const r = { meaning: 'Resistance' } as const satisfies NeuronParameter;
const v_leak = { meaning: 'Resting potential, also before the first step' } as const satisfies NeuronParameter;
const w_in = { default: 1, meaning: 'Factor of the input' } as const satisfies NeuronParameter;

const firingParameters = {
  v_threshold: { meaning: 'Threshold' },
  v_reset: { default: 0, meaning: 'Potential after a reset' },
} as const satisfies Record<string, NeuronParameter>;

const discretization = {
  values: ['euler', 'exponential'],
  meaning: 'The part of a distance that a step covers: dt / tau, or 1 - exp(-dt / tau). The format leaves it open',
} as const satisfies NeuronOption;

const noDiscretization = {
  ...discretization,
  default: 'euler',
  meaning: 'Accepted as for the other nodes; without a leak both are the same',
} as const satisfies NeuronOption;

const surrogate = 'sigmoid';

const formatNote =
  'NIR describes neurons in continuous time and brings neither time step nor discretization, initial state or surrogate: a request gives dt and discretization, and v starts at v_leak.';
const importNote =
  'Libraries import the node differently: Norse, Spyx and Sinabs ignore r, Spyx and Sinabs reset by subtraction, Sinabs takes tau as a number of steps, snnTorch wants v_leak = 0 and subtracts, and SpikingJelly switches decay_input off unless r is 1.';
const resetNote = 'The reset is hard and differentiated; v is the membrane after it.';

const kLatex = (name: string, time: string) => String.raw`${name} = \text{dt} / ${time}\ \text{or}\ 1 - e^{-\text{dt} / ${time}}`;
const membraneLatex = (time: string) =>
  String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{leak} + R \, I_t - v_{t-1}), \quad ${kLatex('k', time)}`;
const synapseLatex = String.raw`u_t = u_{t-1} + k_s \, (w_\text{in} \, I_t - u_{t-1}), \quad ${kLatex('k_s', String.raw`\tau_\text{syn}`)}`;
const drivenLatex = String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{leak} + R \, u_t - v_{t-1}), \quad ${kLatex('k', String.raw`\tau_\text{mem}`)}`;
const firingLatex = [
  String.raw`s_t = [v^\text{pre}_t > v_\text{threshold}]`,
  String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`,
];

/** The leaky membrane. */
function leaky<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: { readonly dt: V; readonly r: V; readonly v_leak: V },
  time: V,
  how: OptionValue,
): Pick<GeneralSettings<V>, 'rate' | 'rest' | 'gain' | 'initial'> {
  return { rate: decayedPart(ops, ops.div(p.dt, time), how), rest: p.v_leak, gain: p.r, initial: { v: p.v_leak } };
}

/** The synaptic current. */
function synapse<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: { readonly dt: V; readonly tau_syn: V; readonly w_in: V },
  how: OptionValue,
): Pick<GeneralSettings<V>, 'synapse'> {
  const ratio = ops.div(p.dt, p.tau_syn);
  return { synapse: { decay: decayFactor(ops, ratio, how), gain: ops.mul(decayedPart(ops, ratio, how), p.w_in) } };
}

/** Threshold and reset. */
function firing<V>(p: { readonly v_threshold: V; readonly v_reset: V }): Pick<GeneralSettings<V>, 'threshold' | 'strict' | 'reset'> {
  return { threshold: p.v_threshold, strict: true, reset: { kind: 'hard', value: p.v_reset } };
}

const lif = defineGeneralNeuron({
  name: 'nir.LIF',
  library,
  summary: "NIR's leaky integrate-and-fire node.",
  latex: [membraneLatex(String.raw`\tau`), ...firingLatex],
  notes: [formatNote, resetNote, importNote],
  parameters: { tau: tau('membrane'), r, v_leak, ...firingParameters, dt },
  options: { discretization },
  surrogate,
  timeStep,
  settings: (ops, p, { discretization: how }) => ({ ...leaky(ops, p, p.tau, how), ...firing(p) }),
});

const cubaLif = defineGeneralNeuron({
  name: 'nir.CubaLIF',
  library,
  summary: "NIR's leaky integrate-and-fire node with a synaptic current.",
  latex: [synapseLatex, drivenLatex, ...firingLatex],
  notes: [formatNote, resetNote, 'The membrane sees the current of the same step, as in the import of Norse.'],
  parameters: { tau_syn: tau('synaptic current'), tau_mem: tau('membrane'), r, v_leak, ...firingParameters, w_in, dt },
  options: { discretization },
  surrogate,
  timeStep,
  settings: (ops, p, { discretization: how }) => ({ ...synapse(ops, p, how), ...leaky(ops, p, p.tau_mem, how), ...firing(p) }),
});

const integrateAndFire = defineGeneralNeuron({
  name: 'nir.IF',
  library,
  summary: "NIR's integrate-and-fire node without leak.",
  latex: [String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, R \, I_t`, ...firingLatex],
  notes: [
    'The input is multiplied by dt as well as by r: with dt = 0.001 an input of 1 needs r = 1000 to add 1 in a step.',
    resetNote,
    'v starts at 0. snnTorch imports the node as Leaky with beta = 0.9.',
  ],
  parameters: { r, ...firingParameters, dt },
  options: { discretization: noDiscretization },
  surrogate,
  timeStep,
  settings: (ops, p) => ({ gain: ops.mul(p.dt, p.r), ...firing(p) }),
});

const li = defineGeneralNeuron({
  name: 'nir.LI',
  library,
  summary: "NIR's leaky integrator node, which never fires.",
  latex: [membraneLatex(String.raw`\tau`).replace(String.raw`v^\text{pre}_t`, 'v_t')],
  notes: [formatNote],
  parameters: { tau: tau('membrane'), r, v_leak, dt },
  options: { discretization },
  surrogate: null,
  timeStep,
  settings: (ops, p, { discretization: how }) => leaky(ops, p, p.tau, how),
});

const cubaLi = defineGeneralNeuron({
  name: 'nir.CubaLI',
  library,
  summary: "NIR's leaky integrator node with a synaptic current, which never fires.",
  latex: [synapseLatex, drivenLatex.replace(String.raw`v^\text{pre}_t`, 'v_t')],
  notes: [formatNote, 'The membrane sees the current of the same step, as in the import of Norse.'],
  parameters: { tau_syn: tau('synaptic current'), tau_mem: tau('membrane'), r, v_leak, w_in, dt },
  options: { discretization },
  surrogate: null,
  timeStep,
  settings: (ops, p, { discretization: how }) => ({ ...synapse(ops, p, how), ...leaky(ops, p, p.tau_mem, how) }),
});

const integrator = defineGeneralNeuron({
  name: 'nir.I',
  library,
  summary: "NIR's integrator node, which never fires.",
  latex: [String.raw`v_t = v_{t-1} + \text{dt} \, R \, I_t`],
  notes: ['v starts at 0.'],
  parameters: { r, dt },
  options: { discretization: noDiscretization },
  surrogate: null,
  timeStep,
  settings: (ops, p) => ({ gain: ops.mul(p.dt, p.r) }),
});

/** NIR's nodes. */
export const nir = [lif, cubaLif, integrateAndFire, li, cubaLi, integrator];
