import { linspace as described, writeNumbers } from '../compute/generated-numbers.ts';

/** As numpy.linspace: evenly spaced from `first` to exactly `last`. */
export function linspace(first: number, last: number, count: number): Float64Array {
  const values = new Float64Array(count);
  writeNumbers(described(first, last, count), values);
  return values;
}
