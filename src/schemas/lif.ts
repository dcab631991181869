import { Type, type Static, type TSchema } from '@sinclair/typebox';

import {
  differentiable,
  recordable,
  records,
  resetModes,
  type Differentiable,
  type Integration,
  type Recordable,
  type ResetMode,
} from '../compute/jobs.ts';
import { lifParameterRecord, lifParameters, type LifParameter } from '../compute/neurons/lif-parameters.ts';
import { computeOptions, DryRun, Meta, Names, namesSchema, RowsOutline, TensorOutline } from './common.ts';
import { ResolvedSurrogate, SurrogateChoice } from './surrogate.ts';
import { Tensor, TensorAnswer } from './tensor.ts';

export const recordSchema = namesSchema(
  'Recorded',
  recordable,
  '`spike_counts` [B], `firing_rates` [B] in Hz, `spike_times` (B lists, ms), `spikes` [B, T], `v` [B, T] after the reset, `v_pre` [B, T] before it, `v_final` [B].',
);
export const wrtSchema = namesSchema('Differentiable', differentiable, 'Quantities that a gradient can be taken with respect to.');

function describeParameter(name: LifParameter): string {
  const { default: value, exclusiveMinimum, unit, meaning } = lifParameters[name];
  const range = `${unit === undefined ? '' : ` in ${unit}`}${exclusiveMinimum === undefined ? '' : `, above ${exclusiveMinimum}`}`;
  return `${meaning}${range}; a number for all neurons or one value per neuron [B]. Default ${value}.`;
}

/** The neuron's parameters and its options. */
export const Neuron = Type.Object(
  {
    ...lifParameterRecord((name) => Type.Optional(Tensor(describeParameter(name)))),
    reset: Type.Optional(
      Type.Unsafe<ResetMode>(
        Type.String({
          enum: [...resetModes],
          description: 'After a spike: v becomes v_reset, loses v_threshold, or stays. Default `hard`.',
        }),
      ),
    ),
    refractory: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'How long a neuron is held after a spike, ms, rounded to steps: v stays, its input has no effect. Default 0.',
      }),
    ),
    integration: Type.Optional(
      Type.Unsafe<Integration>(
        Type.String({ enum: ['euler', 'exponential'], description: 'k = dt / tau, or k = 1 - exp(-dt / tau). Default `euler`.' }),
      ),
    ),
    input_scaling: Type.Optional(Type.Boolean({ description: 'Whether k multiplies the input too, or only the leak. Default true.' })),
  },
  { $id: 'Neuron', additionalProperties: false, description: 'The LIF neuron; everything has a default.' },
);
export type Neuron = Static<typeof Neuron>;

const inputAndNeuron = {
  current: Tensor('A number or [B], constant in time, with `steps`; or [B, T], one value a step.'),
  steps: Type.Optional(
    Type.Integer({ minimum: 1, description: 'T. Required when the current is constant in time; must equal T otherwise.' }),
  ),
  dt: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Length of a step, ms. Default 0.1.' })),
  neuron: Type.Optional(Neuron),
};

export const LifSimulateRequest = Type.Object(
  {
    ...inputAndNeuron,
    record: Type.Optional(Names<Recordable>(recordSchema, 'What comes back; `spike_counts` and `firing_rates` unless given.')),
    ...computeOptions,
  },
  { $id: 'LifSimulateRequest', additionalProperties: false },
);
export type LifSimulateRequest = Static<typeof LifSimulateRequest>;

function recordAnswer(name: Recordable) {
  const { per, meaning } = records[name];
  if (per === 'spike') return Type.Array(Type.Array(Type.Number()), { description: `${meaning}; B lists, in either encoding.` });
  return TensorAnswer(`${meaning}; ${per === 'step' ? '[B, T]' : '[B]'}.`);
}

export const LifSimulateAnswer = Type.Object(
  { ...Object.fromEntries(recordable.map((name) => [name, Type.Optional(recordAnswer(name))])), meta: Meta },
  { $id: 'LifSimulateAnswer' },
);

export const LifSimulateDryRun = DryRun(
  'LifSimulateDryRun',
  Object.fromEntries(recordable.map((name) => [name, Type.Optional(records[name].per === 'spike' ? RowsOutline : TensorOutline)])),
);

const AnyLoss = Type.Union([
  Type.Object(
    { type: Type.Literal('spike_count') },
    { title: 'spike_count', additionalProperties: false, description: 'The number of spikes.' },
  ),
  Type.Object(
    { type: Type.Literal('firing_rate_mse'), target: Tensor('Firing rate to reach, Hz; a number or [B].') },
    { title: 'firing_rate_mse', additionalProperties: false, description: '(firing rate - target)^2.' },
  ),
  Type.Object(
    {
      type: Type.Literal('cotangent'),
      spikes: Type.Optional(Tensor('What the loss changes with each spike; [B, T], or a number.')),
      v: Type.Optional(Tensor('What the loss changes with each potential after the reset; [B, T], or a number.')),
    },
    {
      title: 'cotangent',
      additionalProperties: false,
      description: 'The sum over t of spikes * s + v * v[t], at least one of the two given: a vector-Jacobian product.',
    },
  ),
]);

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

export const LifGradRequest = Type.Object(
  {
    ...inputAndNeuron,
    surrogate: Type.Optional(SurrogateChoice('What stands for the derivative of the spike; `sigmoid` unless given.')),
    detach_reset: Type.Optional(Type.Boolean({ description: 'Whether the spike in the reset counts as a constant. Default false.' })),
    wrt: Type.Optional(Names<Differentiable>(wrtSchema, 'What to differentiate by; `current` unless given.')),
    loss: Type.Optional(Loss),
    ...computeOptions,
  },
  { $id: 'LifGradRequest', additionalProperties: false },
);
export type LifGradRequest = Static<typeof LifGradRequest>;

const gradientOf = <Value extends TSchema>(value: (name: Differentiable) => Value) =>
  Type.Object(Object.fromEntries(differentiable.map((name) => [name, Type.Optional(value(name))])), {
    description: 'By quantity of `wrt`, each in the shape in which it was given; a number is the sum over neurons.',
  });

export const LifGradAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        surrogate: ResolvedSurrogate,
        loss: TensorAnswer("Each neuron's part of L; [B]."),
        spike_counts: TensorAnswer('Spikes of each neuron; [B].'),
        grad: gradientOf((name) => TensorAnswer(`dL / d ${name}.`)),
      }),
    ),
    meta: Meta,
  },
  { $id: 'LifGradAnswer' },
);

export const LifGradDryRun = DryRun('LifGradDryRun', {
  results: Type.Array(
    Type.Object({ surrogate: ResolvedSurrogate, loss: TensorOutline, spike_counts: TensorOutline, grad: gradientOf(() => TensorOutline) }),
  ),
});
