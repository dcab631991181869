/** Sum over the odd harmonics i = 1..terms of term(angle of harmonic i in radians, 2i - 1). */
function sumOddHarmonics(turns: number, terms: number, term: (angle: number, harmonic: number) => number): number {
  let sum = 0;
  for (let i = 1; i <= terms; i++) {
    const harmonic = 2 * i - 1;
    sum += term(2 * Math.PI * fraction(harmonic * fraction(turns)), harmonic);
  }
  return sum;
}

/** What is left of a number of turns after whole ones, in [-1/2, 1/2]; the subtraction is exact. */
function fraction(turns: number): number {
  return turns - Math.round(turns);
}

/** Sum of cos((2i-1) 2 pi turns) for i = 1..terms. */
export function oddCosines(turns: number, terms: number): number {
  return sumOddHarmonics(turns, terms, (angle) => Math.cos(angle));
}

/** Sum of sin((2i-1) 2 pi turns) / (2i-1) for i = 1..terms. */
export function oddSines(turns: number, terms: number): number {
  return sumOddHarmonics(turns, terms, (angle, harmonic) => Math.sin(angle) / harmonic);
}
