import { ink } from './draw.ts';
import { palettes } from './palette.ts';

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** The colour on a dark ground of each colour on a light one. */
const onDark = new Map<string, string>([
  [ink.text, '#eceef0'],
  [ink.axis, '#9aa1a9'],
  [ink.grid, '#2a2f36'],
  [ink.ground, palettes.dark.ground],
  ...palettes.light.series.map((colour, i): [string, string] => [colour, palettes.dark.series[i]!]),
]);

/** A picture that `drawFigure` drew, in the colours of a theme. */
export function inTheme(svg: string, theme: Theme): string {
  if (theme === 'light') return svg;
  // Texts have no quotes: they are escaped.
  return svg.replace(/="(#[0-9a-f]{6})"/g, (attribute, colour: string) => `="${onDark.get(colour) ?? colour}"`);
}
