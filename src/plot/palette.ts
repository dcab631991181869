import type { Style } from './figure.ts';

/**
 * Colours that those with any kind of colour blindness can tell apart: Okabe and Ito's, of which the light ones are darkened until they
 * have a contrast of 3 to 1 on white.
 */
const colours = ['#0072b2', '#d55e00', '#008a66', '#b4538b', '#a87000', '#2b87c3', '#4d4d4d'] as const;

/** From the second round through the colours on, lines have dashes too. */
const dashes = ['', '7 3', '2 3', '9 3 2 3'] as const;

/** How many colours there are before they come again. */
export const colourCount = colours.length;

const neutral = '#6b6b6b';

export function colourOf(style: Style): string {
  return style === 'neutral' ? neutral : colours[style % colourCount]!;
}

export function dashOf(style: Style): string {
  return style === 'neutral' ? '' : dashes[Math.floor(style / colourCount) % dashes.length]!;
}

/** The class by which a page gives a style its own colours. */
export function classOf(style: Style): string {
  return style === 'neutral' ? 'neutral' : `series-${style % colourCount}`;
}

/** Of what is not data; pages have their own by class. */
export const ink = { text: '#1a1a1a', axis: '#6b6b6b', grid: '#e4e4e4', ground: '#ffffff' } as const;
