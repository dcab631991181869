import { Type, type Static } from '@sinclair/typebox';

import { computeOptions, Meta } from './common.ts';
import { DryRun, TensorOutline } from './dry-run.ts';
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
  { $id: 'SurrogateEvalRequest', additionalProperties: false },
);
export type SurrogateEvalRequest = Static<typeof SurrogateEvalRequest>;

export const SurrogateEvalAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        surrogate: ResolvedSurrogate,
        spike: Type.Optional(TensorAnswer('1 where x >= 0, else 0; the shape of x.')),
        value: Type.Optional(TensorAnswer('The antiderivative of the gradient; the shape of x.')),
      }),
    ),
    meta: Meta,
  },
  { $id: 'SurrogateEvalAnswer' },
);

export const SurrogateEvalDryRun = DryRun('SurrogateEvalDryRun', {
  results: Type.Array(
    Type.Object({ surrogate: ResolvedSurrogate, spike: Type.Optional(TensorOutline), value: Type.Optional(TensorOutline) }),
  ),
});

export const SurrogateGradRequest = Type.Object(
  {
    x,
    surrogate: SurrogateChoice('Whose gradient to take.'),
    cotangent: Type.Optional(Tensor('Factor of the gradient, broadcast to x; 1 unless given.')),
    ...computeOptions,
  },
  { $id: 'SurrogateGradRequest', additionalProperties: false },
);
export type SurrogateGradRequest = Static<typeof SurrogateGradRequest>;

export const SurrogateGradAnswer = Type.Object(
  {
    results: Type.Array(
      Type.Object({ surrogate: ResolvedSurrogate, grad: TensorAnswer('cotangent x surrogate gradient at x; the shape of x.') }),
    ),
    meta: Meta,
  },
  { $id: 'SurrogateGradAnswer' },
);

export const SurrogateGradDryRun = DryRun('SurrogateGradDryRun', {
  results: Type.Array(Type.Object({ surrogate: ResolvedSurrogate, grad: TensorOutline })),
});
