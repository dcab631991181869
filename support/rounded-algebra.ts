import { float64Algebra, type NumberAlgebra } from '../src/compute/backends/reference/float64-algebra.ts';

/** The algebra with every result rounded, harsher than back-ends are: they fold parameters in float64. Constants go to the nearest float32 unless told otherwise. */
export function roundedAlgebra(round: (value: number) => number, constant: (value: number) => number = Math.fround): NumberAlgebra {
  const exact = float64Algebra;
  return {
    ...exact,
    constant,
    add: (a, b) => round(a + b),
    sub: (a, b) => round(a - b),
    mul: (a, b) => round(a * b),
    div: (a, b) => round(a / b),
    sqrt: (a) => round(Math.sqrt(a)),
    exp: (a) => round(Math.exp(a)),
    log1p: (a) => round(Math.log1p(a)),
    exprel: (a) => round(exact.exprel(a)),
    atan: (a) => round(Math.atan(a)),
    erfc: (a) => round(exact.erfc(a)),
    oddCosines: (turns, terms) => round(exact.oddCosines(turns, terms)),
    oddSines: (turns, terms) => round(exact.oddSines(turns, terms)),
  };
}
