import type { FormulaParameters, Surrogate, SurrogateDefinition } from './definition.ts';
import { braintools } from './libraries/braintools.ts';
import { norse } from './libraries/norse.ts';
import { others } from './libraries/others.ts';
import { sinabs } from './libraries/sinabs.ts';
import { slax } from './libraries/slax.ts';
import { snntorch } from './libraries/snntorch.ts';
import { spikingjelly } from './libraries/spikingjelly.ts';
import { spyx } from './libraries/spyx.ts';

export { leftOut } from './libraries/left-out.ts';

const definitions = [braintools, snntorch, spikingjelly, norse, spyx, sinabs, slax, others].flat();

/** Every surrogate by the name that requests use, in the order in which the documentation lists them. */
export const catalogue: ReadonlyMap<string, SurrogateDefinition> = new Map(
  definitions.map((definition) => [definition.name, { ...definition, aliases: [...namesakes(definition), ...definition.aliases] }]),
);

/** The same gradient as other libraries have it, with what differs there. */
function namesakes(definition: SurrogateDefinition): SurrogateDefinition['aliases'] {
  const others = definitions.filter(({ grad, library }) => grad === definition.grad && library !== definition.library);
  return others.flatMap(({ name, library, parameters, value }) => {
    if (library === null) return [];
    const theirs = new Map(
      Object.entries(parameters).map(([parameter, { formulaName, ...rest }]) => [formulaName, { parameter, ...rest }]),
    );
    const differences = Object.entries(definition.parameters).flatMap(([own, { formulaName, default: ownDefault }]) => {
      const their = theirs.get(formulaName);
      if (their === undefined || (their.parameter === own && their.default === ownDefault)) return [];
      if (their.parameter === own) return [`${own} is ${String(their.default)} by default`];
      return [`${their.parameter} for ${own}${their.default === ownDefault ? '' : `, default ${String(their.default)}`}`];
    });
    const constant = value === definition.value ? [] : ['value has another constant'];
    const note = [...differences, ...constant].join('; ');
    return [{ library: library.name, name: name.slice(name.indexOf('.') + 1), note: note || 'same function and default' }];
  });
}

/**
 * The definition behind a name that has passed validation.
 *
 * @throws {RangeError} when the catalogue has no such name.
 */
export function surrogateDefinition(name: string): SurrogateDefinition {
  const definition = catalogue.get(name);
  if (definition === undefined) throw new RangeError(`no surrogate is called ${name}`);
  return definition;
}

/**
 * A surrogate's parameters as its formulas take them.
 *
 * @param real - gives the value of a real-valued parameter, by the name that requests use, or of a list's item, by its `itemName`.
 * @param integers - the others and the lists' lengths, by the same names.
 * @param threshold - the neuron's, or 1 where there is none.
 *
 * @throws {RangeError} when one of the others is missing.
 */
export function formulaParameters<V>(
  { name: surrogate, parameters }: SurrogateDefinition,
  real: (name: string) => V,
  integers: Readonly<Record<string, number>>,
  threshold: V,
): FormulaParameters<V> {
  const p: Record<string, V> = {};
  const n: Record<string, number> = {};
  const lists: Record<string, V[]> = {};
  for (const [name, { integer, list, formulaName }] of Object.entries(parameters)) {
    if (list) lists[formulaName] = itemNames(name, numberNamed(surrogate, integers, name)).map(real);
    else if (integer) n[formulaName] = numberNamed(surrogate, integers, name);
    else p[formulaName] = real(name);
  }
  return { p, n, lists, threshold };
}

/** As `formulaParameters`, where all of them are numbers, at a threshold of 1. */
export function numericParameters(definition: SurrogateDefinition, values: Surrogate['parameters']): FormulaParameters<number> {
  const numbers = flatParameters(values);
  return formulaParameters(definition, (name) => numberNamed(definition.name, numbers, name), numbers, 1);
}

/** Parameters as numbers by name: of a list its length by its own name, and its items by their `itemName`. */
export function flatParameters(parameters: Surrogate['parameters']): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(parameters)) {
    numbers[name] = typeof value === 'number' ? value : value.length;
    if (typeof value !== 'number') for (const [i, item] of value.entries()) numbers[itemName(name, i)] = item;
  }
  return numbers;
}

/** The name of a list's item among a surrogate's numbers. */
export function itemName(list: string, index: number): string {
  return `${list}_${index}`;
}

export function itemNames(list: string, length: number): string[] {
  return Array.from({ length }, (_, i) => itemName(list, i));
}

function numberNamed(surrogate: string, values: Readonly<Record<string, number>>, name: string): number {
  const value = values[name];
  if (value === undefined) throw new RangeError(`${surrogate} needs a value of ${name}`);
  return value;
}
