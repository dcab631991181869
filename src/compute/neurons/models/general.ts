import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import type { GeneralSettings, Synapse } from '../general-settings.ts';
import type { DerivedTree, NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const synapseParameters = (path: string, of: string) =>
  ({
    [`${path}.decay`]: { meaning: `Factor of ${of} in a step; there is no such current unless it is given` },
    [`${path}.gain`]: { meaning: `Factor of the input of ${of}; 1 unless given` },
    [`${path}.weight`]: { meaning: `Factor of ${of} in the drive of the membrane; 1 unless given` },
  }) satisfies Record<string, NeuronParameter>;

const timing = {
  default: 'decay_first',
  values: ['decay_first', 'decay_last', 'delayed'],
  meaning: 'When the membrane sees the input: after the current has decayed, before it decays, or one step late (`delay` 1)',
} as const satisfies NeuronOption;

const parameters: Readonly<Record<string, NeuronParameter>> = {
  leak: { meaning: 'Factor of the membrane in a step; 1 unless given' },
  rate: { meaning: 'In the place of leak: part of the way to its target that the membrane covers in a step' },
  rest: { meaning: 'Resting potential; 0 unless given' },
  gain: { meaning: 'Factor of the drive; 1 unless given' },
  bias: { meaning: 'Added to the membrane in every step' },
  rectifier_gain: { meaning: 'v_pre is max(0, rectifier_gain v_pre)' },
  threshold: { default: 1, meaning: 'Threshold' },
  scale: { meaning: 'The surrogate is taken at scale (v_pre - threshold); 1 unless given' },
  v_min: { meaning: 'Lower bound of the potential' },
  recurrent: { meaning: "Factor of the last step's own output in the input" },
  graded_factor: { none: 1, meaning: 'Factor of the returned spikes' },
  ...synapseParameters('synapse', 'the synaptic current u'),
  ...synapseParameters('synapse.0', 'the first of two synaptic currents, u_1'),
  ...synapseParameters('synapse.1', 'the second of two synaptic currents, u_2'),
  'adaptation.decay': { meaning: 'Factor of the adaptation in a step; there is none unless it is given' },
  'adaptation.weight': { meaning: 'Factor of the adaptation where it acts; 1 unless given' },
  'adaptation.jump': { meaning: 'What a spike adds to the adaptation; 0 unless given' },
  'adaptation.coupling': { meaning: "Factor of the membrane's distance from adaptation.rest, which is added in every step" },
  'adaptation.rest': { meaning: '0 unless given' },
  'reset.drop': { meaning: 'What a soft reset takes away: a number, "threshold" (the default), or "effective" for the adapted threshold' },
  'reset.value': { meaning: 'Potential after a hard reset; 0 unless given' },
  'reset.divisor': { meaning: 'Divisor of membrane and threshold before the reset' },
  'multi_spike.max': { exclusiveMinimum: 0, meaning: 'Largest number of spikes in a step' },
  'refractory.steps': { minimum: 0, meaning: 'Steps of refractoriness after a spike' },
  'drift.dt': { exclusiveMinimum: 0, meaning: 'Length of a step in the unit of the rate; 1 unless given' },
  'drift.tau': { exclusiveMinimum: 0, meaning: 'Time constant of a quadratic or exponential drift; 1 unless given' },
  'drift.rest': { meaning: 'Resting potential of the drift; 0 unless given' },
  'drift.critical': { meaning: 'Other zero of a quadratic drift; 1 unless given' },
  'drift.curvature': { meaning: 'Curvature of a quadratic drift; 1 unless given' },
  'drift.onset': { meaning: 'Onset of an exponential drift; 1 unless given' },
  'drift.sharpness': { exclusiveMinimum: 0, meaning: 'Sharpness of an exponential drift; 1 unless given' },
  'drift.gain': { meaning: 'Factor of the drive in a quadratic or exponential drift; 1 unless given' },
  'drift.rate': { meaning: 'Factor of a polynomial drift; 1 unless given' },
  'drift.square': { meaning: 'Quadratic coefficient of a polynomial drift; 0 unless given' },
  'drift.linear': { meaning: 'Linear coefficient of a polynomial drift; 0 unless given' },
  'drift.constant': { meaning: 'Constant of a polynomial drift; 0 unless given' },
};

const options: Readonly<Record<string, NeuronOption>> = {
  spiking: { default: true, meaning: 'Whether it ever fires; without that it has no threshold' },
  strict: { default: false, meaning: 'Whether v_pre has to exceed the threshold rather than reach it' },
  input_scaling: { default: true, meaning: 'Whether rate multiplies the input too' },
  threshold_gradient: {
    default: 'full',
    values: ['full', 'none', 'relative'],
    meaning: "The threshold's gradient through the spike: that of v_pre - threshold, none, or v_pre / threshold times it",
  },
  'synapse.timing': timing,
  'synapse.0.timing': timing,
  'synapse.1.timing': timing,
  'adaptation.to': { default: 'threshold', values: ['threshold', 'current'], meaning: 'What the adaptation is added to' },
  'adaptation.couples_to': {
    default: 'v_pre',
    values: ['v', 'v_pre'],
    meaning: 'Which membrane coupling reads: before the step, or before the reset',
  },
  'adaptation.decays_first': { default: false, meaning: 'Whether the adaptation decays before the spike decision' },
  'adaptation.detached': { default: false, meaning: 'Whether the spike that adds the jump is a constant in the backward pass' },
  'reset.kind': {
    default: 'hard',
    values: ['soft', 'hard', 'none'],
    meaning: 'Whether a spike lowers the membrane, sets it, or leaves it',
  },
  'reset.when': {
    default: 'end',
    values: ['end', 'start', 'late', 'recheck'],
    meaning: "At the end of the spike's step, at the start of the next, there after the decay, or with the stored membrane compared again",
  },
  'reset.gradient': {
    default: 'through',
    values: ['through', 'mask', 'value', 'jump', 'value_only', 'ignored'],
    meaning: 'What the backward pass sees of the reset',
  },
  'reset.drop_effective': { default: false, meaning: 'What `"drop": "effective"` sets: a soft reset takes away the adapted threshold' },
  'reset.currents': { default: false, meaning: 'Whether a late hard reset takes the synaptic currents too' },
  multi_spike: { default: false, meaning: 'Whether it may fire several times in a step' },
  'refractory.mode': { default: 'hold', values: ['hold', 'free', 'leak', 'norse'], meaning: 'What refractoriness does' },
  'drift.kind': {
    default: 'none',
    values: ['none', 'quadratic', 'exponential', 'polynomial'],
    meaning: "The membrane's own dynamics in the place of leak and rate",
  },
  'drift.integration': { default: 'euler', values: ['euler', 'exponential'], meaning: 'Euler step, or exponential Euler step' },
  output_lag: { default: false, meaning: 'Whether a step returns the spike of the membrane before it' },
  record: { default: 'post', values: ['pre', 'post'], meaning: 'Which membrane is v: before or after the reset' },
};

/** Numbers of a drift where a request leaves them out. */
const driftDefaults = {
  dt: 1,
  tau: 1,
  rest: 0,
  critical: 1,
  curvature: 1,
  onset: 1,
  sharpness: 1,
  rate: 1,
  square: 0,
  linear: 0,
  constant: 0,
};

/** The general neuron by its own settings, each by its path: `leak`, `synapse.decay`. Requests nest them: see `flatSettings`. */
export const general = defineGeneralNeuron({
  name: 'general',
  library: null,
  summary: "The general neuron by its own settings, of which the libraries' neurons are special cases.",
  latex: [
    String.raw`u_t = \lambda_u \, u_{t-1} + g_u \, I_t`,
    String.raw`v^\text{pre}_t = \lambda \, v_{t-1} + (1 - \lambda) \, v_\text{rest} + G \, u_t + \text{bias}`,
    String.raw`s_t = [v^\text{pre}_t \ge \theta + c \, a_{t-1}]`,
    String.raw`v_t = \max(v^\text{pre}_t - s_t \, \text{drop}, v_\text{min})`,
    String.raw`a_t = \lambda_a \, a_{t-1} + j \, s_t`,
  ],
  notes: [
    'Settings stand in groups: {"synapse": {"decay": 0.8}} is synapse.decay here and in wrt.',
    'Two synaptic currents are a list: {"synapse": [{"decay": 0.8}, {"decay": 0.5}]}.',
    'Time is counted in steps.',
  ],
  nullable: parameters,
  options,
  surrogate: 'sigmoid',
  settings: nestedSettings,
});

/** The settings in their groups; those of mechanisms that the neuron lacks are left out. */
function nestedSettings<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: Readonly<Partial<Record<string, V>>>,
  chosen: Readonly<Record<string, OptionValue>>,
): Partial<GeneralSettings<V>> {
  const named = [...Object.entries(p), ...Object.entries(chosen)];
  const group = (path: string): DerivedTree<V> =>
    Object.fromEntries(
      named.flatMap(([name, value]) => {
        const inner = name.slice(path.length);
        return name.startsWith(path) && !inner.includes('.') ? [[inner, value]] : [];
      }),
    );
  const given = (name: string) => p[name] !== undefined;
  const synapses = ['synapse.0', 'synapse.1'].filter((path) => given(`${path}.decay`)).map((path) => group(`${path}.`) as Synapse<V>);
  if (given('synapse.decay')) synapses.unshift(group('synapse.') as Synapse<V>);
  const { drop_effective, ...reset } = group('reset.');
  const { multi_spike, spiking, threshold, ...settings } = group('');
  const driftConstants = Object.fromEntries(Object.entries(driftDefaults).map(([name, value]) => [name, ops.constant(value)]));
  // The tables of parameters and options have the names of these settings.
  const tree: DerivedTree<V> = {
    ...settings,
    ...(spiking === true && threshold !== undefined && { threshold }),
    ...(synapses.length > 0 && { synapse: synapses.length === 1 ? synapses[0]! : synapses }),
    ...(given('adaptation.decay') && { adaptation: group('adaptation.') }),
    reset: { ...reset, ...(drop_effective === true && { drop: 'effective' }) },
    ...(multi_spike === true && { multi_spike: group('multi_spike.') }),
    ...(given('refractory.steps') && { refractory: group('refractory.') }),
    ...(chosen['drift.kind'] !== 'none' && { drift: { ...driftConstants, ...group('drift.') } }),
  };
  return tree;
}
