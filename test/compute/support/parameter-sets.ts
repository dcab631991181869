import fc from 'fast-check';
import type { ParameterDefinition, Surrogate, SurrogateDefinition } from '../../../src/compute/surrogates/definition.ts';

/** A surrogate with every parameter chosen by `choose`. */
export function surrogateWith(definition: SurrogateDefinition, choose: (parameter: ParameterDefinition) => number): Surrogate {
  const entries = Object.entries(definition.parameters).map(([name, parameter]) => [name, choose(parameter)] as const);
  return { name: definition.name, parameters: Object.fromEntries(entries) };
}

export function withDefaults(definition: SurrogateDefinition): Surrogate {
  return surrogateWith(definition, (parameter) => parameter.default);
}

/** The default, and every corner of the parameters' ranges. */
export function extremes(definition: SurrogateDefinition): readonly Surrogate[] {
  const names = Object.keys(definition.parameters);
  const corners = Array.from({ length: 2 ** names.length }, (_, corner) =>
    surrogateWith(definition, (parameter) => {
      const index = names.findIndex((name) => definition.parameters[name] === parameter);
      return (corner >> index) & 1 ? parameter.maximum : parameter.minimum;
    }),
  );
  return [withDefaults(definition), ...corners];
}

/** Any surrogate within the ranges; positive parameters are spread evenly over their orders of magnitude. */
export function anySurrogate(definition: SurrogateDefinition): fc.Arbitrary<Surrogate> {
  const parameters = Object.fromEntries(Object.entries(definition.parameters).map(([name, parameter]) => [name, anyParameter(parameter)]));
  return fc.record({ name: fc.constant(definition.name), parameters: fc.record(parameters) });
}

function anyParameter({ minimum, maximum, integer }: ParameterDefinition): fc.Arbitrary<number> {
  if (integer) return fc.integer({ min: minimum, max: maximum });
  const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
  if (minimum <= 0) return number(minimum, maximum);
  const within = (value: number): number => Math.min(Math.max(value, minimum), maximum);
  return number(Math.log(minimum), Math.log(maximum)).map((logarithm) => within(Math.exp(logarithm)));
}
