import type { Figure, Panel } from '../src/plot/figure.ts';
import { niceDomain } from '../src/plot/scale.ts';

/** Symbols of quantities on the axes; others have their name there. */
const symbols: Readonly<Record<string, string>> = { current: 'I', tau: 'τ', v_threshold: 'θ' };

export interface GradientCurves {
  readonly currents: readonly number[];
  /** One for each way to treat the reset; `detached` is undefined where the model alone decides. */
  readonly runs: readonly {
    readonly detached: boolean | undefined;
    readonly results: readonly { readonly label: string; readonly grad: Readonly<Record<string, readonly number[]>> }[];
  }[];
  readonly wrt: readonly string[];
}

/** Gradients over the current: a row for each quantity, and a column for each way to treat the reset. */
export function gradientFigure({ currents, runs, wrt }: GradientCurves, width: number): Figure {
  const columns = width < 640 ? 1 : runs.length;
  const domain = [currents[0]!, currents.at(-1)!] as const;
  const panels = wrt.flatMap((quantity) =>
    runs.map(({ detached, results }): Panel => {
      const name = `dL/d${symbols[quantity] ?? ` ${quantity}`}`;
      return {
        title: [name, resetText(detached)].filter((text) => text !== '').join(', '),
        x: { label: 'current I', domain },
        y: {
          label: name,
          domain: niceDomain(
            results.map(({ grad }) => grad[quantity]!),
            [0],
          ),
        },
        marks: results.map(({ label, grad }, style) => ({ kind: 'line', label, style, x: currents, y: grad[quantity]! })),
      };
    }),
  );
  const rows = panels.length / columns;
  return {
    title: `Gradient of the spike count with respect to ${wrt.join(', ')}, over currents from ${domain[0]} to ${domain[1]}`,
    width,
    height: 60 + 310 * rows,
    columns,
    panels,
  };
}

export function resetText(detached: boolean | undefined): string {
  if (detached === undefined) return '';
  return detached ? 'reset detached' : 'through the reset';
}
