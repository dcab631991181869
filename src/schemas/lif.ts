import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox';

import { records, type FixedRecord, type SummaryName } from '../compute/jobs.ts';
import { summaries } from '../compute/losses/summaries.ts';
import { catalogue } from '../compute/surrogates/catalogue.ts';
import { answerSchemas, RowsOutline } from './bodies.ts';
import { computeOptions, fieldsOf, Names, namesSchema, Word } from './common.ts';
import { differentiableParameters, NeuronChoice, stateNames, States, type StateInput } from './neuron.ts';
import { ResolvedSurrogate, Results, SurrogateChoice } from './surrogate.ts';
import { Tensor, type TensorInput } from './tensor.ts';

/** The fixed records. */
export const fixedRecords = Object.keys(records) as readonly FixedRecord[];
/** States as records by name: v is one of the fixed ones. */
export const recordedStates = stateNames.filter((state) => state !== 'v');
/** The quantities that most requests name, first in lists of them. */
const usualQuantities = ['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'];
/** Single quantities that a gradient can be taken with respect to, of all models; each model has some of them. */
export const quantityNames: readonly string[] = [
  ...new Set([...usualQuantities, ...differentiableParameters, ...stateNames.map((state) => `${state}_init`)]),
];
const surrogateParameters = [
  ...new Set([...catalogue.values()].flatMap(({ parameters }) => Object.keys(parameters).filter((name) => !parameters[name]!.integer))),
].map((name) => `surrogate.${name}`);

export const recordSchema = namesSchema(
  'Recorded',
  [...fixedRecords, ...recordedStates],
  '`spike_counts` [B], `firing_rates` [B] in Hz, `spike_times` (B lists, ms), `spikes` [B, T]; `v` [B, T] as the library records it, `v_pre` before the reset, `v_post` after it, other states of the neuron by name; `v_final` [B]; `state`, everything that a run continues from.',
);
export const wrtSchema = namesSchema(
  'Differentiable',
  [...quantityNames, 'state', ...surrogateParameters],
  'Quantities that a gradient can be taken with respect to: the current, parameters of the neuron, `<state>_init`, `state` for all initial states, and `surrogate.<parameter>`.',
);

const inputAndNeuron = {
  current: Tensor(
    'A number or [B], constant in time, with `steps`; or [B, T], one value a step. [..., B, T] is a batch, which shares parameters [B]; answers have its axes.',
  ),
  steps: Type.Optional(
    Type.Integer({ minimum: 1, description: 'T. Required when the current is constant in time; must equal T otherwise.' }),
  ),
  dt: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description:
        "Length of a step, ms. Default 0.1; for neurons of libraries, which have a time step of their own, it only scales times and rates, and is the neuron's unless given, 1 for those in steps.",
    }),
  ),
  time_axis: Type.Optional(
    Type.Unsafe<0 | -1>(
      Type.Integer({
        enum: [0, -1],
        description: 'The axis of time in requests and answers: 0, [T, ..., B], or -1, [..., B, T]. Default -1.',
      }),
    ),
  ),
  neuron: Type.Optional(NeuronChoice('The neuron; everything of `lif` has a default.')),
  state: Type.Optional(States('The state to start from, by state, in place of `<state>_init` in `neuron`.')),
  forward: Type.Optional(
    Word(
      ['spikes', 'smooth'],
      "`smooth` puts the surrogate's value in the place of every spike, and detaches nothing: a smooth function, which finite differences can check. Default `spikes`.",
    ),
  ),
};

export const LifSimulateRequest = Type.Object(
  {
    ...inputAndNeuron,
    record: Type.Optional(Names(recordSchema, 'What comes back; `spike_counts` and `firing_rates` unless given.')),
    surrogate: Type.Optional(SurrogateChoice('With `"forward": "smooth"`: what stands in the place of the spike.')),
    ...computeOptions,
  },
  { $id: 'LifSimulateRequest', additionalProperties: false },
);
export type LifSimulateRequest = Static<typeof LifSimulateRequest>;

/** The settings of the general neuron that a library's name stands for. */
const neuronAnswer = Type.Optional(fieldsOf(true, 'The settings of the model `general` that the name of a library stands for.'));

export const [LifSimulateAnswer, LifSimulateDryRun] = answerSchemas('LifSimulate', (tensor, isDryRun) => {
  const recorded = ({ per, meaning }: (typeof records)[FixedRecord]): TSchema => {
    if (per === 'spike')
      return isDryRun ? RowsOutline : Type.Array(Type.Array(Type.Number()), { description: `${meaning}; B lists, in either encoding.` });
    if (per === 'state') return fieldsOf(tensor('[B].'), isDryRun ? 'By state.' : `${meaning}; [B] each.`);
    return tensor(`${meaning}; ${per === 'step' ? '[B, T]' : '[B]'}.`);
  };
  return {
    ...Object.fromEntries(fixedRecords.map((name) => [name, Type.Optional(recorded(records[name]))])),
    ...Object.fromEntries(recordedStates.map((name) => [name, Type.Optional(tensor(`The state ${name} after each step; [B, T].`))])),
    neuron: neuronAnswer,
  };
});

const perStepCotangent = (what: string) =>
  Type.Optional(Tensor(`What the loss changes with each ${what}; [B, T], [1, T], [B, 1], [B], or a number.`));

const crossEntropyInput = Word(
  Object.keys(summaries) as readonly SummaryName[],
  "A neuron's logit; of first spike times, ms, their negative.",
);

