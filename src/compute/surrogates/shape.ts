import { catalogue, surrogateDefinition } from './catalogue.ts';
import type { Surrogate } from './definition.ts';

/**
 * What of a surrogate decides its formula's operations: its name, and the parameters that are numbers of terms. The others are numbers
 * that compiled code takes at each run.
 */
export interface SurrogateShape {
  readonly name: string;
  readonly integers: Readonly<Record<string, number>>;
}

/** Of those without numbers of terms: one for all, whatever their parameters. */
const plainShapes = new Map<string, SurrogateShape>();

for (const { name, parameters } of catalogue.values()) {
  if (!Object.values(parameters).some(({ integer }) => integer)) plainShapes.set(name, { name, integers: {} });
}

export function surrogateShape(surrogate: Surrogate): SurrogateShape {
  const plain = plainShapes.get(surrogate.name);
  if (plain !== undefined) return plain;
  const { parameters } = surrogateDefinition(surrogate.name);
  const integers = Object.entries(surrogate.parameters).filter(([name]) => parameters[name]?.integer);
  return { name: surrogate.name, integers: Object.fromEntries(integers) };
}
