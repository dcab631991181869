/** Whether tests try all that they can, as in CI. Otherwise those with very many cases, or that take long, try a part of them. */
export const isThorough = process.env.CI === 'true' || Boolean(process.env.ALL_COMBINATIONS);

/** All cases where tests are thorough, else one in `count`. */
export const oneIn = <T>(count: number, cases: readonly T[]): readonly T[] =>
  isThorough ? cases : cases.filter((_, i) => i % count === Math.floor(count / 2));

/** How many cases fast-check tries of a property: a fifth where tests are not thorough. */
export const numRuns = (count: number): number => (isThorough ? count : Math.ceil(count / 5));
