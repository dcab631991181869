import type { SurrogateDefinition } from './definition.ts';
import { papers, strictThreshold } from './papers.ts';
import { steepness } from './parameters.ts';
import { inverseLinear, inverseLinearIntegral } from './shapes/inverse-linear.ts';
import { inverseSquare, inverseSquareIntegral } from './shapes/inverse-square.ts';

interface SuperSpike {
  readonly name: string;
  readonly parameter: string;
  readonly default: number;
  readonly library: string;
  readonly source: string;
  readonly note?: string;
}

/** SuperSpike's inverse square with peak 1, under the name that a library gives to it and to its steepness. */
function superSpike({ name, parameter, default: steepnessDefault, library, source, note }: SuperSpike): SurrogateDefinition {
  return {
    name,
    family: 'inverse square',
    summary: "SuperSpike's inverse square with peak 1.",
    parameters: { [parameter]: steepness(steepnessDefault, `steepness; the full width at half maximum is 0.828 / ${parameter}`) },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p[parameter]!),
    value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p[parameter]!),
    kinks: () => [0],
    aliases: [{ library: 'braintools', name: 'inv_square_grad', note: `alpha for ${parameter}, default 100` }],
    references: [papers.zenke2018, source],
    notes: [...(note === undefined ? [] : [note]), strictThreshold(library)],
  };
}

/** Surrogates of libraries that bring one each. */
export const others: readonly SurrogateDefinition[] = [
  superSpike({
    name: 'spytorch.SurrGradSpike',
    parameter: 'scale',
    default: 100,
    library: 'spytorch',
    source: 'spytorch (commit d363dbf)',
    note: 'Tutorial 5 of spytorch sets scale = 20.',
  }),
  superSpike({
    name: 'stork.SuperSpike',
    parameter: 'beta',
    default: 20,
    library: 'stork',
    source: 'stork (commit 258a2d6), stork.activations',
    note: 'stork has variants of other height: SuperSpike_asymptote (times beta) and SuperSpike_rescaled (times (beta + 1)^2).',
  }),
  superSpike({ name: 'hxtorch.superspike', parameter: 'alpha', default: 50, library: 'hxtorch', source: 'hxtorch (commit 3bfc7aa)' }),
  {
    name: 'snnax.superspike',
    family: 'inverse linear',
    summary: 'Inverse of 1 + beta |x|, not squared.',
    parameters: { beta: steepness(10, 'steepness; the full width at half maximum is 2 / beta') },
    grad: (ops, x, { p }) => inverseLinear(ops, x, ops.constant(1), p.beta!),
    value: (ops, x, { p }) => inverseLinearIntegral(ops, x, p.beta!),
    kinks: () => [0],
    aliases: [{ library: 'braintools', name: 'nonzero_sign_log', note: 'with beta for alpha, and greater by the factor beta' }],
    references: [papers.zenke2018, 'snnax (commit b7a55c6), superspike_surrogate'],
    notes: ['The paper that snnax cites squares the denominator; its code does not.'],
  },
];
