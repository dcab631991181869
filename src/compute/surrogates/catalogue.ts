import { braintools } from './braintools.ts';
import type { SurrogateDefinition } from './definition.ts';
import { norse } from './norse.ts';
import { others } from './others.ts';
import { sinabs } from './sinabs.ts';
import { slax } from './slax.ts';
import { snntorch } from './snntorch.ts';
import { spikingjelly } from './spikingjelly.ts';
import { spyx } from './spyx.ts';

export { leftOut } from './left-out.ts';

/** Every surrogate by the name that requests use, in the order in which the documentation lists them. */
export const catalogue: ReadonlyMap<string, SurrogateDefinition> = new Map(
  [braintools, snntorch, spikingjelly, norse, spyx, sinabs, slax, others].flat().map((definition) => [definition.name, definition]),
);

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
