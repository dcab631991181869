/** How a neuron's current runs over time. */
export const waveforms = ['constant', 'step', 'ramp', 'sine', 'noise'] as const;
export type Waveform = (typeof waveforms)[number];

export interface CurrentSettings {
  readonly waveform: Waveform;
  readonly steps: number;
  /** ms. */
  readonly dt: number;
  /** The level of a constant; what a step goes to and a ramp ends at; a sine's and noise's mean. */
  readonly amplitude: number;
  /** What a step comes from and a ramp begins with. */
  readonly baseline: number;
  /** When a step comes, in ms. */
  readonly onset: number;
  /** How far a sine goes from its mean, and noise's standard deviation. */
  readonly deviation: number;
  /** Of a sine, in Hz. */
  readonly frequency: number;
  /** What noise is made from: the same seed, the same noise. */
  readonly seed: number;
}

/** The current at each step. Numbers are rounded to what is worth showing in a request. */
export function currentOf(settings: CurrentSettings): number[] {
  const { waveform, steps, dt, amplitude, baseline, onset, deviation, frequency, seed } = settings;
  const normal = normalNumbers(seed);
  const at: Record<Waveform, (step: number) => number> = {
    constant: () => amplitude,
    step: (step) => (step * dt >= onset ? amplitude : baseline),
    ramp: (step) => baseline + ((amplitude - baseline) * step) / Math.max(1, steps - 1),
    sine: (step) => amplitude + deviation * Math.sin((2 * Math.PI * frequency * step * dt) / 1000),
    noise: () => amplitude + deviation * normal(),
  };
  return Array.from({ length: steps }, (_, step) => Number(at[waveform](step).toPrecision(6)));
}

/** Independent numbers of the standard normal distribution, by Box and Muller. */
function normalNumbers(seed: number): () => number {
  const uniform = uniformNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Numbers from 0 to below 1: mulberry32. */
function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
