import type { Style } from './figure.ts';

/**
 * Colours of the series, on a light and on a dark ground. Any two of a ground, the grey included, differ by at least 20 (CIEDE2000), by 10 under each
 * kind of colour blindness, and each has a contrast of 3 to 1 with the ground.
 */
export const palettes = {
  light: { ground: '#ffffff', neutral: '#6b6b6b', series: ['#0379db', '#ff2b3c', '#039d77', '#a03090', '#7c7900', '#101010'] },
  dark: { ground: '#14171b', neutral: '#8a9199', series: ['#1abaff', '#ed6f38', '#28ee99', '#d259bd', '#e5ea55', '#ffffff'] },
} as const;

/** Colours of everything but data; pages have their own by class. */
export const ink = { text: '#1a1a1a', axis: '#6b6b6b', grid: '#e4e4e4', ground: '#ffffff' } as const;

/** The number of colours before they repeat. */
export const colourCount = palettes.light.series.length;

const solidCount = 4;
const dashes = ['7 3', '2 3', '9 3 2 3'] as const;

/** The colour of a style on white. */
export function colourOf(style: Style): string {
  return style === 'neutral' ? palettes.light.neutral : palettes.light.series[style % colourCount]!;
}

/** The dashes of a style: none for the first four, and other ones whenever colours repeat. */
export function dashOf(style: Style): string {
  if (style === 'neutral' || style < solidCount) return '';
  return dashes[Math.floor((style - solidCount) / colourCount) % dashes.length]!;
}

/** The class by which a page gives a style its own colours. */
export function classOf(style: Style): string {
  return style === 'neutral' ? 'neutral' : `series-${style % colourCount}`;
}

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
