import type { Figure, Line, Panel, Space } from './figure.ts';
import { niceDomain } from './scale.ts';

export interface Trace {
  /** ms. */
  readonly times: readonly number[];
  readonly current: readonly number[];
  /** After the reset. */
  readonly v: readonly number[];
  /** Left out for a neuron that never spikes. */
  readonly spikeTimes?: readonly number[];
  /** Left out where the model has no single one. */
  readonly threshold?: number | undefined;
  /** ms. */
  readonly duration: number;
}

const maxDots = 150;

/** A neuron over time: its current, its membrane potential with threshold and spikes, and the spikes alone, where it has them. */
export function traceFigure(
  { times, current, v, spikeTimes, threshold, duration }: Trace,
  { width, height }: Space,
  range?: readonly [number, number],
): Figure {
  const x = { domain: range ?? ([0, duration] as const), zooms: 't' };
  const what =
    spikeTimes === undefined
      ? 'Current and membrane potential'
      : `Current, membrane potential and ${spikeTimes.length} ${spikeTimes.length === 1 ? 'spike' : 'spikes'}`;
  const marked = threshold ?? v.reduce((most, value) => Math.max(most, value), -Infinity);
  return {
    title: `${what} of a neuron from ${x.domain[0]} to ${x.domain[1]} ms`,
    width,
    height: height(400),
    panels: [
      {
        x: { ...x, label: 't (ms)' },
        symbol: 'v',
        y: { label: 'potential v', domain: niceDomain([v], threshold === undefined ? [] : [0, threshold]) },
        weight: 3,
        marks: [
          { kind: 'line', label: 'membrane potential', style: 0, x: times, y: v },
          ...(threshold === undefined ? [] : [{ kind: 'rule', label: 'threshold', y: threshold } as const]),
          // More would only be a bar.
          ...(spikeTimes !== undefined && spikeTimes.length <= maxDots
            ? [{ kind: 'dots', label: 'spike', style: 1, x: spikeTimes, y: spikeTimes.map(() => marked) } as const]
            : []),
        ],
      },
      ...(spikeTimes === undefined ? [] : [spikePanel(x, spikeTimes)]),
      {
        x: { ...x, label: 't (ms)' },
        symbol: 'I',
        y: { label: 'current I', domain: niceDomain([current], [0]) },
        weight: 1.2,
        marks: [{ kind: 'line', label: 'current', style: 2, x: times, y: current }],
      },
    ],
  };
}

function spikePanel(x: Panel['x'], spikeTimes: readonly number[]): Panel {
  return {
    x: { ...x, ticks: false },
    y: { label: 'spikes', domain: [0, 1], ticks: false },
    weight: 0.5,
    marks: [{ kind: 'raster', label: 'spike', style: 1, rows: [{ y: 0.5, times: spikeTimes }], size: 0.9 }],
  };
}

export interface Population {
  /** Of each neuron. */
  readonly currents: readonly number[];
  readonly spikeTimes: readonly (readonly number[])[];
  /** Spike counts, or firing rates in Hz. */
  readonly output: readonly number[];
  readonly isRate: boolean;
  /** ms. */
  readonly duration: number;
}

/** Neurons with one current each: when each spikes, and how often. */
export function populationFigure(
  { currents, spikeTimes, output, isRate, duration }: Population,
  { width, height, fits }: Space,
  range?: readonly [number, number],
): Figure {
  const spacing = currents.length > 1 ? currents[1]! - currents[0]! : 1;
  const domain = [currents[0]! - spacing / 2, currents.at(-1)! + spacing / 2] as const;
  const isNarrow = !fits(2);
  const name = isRate ? 'firing rate' : 'spike count';
  return {
    title: `Spikes of ${currents.length} neurons with currents from ${currents[0]!} to ${currents.at(-1)!}, and the ${name} of each`,
    width,
    height: height(isNarrow ? 540 : 320),
    columns: isNarrow ? 1 : 2,
    panels: [
      {
        title: 'Spikes of each neuron',
        x: { label: 't (ms)', domain: range ?? [0, duration], zooms: 't' },
        y: { label: 'current I', domain },
        marks: [{ kind: 'raster', label: '', style: 1, rows: currents.map((y, b) => ({ y, times: spikeTimes[b]! })), size: spacing * 0.8 }],
      },
      {
        title: isRate ? 'Firing rate (f–I curve)' : 'Spike count',
        x: { label: 'current I', domain, zooms: 'current' },
        y: { label: isRate ? 'firing rate (Hz)' : 'spikes', domain: niceDomain([output], [0, 1]), counts: !isRate },
        marks: [{ kind: 'line', label: name, style: 0, x: currents, y: output }],
      },
    ],
  };
}

/** Spike counts and gradients over a range of currents. */
export interface Sweep {
  readonly currents: ArrayLike<number>;
  /** Of each current. */
  readonly counts: ArrayLike<number>;
  /** The gradients of the counts with respect to the current; none for a neuron without spikes. */
  readonly surrogates: readonly { readonly label: string; readonly grad: ArrayLike<number> }[];
  readonly steps: number;
}

/** How often a neuron fires at each current, and the surrogate gradients of that. */
export function sweepFigure({ currents, counts, surrogates, steps }: Sweep, size: Pick<Figure, 'width' | 'height'>): Figure {
  const x = { label: 'current I', domain: [currents[0]!, currents[currents.length - 1]!] as const };
  const count: Line = { kind: 'line', label: 'spikes', style: 'neutral', x: currents, y: counts };
  const gradients = surrogates.map(({ label, grad }, style): Line => ({ kind: 'line', label, style, x: currents, y: grad }));
  return {
    title: `Spikes in ${steps} steps and their gradient by ${surrogates.map(({ label }) => label).join(', ')}, for currents from ${x.domain[0]} to ${x.domain[1]}`,
    ...size,
    columns: 2,
    panels: [
      { title: `Spikes in ${steps} steps`, x, y: { domain: niceDomain([counts], [0, 1]) }, marks: [count] },
      {
        title: 'Gradient with respect to I',
        x,
        y: {
          domain: niceDomain(
            surrogates.map(({ grad }) => grad),
            [0],
          ),
        },
        marks: gradients,
      },
    ],
  };
}
