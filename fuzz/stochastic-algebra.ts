import type { NumberAlgebra } from '../src/compute/float64-algebra.ts';
import { roundedAlgebra } from '../support/rounded-algebra.ts';

const exponentOfSmallest = -149;
const float32Digits = 24;

/**
 * The algebra in float32 whose every operation rounds up or down by chance, where it has to round: how far several runs lie apart tells
 * how far rounding may move a result (Monte Carlo arithmetic; D. S. Parker, UCLA CSD-970002, 1997).
 *
 * @param random numbers in [0, 1).
 * @param digits binary ones that a result keeps.
 */
export function stochasticAlgebra(random: () => number, digits = float32Digits): NumberAlgebra {
  return roundedAlgebra((value) => {
    if (value === 0 || !Number.isFinite(value)) return value;
    const unit = 2 ** Math.max(exponentOfSmallest, Math.floor(Math.log2(Math.abs(value))) + 1 - digits);
    const below = Math.floor(value / unit);
    return Math.fround((below + Number(below * unit < value && random() < 0.5)) * unit);
  });
}

/** The same for float64, whose own arithmetic cannot tell what it has rounded: every result goes up or down by a unit in the last place. */
export function stochasticFloat64Algebra(random: () => number): NumberAlgebra {
  return roundedAlgebra(
    (value) => value * (random() < 0.5 ? 1 + 2 ** -52 : 1 - 2 ** -52),
    (value) => value,
  );
}
