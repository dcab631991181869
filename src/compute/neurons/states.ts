import { float64Algebra } from '../float64-algebra.ts';
import type { DeriveAlgebra, NeuronModel } from './model.ts';

/** What `derive` runs over to give numbers. */
export const numbersAlgebra: DeriveAlgebra<number, boolean> = { ...float64Algebra, detach: (value) => value };

/** Every state that a model has without its nullable parameters, or with one of them; options as they are by default. */
export function possibleStates(model: NeuronModel): readonly string[] {
  const options = Object.fromEntries(
    Object.entries(model.options).map(([name, { default: value, values }]) => [name, value ?? values?.[0] ?? false]),
  );
  const nullable = Object.entries(model.nullable);
  const statesWith = (names: readonly string[]) => {
    const given = Object.fromEntries(names.map((name) => [name, 0.5]));
    const computed = nullable.flatMap(([name, { otherwise }]) =>
      otherwise === undefined || name in given ? [] : [[name, otherwise(numbersAlgebra, given)] as const],
    );
    return Object.keys(model.derive(numbersAlgebra, { ...given, ...Object.fromEntries(computed) }, options, 1).initial);
  };
  const required = [...Object.keys(model.parameters), ...(model.needs?.[0] ?? [])];
  return [...new Set([statesWith(required), ...nullable.map(([name]) => statesWith([...required, name]))].flat())];
}
