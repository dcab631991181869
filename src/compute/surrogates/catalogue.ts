import type { FormulaParameters, SurrogateDefinition } from './definition.ts';
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
      if (their.parameter === own) return [`${own} is ${their.default} by default`];
      return [`${their.parameter} for ${own}${their.default === ownDefault ? '' : `, default ${their.default}`}`];
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
 * @param real - gives the value of a real-valued parameter, by the name that requests use.
 * @param integers - the others, by the same names.
 *
 * @throws {RangeError} when one of the others is missing.
 */
export function formulaParameters<V>(
  { name: surrogate, parameters }: SurrogateDefinition,
  real: (name: string) => V,
  integers: Readonly<Record<string, number>>,
): FormulaParameters<V> {
  const p: Record<string, V> = {};
  const n: Record<string, number> = {};
  for (const [name, { integer, formulaName }] of Object.entries(parameters)) {
    if (integer) n[formulaName] = numberNamed(surrogate, integers, name);
    else p[formulaName] = real(name);
  }
  return { p, n };
}

/** As `formulaParameters`, where all of them are numbers. */
export function numericParameters(definition: SurrogateDefinition, values: Readonly<Record<string, number>>): FormulaParameters<number> {
  return formulaParameters(definition, (name) => numberNamed(definition.name, values, name), values);
}

function numberNamed(surrogate: string, values: Readonly<Record<string, number>>, name: string): number {
  const value = values[name];
  if (value === undefined) throw new RangeError(`${surrogate} needs a value of ${name}`);
  return value;
}
