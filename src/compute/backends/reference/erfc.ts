/**
 * 1 - erf(a) for `a >= 0`, to a few units in the last place, in the tail too; 0 from where it underflows.
 *
 * Near 0 the confluent series of erf (Abramowitz and Stegun 7.1.6), whose terms are all positive; elsewhere Laplace's continued
 * fraction (7.1.14), from its end.
 */
export function erfc(a: number): number {
  if (a > 28) return 0;
  return a < 0.8 ? 1 - erfSeries(a) : gaussian(a) * erfcFraction(a);
}

function erfSeries(a: number): number {
  const square = 2 * a * a;
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= square / (2 * n + 1);
    sum += term;
  }
  return ((2 * sum) / Math.sqrt(Math.PI)) * gaussian(a);
}

/** e^(a^2) erfc(a). The smaller a, the more levels the fraction needs. */
function erfcFraction(a: number): number {
  const levels = Math.ceil(20 + 150 / (a * a));
  let denominator = a;
  for (let n = levels; n >= 1; n--) denominator = a + n / 2 / denominator;
  return 1 / (Math.sqrt(Math.PI) * denominator);
}

/** e^(-a^2), with a^2 in two parts: rounded to one float64 it would cost the result a^2 units in its last place. */
function gaussian(a: number): number {
  const head = Math.fround(a);
  return Math.exp(-head * head) * Math.exp(-(a - head) * (a + head));
}
