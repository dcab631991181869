import type { ParameterValue } from '../compute/surrogates/definition.ts';
import type { Axis, Dots, Figure, Line, Panel } from './figure.ts';
import { niceDomain, sharedDomain } from './scale.ts';

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
  /** Whether the axes go round every curve, however much taller than the others it is. */
  readonly whole?: boolean;
  /** Whether the points are marked. */
  readonly hasDots?: boolean;
}

/** What the curves are called, here and in the tutorials of the field. */
export const curveNames = {
  spike: 'H(x), the spike',
  slope: 'H′(x) = 0',
  value: 'Surrogate function σ(x)',
  grad: 'Surrogate gradient σ′(x)',
} as const;

/** The step and the surrogate functions in one panel, the surrogate gradients in another. */
export function surrogateFigure(options: SurrogateFigureOptions): Figure {
  const { x, spike, surrogates, width, height, columns = 2, bare = false, whole = false, hasDots = false } = options;
  const domain = endsOf(x);
  const axis: Axis = { label: 'x = v − threshold', domain, zooms: 'x' };
  const isAlone = surrogates.length === 0;
  const around = whole ? niceDomain : sharedDomain;
  const curves = (quantity: 'value' | 'grad'): (Line | Dots)[] =>
    (hasDots ? (['line', 'dots'] as const) : (['line'] as const)).flatMap((kind) =>
      surrogates.map((surrogate, style) => ({ kind, label: surrogate.label, style, x, y: surrogate[quantity] })),
    );
  return {
    title: `Surrogate function and surrogate gradient of ${surrogates.map(({ label }) => label).join(', ') || 'no surrogate'}, for x from ${domain[0]} to ${domain[1]}`,
    width,
    height,
    columns,
    bare,
    panels: [
      {
        title: isAlone ? 'The spike H(x)' : curveNames.value,
        symbol: 'σ(x)',
        x: axis,
        y: {
          domain: around(
            surrogates.map(({ value }) => value),
            [0, 1],
          ),
        },
        marks: [stepLine(x, spike), ...curves('value')],
      },
      {
        title: isAlone ? 'Its derivative H′(x)' : curveNames.grad,
        symbol: 'σ′(x)',
        x: axis,
        y: {
          domain: around(
            surrogates.map(({ grad }) => grad),
            isAlone ? [0, 1] : [0],
          ),
        },
        marks: [...(bare ? [] : [slopeLine(x)]), ...curves('grad')],
      },
    ],
  };
}

/** A panel for each surrogate, with its function and its gradient over each other. */
export function surrogateGridFigure({ x, spike, surrogates, width, height, columns = 2 }: SurrogateFigureOptions): Figure {
  const domain = endsOf(x);
  return {
    title: `Surrogate function and surrogate gradient of each of ${surrogates.map(({ label }) => label).join(', ')}, for x from ${domain[0]} to ${domain[1]}`,
    width,
    height,
    columns,
    panels: surrogates.map(({ label, value, grad }): Panel => {
      const line = (name: string, style: number, y: ArrayLike<number>): Line => ({ kind: 'line', label: name, style, x, y });
      return {
        title: label,
        x: { label: 'x = v − threshold', domain, zooms: 'x' },
        y: { domain: niceDomain([value, grad], [0, 1]) },
        marks: [stepLine(x, spike), line('σ(x)', 0, value), line('σ′(x)', 1, grad)],
      };
    }),
  };
}

function stepLine(x: ArrayLike<number>, spike: ArrayLike<number>): Line {
  return { kind: 'line', label: curveNames.spike, style: 'neutral', x, y: spike };
}

/** The true derivative of the step, where it has one. */
function slopeLine(x: ArrayLike<number>): Line {
  return { kind: 'line', label: curveNames.slope, style: 'neutral', dashed: true, x, y: Array.from(x, (at) => (at === 0 ? NaN : 0)) };
}

function endsOf(x: ArrayLike<number>): [number, number] {
  return [x[0]!, x[x.length - 1]!];
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
