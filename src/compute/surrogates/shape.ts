import { catalogue, flatParameters, itemNames, surrogateDefinition } from './catalogue.ts';
import type { ParameterRange, Surrogate } from './definition.ts';

/** What compiled code depends on: a surrogate's name, its numbers of terms and its lists' lengths. It takes the other numbers at each run. */
export interface SurrogateShape {
  readonly name: string;
  readonly integers: Readonly<Record<string, number>>;
}

/** Shapes without numbers of terms and lists, made once. */
const plainShapes = new Map<string, SurrogateShape>();

for (const { name, parameters } of catalogue.values()) {
  if (!Object.values(parameters).some(isStructural)) plainShapes.set(name, { name, integers: {} });
}

function isStructural({ integer, list }: ParameterRange): boolean {
  return integer === true || list !== undefined;
}

/** The shape of a surrogate, the same object at each call where it has no numbers of terms and lists. */
export function surrogateShape(surrogate: Surrogate): SurrogateShape {
  const plain = plainShapes.get(surrogate.name);
  if (plain !== undefined) return plain;
  const { parameters } = surrogateDefinition(surrogate.name);
  const numbers = Object.entries(flatParameters(surrogate.parameters));
  return {
    name: surrogate.name,
    integers: Object.fromEntries(numbers.filter(([name]) => parameters[name] && isStructural(parameters[name]))),
  };
}

/** The names of the numbers that code of this shape takes at each run. */
export function runtimeNames({ name, integers }: SurrogateShape): readonly string[] {
  return Object.entries(surrogateDefinition(name).parameters).flatMap(([parameter, { integer, list }]) =>
    integer ? [] : list ? itemNames(parameter, integers[parameter] ?? 0) : [parameter],
  );
}
