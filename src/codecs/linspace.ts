/** As numpy.linspace: evenly spaced from `first` to exactly `last`. */
export function linspace(first: number, last: number, count: number): Float64Array {
  const values = new Float64Array(count);
  const step = (last - first) / (count - 1);
  for (let i = 0; i < count; i++) values[i] = i * step + first;
  if (count > 1) values[count - 1] = last;
  if (count === 1) values[0] = first;
  return values;
}
