/** How far, in pixels, a drawn line may be from the true one. */
const tolerance = 0.07;

/**
 * The `d` of a path through points in pixels, without those that a line through their neighbours passes anyway. It is broken where a point
 * is not finite.
 */
export function polylinePath(xs: ArrayLike<number>, ys: ArrayLike<number>): string {
  let path = '';
  for (const [first, last] of finiteRuns(xs, ys)) {
    const kept = simplify(xs, ys, first, last);
    path += `M${kept.map((i) => `${pixel(xs[i]!)} ${pixel(ys[i]!)}`).join('L')}`;
  }
  return path;
}

/** A coordinate with as many decimals as can be seen. */
export function pixel(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The first and the last point of each stretch without a gap. */
function* finiteRuns(xs: ArrayLike<number>, ys: ArrayLike<number>): Generator<[number, number]> {
  let first = -1;
  for (let i = 0; i <= xs.length; i++) {
    const there = i < xs.length && Number.isFinite(xs[i]) && Number.isFinite(ys[i]);
    if (there && first < 0) first = i;
    if (!there && first >= 0) {
      yield [first, i - 1];
      first = -1;
    }
  }
}

/** Ramer, Douglas and Peucker: keeps the point that is farthest from the chord, and looks at both sides of it. */
function simplify(xs: ArrayLike<number>, ys: ArrayLike<number>, first: number, last: number): number[] {
  const keep = new Set([first, last]);
  const pending: [number, number][] = [[first, last]];
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    const [from, to] = range;
    const [dx, dy] = [xs[to]! - xs[from]!, ys[to]! - ys[from]!];
    const length = Math.hypot(dx, dy);
    let farthest = -1;
    let distance = tolerance;
    for (let i = from + 1; i < to; i++) {
      const [px, py] = [xs[i]! - xs[from]!, ys[i]! - ys[from]!];
      const away = length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length;
      if (away > distance) {
        distance = away;
        farthest = i;
      }
    }
    if (farthest < 0) continue;
    keep.add(farthest);
    pending.push([from, farthest], [farthest, to]);
  }
  return [...keep].sort((a, b) => a - b);
}
