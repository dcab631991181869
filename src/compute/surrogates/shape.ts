import { catalogue, surrogateDefinition } from './catalogue.ts';
import type { Surrogate } from './definition.ts';

/** What compiled code depends on: a surrogate's name and its numbers of terms. It takes the other parameters at each run. */
export interface SurrogateShape {
  readonly name: string;
  readonly integers: Readonly<Record<string, number>>;
}

/** Shapes without numbers of terms, made once. */
const plainShapes = new Map<string, SurrogateShape>();

for (const { name, parameters } of catalogue.values()) {
  if (!Object.values(parameters).some(({ integer }) => integer)) plainShapes.set(name, { name, integers: {} });
}

/** The shape of a surrogate, the same object at each call where it has no numbers of terms. */
export function surrogateShape(surrogate: Surrogate): SurrogateShape {
  const plain = plainShapes.get(surrogate.name);
  if (plain !== undefined) return plain;
  const { parameters } = surrogateDefinition(surrogate.name);
  const integers = Object.entries(surrogate.parameters).filter(([name]) => parameters[name]?.integer);
  return { name: surrogate.name, integers: Object.fromEntries(integers) };
}
