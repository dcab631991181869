import type { Figure, Panel } from '../src/plot/figure.ts';
import { niceDomain } from '../src/plot/scale.ts';

/** What gradients are taken with respect to, and how the axes name that. */
export const quantities = [
  ['current', 'dL/dI'],
  ['tau', 'dL/dτ'],
  ['v_threshold', 'dL/dθ'],
] as const;
export type GradientOf = (typeof quantities)[number][0];

export interface GradientCurves {
  readonly currents: readonly number[];
  /** One for each way to treat the reset. */
  readonly runs: readonly {
    readonly detached: boolean;
    readonly results: readonly { readonly label: string; readonly grad: Readonly<Record<string, readonly number[]>> }[];
  }[];
  readonly wrt: readonly GradientOf[];
}

/** Gradients over the current: a row for each quantity, and a column for each way to treat the reset. */
export function gradientFigure({ currents, runs, wrt }: GradientCurves, width: number): Figure {
  const columns = width < 640 ? 1 : runs.length;
  const domain = [currents[0]!, currents.at(-1)!] as const;
  const panels = wrt.flatMap((quantity) =>
    runs.map(({ detached, results }): Panel => {
      const name = quantities.find(([one]) => one === quantity)![1];
      return {
        title: `${name}, ${resetText(detached)}`,
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

export function resetText(detached: boolean): string {
  return detached ? 'reset detached' : 'through the reset';
}
