/** Maps numbers to pixels and back, along one axis. */
export interface Scale {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  /** Whether it is logarithmic, with a positive domain. */
  readonly log?: boolean | undefined;
}

/** The pixel of a value; not finite for a value that a logarithmic scale does not have. */
export function toPixel({ domain: [low, high], range: [start, end], log }: Scale, value: number): number {
  const share = log === true ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return start + share * (end - start);
}

export function fromPixel({ domain: [low, high], range: [start, end], log }: Scale, pixel: number): number {
  const share = (pixel - start) / (end - start);
  return log === true ? low * (high / low) ** share : low + share * (high - low);
}

/**
 * Round numbers within a domain, about as many as wanted: steps of 1, 2 or 5 times a power of ten.
 *
 * @example
 * ticks([0, 1], 5); // [0, 0.2, 0.4, 0.6, 0.8, 1]
 */
export function ticks([low, high]: readonly [number, number], wanted: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplied, since rounding would accumulate in a sum.
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Powers of ten within a positive domain: each, or every second, third and so on where there are more than wanted.
 *
 * @example
 * decadeTicks([1, 1e6], 4); // [1, 100, 10000, 1000000]
 */
export function decadeTicks([low, high]: readonly [number, number], wanted: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / wanted));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => Number(`1e${first + i * step}`));
}

/** The ends of a logarithmic axis: powers of ten around all positive numbers. */
export function decadeDomain(series: Iterable<ArrayLike<number>>): [number, number] {
  const exponents = Array.from(series, (values) =>
    Array.from(values)
      .filter((value) => value > 0)
      .map(Math.log10),
  ).flat();
  if (exponents.length === 0) return [1, 10];
  const low = Math.floor(Math.min(...exponents));
  return [10 ** low, 10 ** Math.max(low + 1, Math.ceil(Math.max(...exponents)))];
}

/** A number for an axis or a table: at most `digits` significant digits, a minus sign, and an exponent where there would be many zeros. */
export function numberText(value: number, digits = 5): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const magnitude = Math.abs(value);
  const plain = magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e6);
  const text = plain
    ? String(Number(value.toPrecision(digits)))
    : value
        .toExponential(digits - 1)
        .replace(/\.?0+e/, 'e')
        .replace('e+', 'e');
  return text.replaceAll('-', '−');
}

/**
 * The ends of an axis around all numbers, with a margin. It includes the numbers of `including` in any case.
 *
 * @example
 * niceDomain([[0, 1]]); // [-0.05, 1.05]
 */
export function niceDomain(series: Iterable<ArrayLike<number>>, including: readonly number[] = []): [number, number] {
  let low = Math.min(...including);
  let high = Math.max(...including);
  for (const values of series) {
    for (const value of Array.from(values)) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  const air = low === high ? Math.max(Math.abs(low), 1) * 0.5 : (high - low) * 0.05;
  return [low - air, high + air];
}

/** A series this many times as tall as half of the others are is cut off. */
const maxTimesTaller = 4;

/**
 * `niceDomain`, around what most series need: one that is far taller than half of them, so that it would flatten the others, goes beyond the ends.
 *
 * @example
 * sharedDomain([[0, 1], [0, 1], [0, 100]], [0]); // [-0.05, 1.05]
 */
export function sharedDomain(series: readonly ArrayLike<number>[], including: readonly number[]): [number, number] {
  const heights = series.map((values) => {
    const [low, high] = niceDomain([values], including);
    return high - low;
  });
  const middle = heights.toSorted((a, b) => a - b)[Math.floor((heights.length - 1) / 2)] ?? 0;
  return niceDomain(
    series.filter((_, i) => heights[i]! <= maxTimesTaller * middle),
    including,
  );
}
