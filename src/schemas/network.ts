import { Type, type Static, type TSchema, type TUnsafe } from '@sinclair/typebox';

import { answerSchemas } from './bodies.ts';
import { computeOptions, fieldsOf, Names, schemaReference, Word, type NamedSchema } from './common.ts';
import { LifSimulateRequest, Loss } from './lif.ts';
import { NeuronChoice } from './neuron.ts';
import { SurrogateChoice } from './surrogate.ts';
import { Tensor, type TensorInput } from './tensor.ts';

/** A tensor named by its bytes. */
export interface NamedTensorInput {
  readonly sha256: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
}

/** Spikes one by one. */
export interface EventsInput {
  readonly events: { readonly sample: TensorInput; readonly neuron: TensorInput; readonly step: TensorInput };
  readonly shape: readonly number[];
}

const shape = Type.Array(Type.Integer({ minimum: 0 }));

/** A layer's tensor, for the documentation; `readWeight` checks it. */
export const weightSchema: NamedSchema = {
  $id: 'Weight',
  title: 'Weight',
  description:
    'A tensor, or the SHA-256 of one that an earlier request sent: of its bytes, little-endian and row-major, in the type in which it was sent; numbers in JSON are of the type that their request is computed in, float32 or float64. A server that does not have it answers 409 `tensor_unknown`. `dtype` and `shape` are only needed where several tensors have the same bytes.',
  anyOf: [
    { $ref: 'Tensor#' },
    {
      title: 'sha256',
      ...Type.Object(
        { sha256: Type.String({ pattern: '^[0-9a-fA-F]{64}$' }), dtype: Type.Optional(Type.String()), shape: Type.Optional(shape) },
        { additionalProperties: false },
      ),
    },
  ],
};

/** The input of a network, for the documentation; `readNetworkInput` checks it. */
export const networkInputSchema: NamedSchema = {
  $id: 'NetworkInput',
  title: 'Input of a network',
  description:
    'A tensor [batch, N_in, T], or events, each of which adds 1 to its element: flat integer tensors of the same length, which may be 0.',
  anyOf: [
    { $ref: 'Tensor#' },
    {
      title: 'events',
      ...Type.Object(
        {
          events: Type.Object(
            { sample: Tensor('From 0.'), neuron: Tensor('From 0.'), step: Tensor('From 0.') },
            { additionalProperties: false },
          ),
          shape,
        },
        { additionalProperties: false },
      ),
    },
  ],
};

/** Paths of a network, for the documentation; `distinctNames` checks them. */
export const networkPathsSchema: NamedSchema = {
  $id: 'NetworkPaths',
  description: 'Distinct paths.',
  ...Type.Array(Type.String(), { minItems: 1, uniqueItems: true }),
};

function Weight(description: string): TUnsafe<TensorInput | NamedTensorInput> {
  return Type.Unsafe<TensorInput | NamedTensorInput>(schemaReference(weightSchema, description));
}

/** Layers of one request: each is compiled. */
export const maxLayers = 64;

const layer = {
  weight: Weight('[N_out, N_in]: row n weighs what neuron n gets from the layer below, or from the input.'),
  bias: Type.Optional(Weight('[N_out], added in every step.')),
  recurrent: Type.Optional(Weight("[N_out, N_out]: row n weighs what the layer's neurons returned one step earlier.")),
  neuron: Type.Optional(NeuronChoice('The neurons, with parameters for all or one a neuron, [N_out].')),
  surrogate: Type.Optional(SurrogateChoice("One surrogate; the neuron's default unless given.")),
  detach_reset: Type.Optional(Type.Boolean({ description: 'As in `/lif/grad`.' })),
};
const layersOf = <L extends TSchema>(one: L) => Type.Array(one, { minItems: 1, maxItems: maxLayers, description: 'From the input up.' });

