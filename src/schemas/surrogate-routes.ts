import { Type, type Static } from '@sinclair/typebox';

import { computeOptions, Meta } from './common.ts';
import { Names, namesSchema } from './names.ts';
import { ResolvedSurrogate, SurrogateChoice } from './surrogate.ts';
import { Tensor, TensorAnswer } from './tensor.ts';

/** What can be evaluated of a surrogate. */
export const evaluable = ['spike', 'value'] as const;
export type Evaluable = (typeof evaluable)[number];

export const outputsSchema = namesSchema('Outputs', evaluable, 'What to evaluate: the spike (0 or 1), the smooth value.');

const x = Tensor('Distance from the threshold, v - v_threshold; of any shape.');

export const SurrogateEvalRequest = Type.Object(
  {
    x,
    surrogate: SurrogateChoice('What to evaluate.'),
    outputs: Type.Optional(Names<Evaluable>(outputsSchema, 'What to evaluate; both unless given.')),
    ...computeOptions,
  },
  {
    additionalProperties: false,
    examples: [{ x: { linspace: [-1, 1, 5] }, surrogate: ['sigmoid', { name: 'arctan', alpha: 2 }], outputs: ['spike', 'value'] }],
  },
);
export type SurrogateEvalRequest = Static<typeof SurrogateEvalRequest>;

export const SurrogateEvalAnswer = Type.Object({
  results: Type.Array(
    Type.Object({
      surrogate: ResolvedSurrogate,
      spike: Type.Optional(TensorAnswer('1 where x >= 0, else 0; the shape of x.')),
      value: Type.Optional(TensorAnswer('The antiderivative of the gradient; the shape of x.')),
    }),
  ),
  meta: Meta,
});

export const SurrogateGradRequest = Type.Object(
  {
    x,
    surrogate: SurrogateChoice('Whose gradient to take.'),
    cotangent: Type.Optional(Tensor('Factor of the gradient, broadcast to x; 1 unless given.')),
    ...computeOptions,
  },
  { additionalProperties: false, examples: [{ x: [-0.5, 0, 0.5], surrogate: { name: 'sigmoid', alpha: 4 } }] },
);
export type SurrogateGradRequest = Static<typeof SurrogateGradRequest>;

export const SurrogateGradAnswer = Type.Object({
  results: Type.Array(
    Type.Object({ surrogate: ResolvedSurrogate, grad: TensorAnswer('cotangent x surrogate gradient at x; the shape of x.') }),
  ),
  meta: Meta,
});
