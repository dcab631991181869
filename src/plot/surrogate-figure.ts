import type { ParameterValue } from '../compute/surrogates/definition.ts';
import type { Figure, Line } from './figure.ts';
import { niceDomain } from './scale.ts';

/** A surrogate's curves over the same points. */
export interface SurrogateCurves {
  /** Its name and parameters, for the legend. */
  readonly label: string;
  readonly value: ArrayLike<number>;
  readonly grad: ArrayLike<number>;
}

export interface SurrogateFigureOptions {
  readonly x: ArrayLike<number>;
  readonly spike: ArrayLike<number>;
  readonly surrogates: readonly SurrogateCurves[];
  readonly width: number;
  readonly height: number;
  readonly columns?: number;
  readonly bare?: boolean;
}

/** The step and the surrogates' values in one panel, their gradients in another. */
export function surrogateFigure({ x, spike, surrogates, width, height, columns = 2, bare = false }: SurrogateFigureOptions): Figure {
  const domain: [number, number] = [x[0]!, x[x.length - 1]!];
  const curves = (quantity: 'value' | 'grad'): Line[] =>
    surrogates.map((surrogate, style) => ({ kind: 'line', label: surrogate.label, style, x, y: surrogate[quantity] }));
  const step: Line = { kind: 'line', label: 'step', style: 'neutral', dashed: true, x, y: spike };
  return {
    title: `Value and gradient of ${surrogates.map(({ label }) => label).join(', ') || 'no surrogate'}, for x from ${domain[0]} to ${domain[1]}`,
    width,
    height,
    columns,
    bare,
    panels: [
      {
        title: 'Value',
        x: { label: 'x = v − threshold', domain },
        y: {
          domain: niceDomain(
            surrogates.map(({ value }) => value),
            [0, 1],
          ),
        },
        marks: [step, ...curves('value')],
      },
      {
        title: 'Gradient',
        x: { label: 'x = v − threshold', domain },
        y: {
          domain: niceDomain(
            surrogates.map(({ grad }) => grad),
            [0],
          ),
        },
        marks: curves('grad'),
      },
    ],
  };
}

/** A surrogate with its parameters, as a legend names it: `sigmoid (alpha 4)`; of lists it has the lengths. */
export function surrogateLabel({
  name,
  ...parameters
}: { readonly name: string } & Readonly<Record<string, string | ParameterValue>>): string {
  const given = Object.entries(parameters).map(
    ([parameter, value]) => `${parameter} ${typeof value === 'object' ? `of ${value.length}` : value}`,
  );
  return given.length === 0 ? name : `${name} (${given.join(', ')})`;
}
