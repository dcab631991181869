import type { Figure, Panel, Space } from '../src/plot/figure.ts';
import { niceDomain } from '../src/plot/scale.ts';

/** Symbols of quantities on the axes; others have their name there. */
const symbols: Readonly<Record<string, string>> = { current: 'I', tau: 'τ', v_threshold: 'θ' };

export interface GradientCurves {
  readonly currents: readonly number[];
  /** Of each neuron; the same for all surrogates. */
  readonly spikeCounts: readonly number[];
  /** One for each way to treat the reset; `detached` is undefined where the model alone decides. */
  readonly runs: readonly {
    readonly detached: boolean | undefined;
    readonly results: readonly { readonly label: string; readonly grad: Readonly<Record<string, readonly number[]>> }[];
  }[];
  readonly wrt: readonly string[];
}

/** Neurons up to this number are marked one by one. */
const maxDots = 60;

/** The spike count over the current, and its gradients: a row for each quantity, and a column for each way to treat the reset. */
export function gradientFigure({ currents, spikeCounts, runs, wrt }: GradientCurves, { width, fits, height }: Space): Figure {
  const domain = [currents[0]!, currents.at(-1)!] as const;
  const x = { label: 'current I', domain, zooms: 'current' };
  const kinds = currents.length <= maxDots ? (['line', 'dots'] as const) : (['line'] as const);
  const output: Panel = {
    title: 'Spike count',
    symbol: 'spikes',
    x,
    y: { label: 'spikes', domain: niceDomain([spikeCounts], [0, 1]), counts: true },
    marks: kinds.map((kind) => ({ kind, label: 'spike count', style: 'neutral', x: currents, y: spikeCounts })),
  };
  const gradients = wrt.flatMap((quantity) =>
    runs.map(({ detached, results }): Panel => {
      const name = `dL/d${symbols[quantity] ?? ` ${quantity}`}`;
      return {
        title: [name, resetText(detached)].filter((text) => text !== '').join(', '),
        symbol: [name, detached === true ? 'detached' : ''].join(' ').trim(),
        x,
        y: {
          label: name,
          domain: niceDomain(
            results.map(({ grad }) => grad[quantity]!),
            [0],
          ),
        },
        marks: kinds.flatMap((kind) => results.map(({ label, grad }, style) => ({ kind, label, style, x: currents, y: grad[quantity]! }))),
      };
    }),
  );
  const isWide = fits(runs.length + 1);
  const columns = isWide ? runs.length + 1 : 1;
  const panels = isWide ? inRows(output, gradients, runs.length) : [output, ...gradients];
  const rows = Math.ceil(panels.length / columns);
  return {
    title: `Spike count, and its gradient with respect to ${wrt.join(', ')}, over currents from ${domain[0]} to ${domain[1]}`,
    width,
    height: height(rows === 1 ? 300 : rows * 250),
    columns,
    panels,
  };
}

/** The panels row by row; the spike count is at the left of each row. */
function inRows(output: Panel, gradients: readonly Panel[], perRow: number): Panel[] {
  return gradients.flatMap((panel, i) => (i % perRow === 0 ? [output, panel] : [panel]));
}

export function resetText(detached: boolean | undefined): string {
  if (detached === undefined) return '';
  return detached ? 'reset detached' : 'through the reset';
}
