/** The q-quantile by linear interpolation; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export interface Summary {
  min: number;
  median: number;
  max: number;
}

export function summarise(values: readonly number[]): Summary {
  return { min: quantile(values, 0), median: quantile(values, 0.5), max: quantile(values, 1) };
}
