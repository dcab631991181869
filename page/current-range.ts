import type { Field } from './fields.ts';
import type { Settings } from './settings.ts';

/** Names of the numbers that `currentRangeFields` has fields for. */
export const currentRangeNumbers = ['from', 'to', 'neurons'] as const;

export interface CurrentRangeOptions {
  /** Where the range ends at first, and with how many neurons. */
  readonly to: number;
  readonly neurons: number;
  readonly maxNeurons: number;
  /** Where the slider of neurons ends. */
  readonly sliderNeurons: number;
}

/** The fields of a range of currents, one for each of so many neurons. */
export function currentRangeFields(
  settings: Settings,
  { to, neurons, maxNeurons, sliderNeurons }: CurrentRangeOptions,
): [from: Field<number>, to: Field<number>, neurons: Field<number>] {
  return [
    settings.number('from', 0.5, { label: 'From', minimum: -1e4, maximum: 1e4, slider: [0, 5] }),
    settings.number('to', to, { label: 'To', minimum: -1e4, maximum: 1e4, slider: [0, 10] }),
    settings.number('neurons', neurons, {
      label: 'Neurons',
      hint: 'each with its own current',
      minimum: 2,
      maximum: maxNeurons,
      integer: true,
      slider: [2, sliderNeurons],
    }),
  ];
}

/** The ends of the range and the neurons, of fields that are right; nothing, and a word beside the field, where the ends are the wrong way round. */
export function currentRangeOf(settings: Settings): [from: number, to: number, neurons: number] | undefined {
  const [from, to, neurons] = currentRangeNumbers.map((name) => settings.valueOf(name)!) as [number, number, number];
  if (from < to) return [from, to, neurons];
  settings.complain('to', `The currents must end above ${from}, where they begin, not at ${to}`);
  return undefined;
}