const loss = <Name extends string, Fields extends TProperties>(type: Name, description: string, fields: Fields) =>
  Type.Object({ type: Type.Literal(type), ...fields }, { title: type, additionalProperties: false, description });

const AnyLoss = Type.Union([
  loss('spike_count', 'The number of spikes.', {}),
  loss('firing_rate_mse', '(firing rate - target)^2.', { target: Tensor('Firing rate to reach, Hz; a number or [B].') }),
  loss(
    'cotangent',
    'The sum over t of spikes * s + v * v[t] + v_pre * v_pre[t], and of state * the last state, at least one of them given: a vector-Jacobian product.',
    {
      spikes: perStepCotangent('spike'),
      v: perStepCotangent('potential `v`'),
      v_pre: perStepCotangent('potential before the reset'),
      state: Type.Optional(States('What the loss changes with the state after the last step.')),
    },
  ),
  loss('cross_entropy', '-log of the softmax over neurons, of the neuron that `labels` names: one number for all neurons.', {
    on: crossEntropyInput,
    labels: Tensor('The index of the neuron that is to win, a whole number.'),
  }),
  loss('first_spike_time_mse', '(first spike time - target)^2, ms^2, as in snnTorch: without a spike, the time of the last step.', {
    target: Tensor('Time of the first spike to reach, ms; a number or [B].'),
  }),
  loss('van_rossum', 'The squared van Rossum distance of the spikes from others.', {
    target: Tensor('Spikes to reach, 0 or 1 a step; [B, T], or [1, T] for all neurons.'),
    tau: Type.Number({ exclusiveMinimum: 0, description: 'Time constant of the filter, ms.' }),
  }),
  loss('v_mse', 'The mean over time of (v - target)^2.', {
    target: Tensor('Potential to reach; [B, T], [1, T], [B, 1], [B], or a number.'),
  }),
]);

/** The types of losses. */
export const lossTypes: readonly string[] = AnyLoss.anyOf.map(({ properties }) => properties.type.const);

/** The variants as `oneOf` with a discriminator, so that errors are about the variant that was meant. */
export const Loss = Type.Unsafe<Static<typeof AnyLoss>>({
  $id: 'Loss',
  description: 'The loss L, summed over neurons; `spike_count` unless given.',
  type: 'object',
  oneOf: AnyLoss.anyOf,
  discriminator: { propertyName: 'type' },
  required: ['type'],
});
export type Loss = Static<typeof Loss>;

const differentiated = {
  ...inputAndNeuron,
  surrogate: Type.Optional(
    SurrogateChoice("What stands for the derivative of the spike; the neuron's default unless given, `sigmoid` for `lif`."),
  ),
  detach_reset: Type.Optional(
    Type.Boolean({
      description:
        'Whether the backward pass treats the spike in the reset as a constant. Default false. Neurons of libraries have it in `neuron`, if at all.',
    }),
  ),
  loss: Type.Optional(Loss),
};

export const LifGradRequest = Type.Object(
  { ...differentiated, wrt: Type.Optional(Names(wrtSchema, 'What to differentiate by; `current` unless given.')), ...computeOptions },
  { $id: 'LifGradRequest', additionalProperties: false },
);
export type LifGradRequest = Static<typeof LifGradRequest>;

/** A result's surrogate; neurons without spikes have none. */
const resultSurrogate = Type.Optional(ResolvedSurrogate);

export const [LifGradAnswer, LifGradDryRun] = answerSchemas('LifGrad', (tensor, isDryRun) => {
  const other = tensor('dL / d this quantity.');
  const grad = Type.Object(
    {
      ...Object.fromEntries(usualQuantities.map((name) => [name, Type.Optional(tensor(`dL / d ${name}.`))])),
      state: Type.Optional(fieldsOf(other, 'By state.')),
    },
    {
      description: 'By quantity of `wrt`, each in the shape in which it was given; a number is the sum over neurons.',
      additionalProperties: other,
    },
  );
  const loss = tensor("Each neuron's part of L; [B]. A number for `cross_entropy`.");
  const spike_counts = tensor('Spikes of each neuron, at most 2147483647; [B].');
  return { results: Results(Type.Object({ surrogate: resultSurrogate, loss, spike_counts, grad }), isDryRun), neuron: neuronAnswer };
});

export const LifJvpRequest = Type.Object(
  {
    ...differentiated,
    tangents: Type.Unsafe<Readonly<Record<string, TensorInput | StateInput>>>({
      type: 'object',
      description:
        'Tangents by the names that `wrt` of `/lif/grad` takes, each a number or in the shape of its quantity; `state` is an object by state. Tangents left out are 0.',
      additionalProperties: { anyOf: [{ $ref: 'Tensor#' }, { $ref: 'State#' }] },
    }),
    ...computeOptions,
  },
  { $id: 'LifJvpRequest', additionalProperties: false },
);
export type LifJvpRequest = Static<typeof LifJvpRequest>;

export const [LifJvpAnswer, LifJvpDryRun] = answerSchemas('LifJvp', (tensor, isDryRun) => {
  const result = Type.Object({
    surrogate: resultSurrogate,
    spikes: tensor('Tangent of each spike; [B, T].'),
    v: tensor('Tangent of each potential; [B, T].'),
    loss: tensor("Tangent of each neuron's part of L; [B]. A number for `cross_entropy`."),
  });
  return { results: Results(result, isDryRun), neuron: neuronAnswer };
});
