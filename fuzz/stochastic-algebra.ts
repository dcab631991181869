import { float64Algebra, type NumberAlgebra } from '../src/compute/backends/reference/float64-algebra.ts';

const exponentOfSmallest = -149;
const digits = 24;

/**
 * The algebra in float32 whose every operation rounds up or down by chance: how far several runs lie apart tells how far rounding may
 * move a result (Monte Carlo arithmetic; D. S. Parker, UCLA CSD-970002, 1997).
 *
 * @param random numbers in [0, 1).
 */
export function stochasticAlgebra(random: () => number): NumberAlgebra {
  const round = (value: number): number => {
    if (value === 0 || !Number.isFinite(value)) return value;
    const unit = 2 ** Math.max(exponentOfSmallest, Math.floor(Math.log2(Math.abs(value))) + 1 - digits);
    return Math.fround((Math.floor(value / unit) + Number(random() < 0.5)) * unit);
  };
  return {
    ...float64Algebra,
    constant: Math.fround,
    add: (a, b) => round(a + b),
    sub: (a, b) => round(a - b),
    mul: (a, b) => round(a * b),
    div: (a, b) => round(a / b),
    sqrt: (a) => round(Math.sqrt(a)),
    exp: (a) => round(Math.exp(a)),
    log1p: (a) => round(Math.log1p(a)),
    exprel: (a) => round(float64Algebra.exprel(a)),
    atan: (a) => round(Math.atan(a)),
    erfc: (a) => round(float64Algebra.erfc(a)),
    oddCosines: (turns, terms) => round(float64Algebra.oddCosines(turns, terms)),
    oddSines: (turns, terms) => round(float64Algebra.oddSines(turns, terms)),
  };
}
