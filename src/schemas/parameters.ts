import { Type, type TProperties } from '@sinclair/typebox';

import { catalogue } from '../compute/surrogates/catalogue.ts';
import { summaries } from '../compute/losses/summaries.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import type { NeuronModel } from '../compute/neurons/model.ts';
import { computeOptions } from './common.ts';
import { LifGradRequest, LifSimulateRequest, lossTypes } from './lif.ts';

const frameLength = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }));

/** The header of every request that computes. Headers here are documentation: they are checked where they are read. */
const timeout = {
  'X-Request-Timeout-Ms': Type.Optional(
    Type.Integer({ minimum: 1, description: 'Milliseconds after which to answer 504, at most `REQUEST_TIMEOUT_MS`.' }),
  ),
};

export const computeHeaders = Type.Object({
  'Inference-Header-Content-Length': frameLength('With `application/octet-stream`, which needs it: how many bytes of the body are JSON.'),
  ...timeout,
});

export const inferHeaders = Type.Object({
  'Inference-Header-Content-Length': frameLength('How many bytes of the body are JSON, where tensors follow as bytes.'),
  ...timeout,
});

const parameters = [...catalogue.values()].flatMap((definition) => Object.entries(definition.parameters));
const parameterDescription = "A surrogate's parameter.";

/** All surrogates' parameters that are numbers, as fields of a query. */
export function surrogateParameters(): TProperties {
  const names = new Set(parameters.flatMap(([name, { list }]) => (list ? [] : [name])));
  return Object.fromEntries([...names].sort().map((name) => [name, Type.Optional(Type.Number({ description: parameterDescription }))]));
}

/** All surrogates' parameters that are lists, as fields of a query. */
export function surrogateLists(): TProperties {
  const names = new Set(parameters.flatMap(([name, { list }]) => (list ? [name] : [])));
  const description = `${parameterDescription} Numbers separated by commas.`;
  return Object.fromEntries([...names].map((name) => [name, Type.Optional(Type.String({ description }))]));
}

const names = (description: string) => Type.Optional(Type.String({ description: `${description}, separated by commas.` }));
const number = (description: string) => Type.Optional(Type.Number({ description }));

const surrogate = {
  surrogate: Type.Optional(Type.String({ description: 'A name, or the JSON object as text.' })),
  ...surrogateParameters(),
};

/** The fields of a neuron as fields of a query. */
function neuronFields({ parameters, nullable, options }: NeuronModel): TProperties {
  const fields: TProperties = { v_init: number('Potential before the first step.') };
  for (const [name, { meaning, unit }] of Object.entries({ ...nullable, ...parameters }))
    fields[name] = number(`${meaning}${unit === undefined ? '' : `, ${unit}`}.`);
  for (const [name, { values, meaning }] of Object.entries(options)) {
    const description = `${meaning}.`;
    const schema = values === undefined ? Type.Boolean({ description }) : Type.String({ enum: [...values], description });
    if (name !== 'detach_reset') fields[name] = Type.Optional(schema);
  }
  return fields;
}

const run = {
  steps: LifSimulateRequest.properties.steps,
  dt: LifSimulateRequest.properties.dt,
  time_axis: LifSimulateRequest.properties.time_axis,
  forward: LifSimulateRequest.properties.forward,
  model: Type.Optional(
    Type.String({
      description:
        'The model of the neuron, `lif` unless given; `GET /neurons` lists them with their fields, which the query takes in the place of these.',
    }),
  ),
};
const neuron = { ...neuronFields(neuronModel('lif')), ...run };

/** The query of an npy body, which has the rest of the request. It is documentation: the query is checked where it is read. */
const query = (fields: TProperties) =>
  Type.Object({ ...fields, ...computeOptions }, { description: 'With `application/x-npy`: what else the request says.' });

export const surrogateEvalQuery = query({ ...surrogate, outputs: names('`spike` or `value`') });
export const surrogateGradQuery = query({ ...surrogate, cotangent: number('Factor of the gradient.') });
export const lifSimulateQuery = query({ ...neuron, surrogate: surrogate.surrogate, record: names('What comes back') });
const differentiated = {
  ...neuron,
  ...surrogate,
  detach_reset: LifGradRequest.properties.detach_reset,
  loss: Type.Optional(Type.String({ enum: [...lossTypes], description: 'The kind of loss.' })),
  target: number('What the loss is to reach: Hz, ms or a potential.'),
  labels: number('The neuron that is to win, for `cross_entropy`.'),
  loss_on: Type.Optional(Type.String({ enum: Object.keys(summaries), description: '`on` of `cross_entropy`.' })),
  loss_tau: number('`tau` of `van_rossum`, ms.'),
  cotangent_spikes: number('What the loss changes with each spike.'),
  cotangent_v: number('What the loss changes with each potential.'),
  cotangent_v_pre: number('What the loss changes with each potential before the reset.'),
};
export const lifGradQuery = query({ ...differentiated, wrt: names('What to differentiate by') });
export const lifJvpQuery = query({
  ...differentiated,
  tangent_current: number('The tangent of the current; those of others are `tangent_<name>` too.'),
});
