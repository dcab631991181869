import { Type, type TProperties } from '@sinclair/typebox';

import { grounds } from '../plot/draw.ts';
import { themes } from '../plot/themes.ts';
import { surrogateLists, surrogateParameters } from './parameters.ts';

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

/** Queries are documentation: they are checked where they are read. */
const query = (fields: TProperties) => Type.Unsafe<Record<string, unknown>>(Type.Object(fields));

export const surrogatePictureQuery = query({ ...surrogateParameters(), ...surrogateLists(), ...axis, ...look(surrogatePictureSize) });

export const comparisonPictureQuery = query({
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

export const runPictureQuery = query({
  current: Type.Optional(Type.String({ default: '1.5', description: 'A number, or one for each step, separated by commas.' })),
  steps: steps(500),
  dt,
  ...look(runPictureSize),
});

export const gradientPictureQuery = query({
  surrogates: Type.Optional(Type.String({ description: "As `names` of `/surrogates.svg`; the neuron's default unless given." })),
  current_min: Type.Optional(Type.Number({ default: 0.5, description: 'The least current.' })),
  current_max: Type.Optional(Type.Number({ default: 2.5, description: 'The greatest current.' })),
  points: Type.Optional(Type.Integer({ minimum: 2, maximum: maxDrawnCurrents, default: 50, description: 'How many currents.' })),
  steps: steps(100),
  dt,
  ...look(surrogatePictureSize),
});
