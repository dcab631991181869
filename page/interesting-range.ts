/** The ends of small pictures' axes, on both sides of 0. */
const reaches = [0.1, 0.2, 0.5, 1, 2, 4, 8] as const;
/** The part of its whole rise and fall that a gradient may do outside of its picture. */
const maxOutside = 0.1;

/**
 * How far from 0 a picture of a gradient has to reach to show its shape: to where it has done nine tenths of its rising and falling, or
 * to 2 where it does not change.
 *
 * @param x ascending.
 */
export function interestingReach(x: ArrayLike<number>, grad: ArrayLike<number>): number {
  const changeWithin = (reach: number): number => {
    let change = 0;
    for (let i = 1; i < x.length; i++)
      if (Math.abs(x[i]!) <= reach && Math.abs(x[i - 1]!) <= reach) change += Math.abs(grad[i]! - grad[i - 1]!);
    return change;
  };
  const whole = changeWithin(reaches.at(-1)!);
  if (whole === 0) return 2;
  return reaches.find((reach) => changeWithin(reach) >= (1 - maxOutside) * whole) ?? reaches.at(-1)!;
}

/** The points of curves that lie within that reach of 0. */
export function within(reach: number, x: ArrayLike<number>, ...curves: readonly ArrayLike<number>[]): number[][] {
  const kept = Array.from(x, (value, i) => (Math.abs(value) <= reach ? i : -1)).filter((i) => i >= 0);
  return [x, ...curves].map((curve) => kept.map((i) => curve[i]!));
}
