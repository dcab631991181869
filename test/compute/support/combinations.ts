type Axes = Readonly<Record<string, readonly unknown[]>>;
type Combination<A extends Axes> = { [Name in keyof A]: A[Name][number] };

/**
 * Combinations of options in which every two values of different options meet; all that there are where ALL_COMBINATIONS is set.
 *
 * @example
 * it.each(combinations({ reset: ['hard', 'soft'], detachReset: [false, true] }))('$reset, $detachReset', ...)
 */
export function combinations<const A extends Axes>(axes: A): Combination<A>[] {
  const all = product(axes);
  if (process.env.ALL_COMBINATIONS) return all;
  const missing = new Set(all.flatMap(pairs));
  const chosen: Combination<A>[] = [];
  while (missing.size > 0) {
    const gain = (combination: Combination<A>): number => pairs(combination).filter((pair) => missing.has(pair)).length;
    const best = all.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairs(best)) missing.delete(pair);
    chosen.push(best);
  }
  return chosen;
}

function product<A extends Axes>(axes: A): Combination<A>[] {
  let all: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(axes)) all = all.flatMap((rest) => values.map((value) => ({ ...rest, [name]: value })));
  return all as Combination<A>[];
}

function pairs(combination: object): string[] {
  const values = Object.entries(combination).map(([name, value]) => `${name}=${String(value)}`);
  return values.flatMap((first, i) => values.slice(i + 1).map((second) => `${first}&${second}`));
}
