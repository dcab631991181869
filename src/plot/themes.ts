import { colourCount, colourOf, ink } from './draw.ts';

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** The colours of series on a dark ground, in the order of those on a light one. */
const darkSeries = ['#56b4e9', '#ff8c42', '#2ecc9b', '#e58fc3', '#f0c24b', '#9fc5ff', '#c8c8c8'] as const;

/** The colour on a dark ground of each colour on a light one. */
const onDark = new Map<string, string>([
  [ink.text, '#eceef0'],
  [ink.axis, '#9aa1a9'],
  [ink.grid, '#2a2f36'],
  [ink.ground, '#14171b'],
  ...Array.from({ length: colourCount }, (_, i): [string, string] => [colourOf(i), darkSeries[i]!]),
]);

/** A picture that `drawFigure` drew, in the colours of a theme. */
export function inTheme(svg: string, theme: Theme): string {
  if (theme === 'light') return svg;
  // Texts have no quotes: they are escaped.
  return svg.replace(/="(#[0-9a-f]{6})"/g, (attribute, colour: string) => `="${onDark.get(colour) ?? colour}"`);
}
