import type { Figure, Line } from './figure.ts';
import { niceDomain } from './scale.ts';

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
