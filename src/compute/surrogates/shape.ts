import { surrogateDefinition } from './catalogue.ts';
import type { Surrogate } from './definition.ts';

/**
 * What of a surrogate decides its formula's operations: its name, and the parameters that are numbers of terms. The others are numbers
 * that compiled code takes at each run.
 */
export interface SurrogateShape {
  readonly name: string;
  readonly integers: Readonly<Record<string, number>>;
}

export function surrogateShape(surrogate: Surrogate): SurrogateShape {
  const { parameters } = surrogateDefinition(surrogate.name);
  const integers = Object.entries(surrogate.parameters).filter(([name]) => parameters[name]?.integer);
  return { name: surrogate.name, integers: Object.fromEntries(integers) };
}
