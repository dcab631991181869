import fc from 'fast-check';
import type {
  ListRange,
  ParameterDefinition,
  ParameterValue,
  Surrogate,
  SurrogateDefinition,
} from '../../../src/compute/surrogates/definition.ts';

/** A surrogate with every parameter chosen by `choose`. */
export function surrogateWith(definition: SurrogateDefinition, choose: (parameter: ParameterDefinition) => ParameterValue): Surrogate {
  const entries = Object.entries(definition.parameters).map(([name, parameter]) => [name, choose(parameter)] as const);
  return { name: definition.name, parameters: Object.fromEntries(entries) };
}

export function withDefaults(definition: SurrogateDefinition): Surrogate {
  return surrogateWith(definition, (parameter) => parameter.default);
}

/** The default, and every corner of the parameters' ranges, with the shortest and the longest lists. */
export function extremes(definition: SurrogateDefinition): readonly Surrogate[] {
  const names = Object.keys(definition.parameters);
  const corners = listLengths(definition).flatMap((length) =>
    Array.from({ length: 2 ** names.length }, (_, corner) =>
      surrogateWith(definition, (parameter) => {
        const index = names.findIndex((name) => definition.parameters[name] === parameter);
        const end = (corner >> index) & 1 ? 'maximum' : 'minimum';
        return parameter.list ? extremeList(parameter, parameter.list, end, length) : parameter[end];
      }),
    ),
  );
  return [withDefaults(definition), ...corners];
}

/** The ends of the range of a surrogate's lists, which are equally long; 0 where it has none. */
function listLengths({ parameters }: SurrogateDefinition): readonly number[] {
  const list = Object.values(parameters).find((parameter) => parameter.list)?.list;
  return list ? [list.minItems, list.maxItems] : [0];
}

/** Numbers that rise as slowly or as fast as they may; or all of them least, or the least and the largest in turn. */
function extremeList(
  { minimum, maximum }: ParameterDefinition,
  { minIncrease }: ListRange,
  end: 'minimum' | 'maximum',
  length: number,
): readonly number[] {
  const numberAt = (i: number): number => {
    if (minIncrease === undefined) return end === 'minimum' || i % 2 === 0 ? minimum : maximum;
    return end === 'minimum' ? 2 * i * minIncrease : minimum + ((maximum - minimum) * i) / (length - 1);
  };
  return Array.from({ length }, (_, i) => numberAt(i));
}

/** Any surrogate within the ranges, with short lists; positive parameters are spread evenly over their orders of magnitude. */
export function anySurrogate(definition: SurrogateDefinition): fc.Arbitrary<Surrogate> {
  const [shortest = 0, longest = 0] = listLengths(definition);
  return fc.integer({ min: shortest, max: Math.min(longest, 8) }).chain((length) => {
    const parameters = Object.entries(definition.parameters).map(([name, parameter]): [string, fc.Arbitrary<ParameterValue>] => [
      name,
      parameter.list ? anyList(parameter, parameter.list, length) : anyParameter(parameter),
    ]);
    return fc.record({ name: fc.constant(definition.name), parameters: fc.record(Object.fromEntries(parameters)) });
  });
}

function anyList(parameter: ParameterDefinition, { minIncrease }: ListRange, length: number): fc.Arbitrary<readonly number[]> {
  const size = { minLength: length, maxLength: length };
  if (minIncrease === undefined) return fc.array(anyParameter(parameter), size);
  // Hundredths, which float32 tells apart up to the ends of the range.
  return fc
    .uniqueArray(fc.integer({ min: parameter.minimum * 100, max: parameter.maximum * 100 }), size)
    .map((hundredths) => hundredths.sort((a, b) => a - b).map((number) => number / 100));
}

function anyParameter({ minimum, maximum, integer }: ParameterDefinition): fc.Arbitrary<number> {
  if (integer) return fc.integer({ min: minimum, max: maximum });
  const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
  if (minimum <= 0) return number(minimum, maximum);
  const within = (value: number): number => Math.min(Math.max(value, minimum), maximum);
  return number(Math.log(minimum), Math.log(maximum)).map((logarithm) => within(Math.exp(logarithm)));
}