const whole = {
  input: Type.Unsafe<TensorInput | EventsInput>(
    schemaReference(networkInputSchema, 'Spikes or currents, [batch, N_in, T]; with `"time_axis": 0` [T, batch, N_in].'),
  ),
  dt: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: "Length of a step, ms; the neurons' own unless given, 0.1 for those of no library. Required where layers' differ.",
    }),
  ),
  time_axis: LifSimulateRequest.properties.time_axis,
};

const SimulatedLayer = Type.Object(
  { ...layer, record: Type.Optional(Names<string>(networkPathsSchema, "Records of this layer: the request's without `layers/{l}/`.")) },
  { $id: 'SimulatedLayer', additionalProperties: false },
);

export const NetworkSimulateRequest = Type.Object(
  {
    ...whole,
    layers: layersOf(SimulatedLayer),
    record: Type.Optional(
      Names<string>(
        networkPathsSchema,
        'What comes back beside `spike_counts`: `layers/{l}/` and `spikes`, `v`, `v_pre`, `v_post` or a state by name, [batch, N_out, T]; `firing_rates` or `v_final`, [batch, N_out].',
      ),
    ),
    ...computeOptions,
  },
  { $id: 'NetworkSimulateRequest', additionalProperties: false },
);
export type NetworkSimulateRequest = Static<typeof NetworkSimulateRequest>;

const DifferentiatedLayer = Type.Object(
  {
    ...layer,
    rate_penalty: Type.Optional(
      Type.Object(
        { weight: Type.Number(), target: Type.Optional(Type.Number({ minimum: 0, description: 'Hz. Default 0.' })) },
        {
          additionalProperties: false,
          description: "Adds `weight` times the sum over neurons of (firing rate - target)^2 to each sample's loss. Of hidden layers.",
        },
      ),
    ),
  },
  { $id: 'DifferentiatedLayer', additionalProperties: false },
);

export const NetworkGradRequest = Type.Object(
  {
    ...whole,
    layers: layersOf(DifferentiatedLayer),
    loss: Type.Optional(Loss),
    reduction: Type.Optional(Word(['mean', 'sum'], "How samples' losses become the one that is differentiated. Default `mean`.")),
    wrt: Type.Optional(
      Names<string>(
        networkPathsSchema,
        'What to differentiate by: `layers/{l}/weight`, `bias`, `recurrent` or `neuron/{name}` with a parameter or `<state>_init`, and `input`. All weights, biases and recurrent weights unless given.',
      ),
    ),
    ...computeOptions,
  },
  { $id: 'NetworkGradRequest', additionalProperties: false },
);
export type NetworkGradRequest = Static<typeof NetworkGradRequest>;

/** A layer of either request. */
export type LayerRequest = Static<typeof SimulatedLayer> & Static<typeof DifferentiatedLayer>;

const spikeCounts = (tensor: (description: string) => TSchema) => Type.Array(tensor('[batch, N_out].'), { description: 'Of each layer.' });

export const [NetworkSimulateAnswer, NetworkSimulateDryRun] = answerSchemas('NetworkSimulate', (tensor) => ({
  spike_counts: spikeCounts(tensor),
  record: Type.Optional(fieldsOf(tensor('[batch, N_out, T] or [batch, N_out].'), 'By path; with time first [T, batch, N_out].')),
}));

export const [NetworkGradAnswer, NetworkGradDryRun] = answerSchemas('NetworkGrad', (tensor, isDryRun) => {
  const number = (description: string) => (isDryRun ? tensor(description) : Type.Number({ description }));
  return {
    loss: tensor("Each sample's loss, [batch]."),
    reduced_loss: number('Their mean or sum, which is differentiated.'),
    accuracy: Type.Optional(number('Of `cross_entropy`: the fraction of samples whose label has the largest logit.')),
    spike_counts: spikeCounts(tensor),
    grad: fieldsOf(tensor('In the shape in which its quantity was given.'), 'By path of `wrt`; a scalar parameter has a scalar gradient.'),
  };
});
