import type { FormulaPair, Library, ParameterDefinition, ParameterRange, ParameterValue, SurrogateDefinition } from './definition.ts';

/** A factor of x, which makes the curve narrower; positive. */
export const steepness = (meaning: string): ParameterRange => ({ minimum: 1e-3, maximum: 1e4, meaning });

/** A distance on the axis of x; positive. */
export const width = (meaning: string): ParameterRange => ({ minimum: 1e-3, maximum: 1e4, meaning });

/** A factor of the gradient; positive. */
export const height = (meaning: string): ParameterRange => ({ minimum: 1e-6, maximum: 1e4, meaning });

/** A gradient that may be 0, such as the leak of a rectifier. */
export const slope = (meaning: string): ParameterRange => ({ minimum: 0, maximum: 1e4, meaning });

/** A point on the axis of x, of either sign. */
export const position = (meaning: string): ParameterRange => ({ minimum: -1e4, maximum: 1e4, meaning });

/** A number of terms from `minimum` up to 64. */
export const terms = (minimum: number, meaning: string): ParameterRange => ({ minimum, maximum: 64, integer: true, meaning });

/** LaTeX as it is written, without escapes. */
export const tex = String.raw;

/** A default, with the library's name for the parameter where it differs from the formula's. */
type Given = ParameterValue | readonly [name: string, value: number];

/** A formula with its parameters named and given defaults, as a library has it. */
export type NamedFormula = FormulaPair & Pick<SurrogateDefinition, 'parameters'>;

/**
 * A formula that libraries use under their own names: called with each parameter's default, or its name and default, in the order in
 * which the library lists them. In texts and LaTeX `#alpha` stands for the name that a library gives to `alpha`.
 *
 * @throws {RangeError} when a text has a `#` before what is no parameter of the formula.
 *
 * @example
 * logistic({ alpha: ['slope', 25] })
 */
export function defineFormula<P extends string>({
  parameters,
  ...pair
}: FormulaPair<P> & { readonly parameters: Readonly<Record<P, ParameterRange>> }): (given: Readonly<Record<P, Given>>) => NamedFormula {
  return (given) => {
    const names = new Map<string, string>();
    const named = (Object.entries(given) as [P, Given][]).map(([formulaName, one]) => {
      const [name, value] = isNamed(one) ? one : [formulaName, one];
      names.set(formulaName, name);
      return { name, formulaName, value };
    });
    const filled = (text: string, print = (name: string): string => name): string =>
      text.replaceAll(/#(\w+)/g, (_, formulaName: string) => {
        const name = names.get(formulaName);
        if (name === undefined) throw new RangeError(`#${formulaName} in "${text}" is no parameter of the formula`);
        return print(name);
      });
    const definitions = named.map(({ name, formulaName, value }): [string, ParameterDefinition] => {
      const { meaning, ...range }: ParameterRange = parameters[formulaName];
      return [name, { default: value, ...range, meaning: filled(meaning), formulaName }];
    });
    return {
      // `formulaParameters` gives a formula exactly the names that it knows.
      ...(pair as FormulaPair),
      summary: filled(pair.summary),
      latex: { grad: filled(pair.latex.grad, parameterLatex), value: filled(pair.latex.value, parameterLatex) },
      parameters: Object.fromEntries(definitions),
    };
  };
}

function isNamed(given: Given): given is readonly [name: string, value: number] {
  return typeof given !== 'number' && typeof given[0] === 'string';
}

const greek: ReadonlySet<string> = new Set(['alpha', 'beta', 'gamma', 'mu', 'omega', 'sigma']);

/** A parameter's name as a symbol: Greek letters, single letters with a subscript in words, or a word. */
function parameterLatex(name: string): string {
  if (greek.has(name)) return `\\${name}`;
  if (name.length === 1) return name;
  const [, letter, subscript] = /^([A-Za-z])_([a-z]+)$/.exec(name) ?? [];
  return letter && subscript ? `${letter}_{\\text{${subscript}}}` : `\\text{${name.replaceAll('_', '\\_')}}`;
}

/** What a library's table says of a surrogate beside its formula. */
type Entry = NamedFormula &
  Partial<Pick<SurrogateDefinition, 'aliases' | 'references' | 'notes'>> & {
    /** Set where the library defines no primitive of its own. */
    readonly noPrimitive?: true;
  };

/** A library's surrogates by name; with null, some of no library. Adds to each what holds for the whole library. */
export function defineSurrogates(library: Library | null, entries: Readonly<Record<string, Entry>>): readonly SurrogateDefinition[] {
  return Object.entries(entries).map(([name, { noPrimitive, aliases = [], references = [], notes = [], ...formula }]) => ({
    name,
    library,
    ...formula,
    aliases,
    references: library ? [...references, library.source] : references,
    notes: [
      ...notes,
      ...(formula.scalesWithThreshold
        ? ['theta in the formulas is the threshold: that of the neuron, which has to be positive, and 1 where x is given without a neuron.']
        : []),
      ...(library && noPrimitive
        ? [`${library.name} defines no primitive; value is the antiderivative of the gradient with value 1/2 at 0.`]
        : []),
      ...(library?.strictThreshold ? [`${library.name} spikes at x > 0, not at x = 0; here a spike is x >= 0 for every surrogate.`] : []),
    ],
  }));
}
