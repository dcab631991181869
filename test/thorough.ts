/** Whether tests try all that they can, as in CI. Otherwise those of which there are very many, or that take long, try a part. */
export const isThorough = process.env.CI === 'true' || Boolean(process.env.ALL_COMBINATIONS);

/** All cases where tests are thorough, else every `nth`. */
export const every = <T>(nth: number, cases: readonly T[]): readonly T[] =>
  isThorough ? cases : cases.filter((_, i) => i % nth === Math.floor(nth / 2));
