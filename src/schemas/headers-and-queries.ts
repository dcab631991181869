import { Type, type TProperties } from '@sinclair/typebox';

import { catalogue } from '../compute/surrogates/catalogue.ts';
import { summaries } from '../compute/losses/summaries.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import type { NeuronModel } from '../compute/neurons/model.ts';
import { grounds } from '../plot/draw.ts';
import { themes } from '../plot/palette.ts';
import { computeOptions } from './common.ts';
import { LifGradRequest, LifSimulateRequest, lossTypes } from './lif.ts';

/** The headers of every request that computes. Headers and queries here are documentation: they are checked where they are read. */
const computeHeadersWith = (frameLength: string) =>
  Type.Object({
    'Inference-Header-Content-Length': Type.Optional(Type.Integer({ minimum: 0, description: frameLength })),
    'X-Request-Timeout-Ms': Type.Optional(
      Type.Integer({ minimum: 1, description: 'Milliseconds after which to answer 504, at most `REQUEST_TIMEOUT_MS`.' }),
    ),
  });

export const computeHeaders = computeHeadersWith('With `application/octet-stream`, which needs it: how many bytes of the body are JSON.');
export const inferHeaders = computeHeadersWith('How many bytes of the body are JSON, where tensors follow as bytes.');

const parameters = [...catalogue.values()].flatMap((definition) => Object.entries(definition.parameters));
const namesOf = (isList: boolean) => [
  ...new Set(parameters.filter(([, { list }]) => (list !== undefined) === isList).map(([name]) => name)),
];

/** All surrogates' parameters that are numbers, and all that are lists, as fields of a query. */
const surrogateNumbers: TProperties = Object.fromEntries(
  namesOf(false)
    .sort()
    .map((name) => [name, Type.Optional(Type.Number({ description: "A surrogate's parameter." }))]),
);
const surrogateLists: TProperties = Object.fromEntries(
  namesOf(true).map((name) => [name, Type.Optional(Type.String({ description: "A surrogate's parameter. Numbers separated by commas." }))]),
);

const names = (description: string) => Type.Optional(Type.String({ description: `${description}, separated by commas.` }));
const number = (description: string) => Type.Optional(Type.Number({ description }));

const surrogate = { surrogate: Type.Optional(Type.String({ description: 'A name, or the JSON object as text.' })), ...surrogateNumbers };

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

/** The query of an npy body, which has the rest of the request. */
const npyQuery = (fields: TProperties) =>
  Type.Object({ ...fields, ...computeOptions }, { description: 'With `application/x-npy`: what else the request says.' });

export const surrogateEvalQuery = npyQuery({ ...surrogate, outputs: names('`spike` or `value`') });
export const surrogateGradQuery = npyQuery({ ...surrogate, cotangent: number('Factor of the gradient.') });
export const lifSimulateQuery = npyQuery({ ...neuron, surrogate: surrogate.surrogate, record: names('What comes back') });
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
export const lifGradQuery = npyQuery({ ...differentiated, wrt: names('What to differentiate by') });
export const lifJvpQuery = npyQuery({
  ...differentiated,
  tangent_current: number('The tangent of the current; those of others are `tangent_<name>` too.'),
});

/** The least and the greatest width and height of a picture, pixels. */
export const pictureSides = [160, 2400] as const;
/** The most surrogates of one picture. */
export const maxCompared = 16;
/** The most steps of a run that is drawn. */
export const maxDrawnSteps = 5000;
/** The most currents over which a gradient is drawn. */
export const maxDrawnCurrents = 500;

/** The width and the height of pictures, pixels. */
export const surrogatePictureSize = [720, 300] as const;
export const runPictureSize = [720, 460] as const;

/** What every picture's query has: none of these is a parameter of a surrogate or a neuron. */
function look([width, height]: readonly [number, number]): TProperties {
  return {
    size: Type.Optional(Type.String({ default: `${width}x${height}`, description: 'Width and height in pixels.' })),
    theme: Type.Optional(Type.String({ enum: [...themes], default: themes[0], description: 'Of the page around it.' })),
    background: Type.Optional(Type.String({ enum: [...grounds], default: grounds[0], description: 'What is behind the curves.' })),
  };
}

const axis = {
  x_min: Type.Optional(Type.Number({ default: -2, description: 'The left end of the axis.' })),
  x_max: Type.Optional(Type.Number({ default: 2, description: 'The right end of the axis.' })),
};

const pictureQuery = (fields: TProperties) => Type.Unsafe<Record<string, unknown>>(Type.Object(fields));

export const surrogatePictureQuery = pictureQuery({ ...surrogateNumbers, ...surrogateLists, ...axis, ...look(surrogatePictureSize) });

export const comparisonPictureQuery = pictureQuery({
  names: Type.String({
    examples: ['sigmoid,arctan(alpha=3)'],
    description: `Up to ${maxCompared} surrogates, separated by commas, with parameters in parentheses.`,
  }),
  ...axis,
  ...look(surrogatePictureSize),
});

const steps = (usual: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: maxDrawnSteps, default: usual, description: 'Time steps.' }));
const dt = Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Length of a step, ms.' }));

export const runPictureQuery = pictureQuery({
  current: Type.Optional(Type.String({ default: '1.5', description: 'A number, or one for each step, separated by commas.' })),
  steps: steps(500),
  dt,
  ...look(runPictureSize),
});

export const gradientPictureQuery = pictureQuery({
  surrogates: Type.Optional(Type.String({ description: "As `names` of `/surrogates.svg`; the neuron's default unless given." })),
  current_min: Type.Optional(Type.Number({ default: 0.5, description: 'The least current.' })),
  current_max: Type.Optional(Type.Number({ default: 2.5, description: 'The greatest current.' })),
  points: Type.Optional(Type.Integer({ minimum: 2, maximum: maxDrawnCurrents, default: 50, description: 'How many currents.' })),
  steps: steps(100),
  dt,
  ...look(surrogatePictureSize),
});
