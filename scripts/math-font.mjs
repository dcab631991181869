// The letters of some formulas, out of Noto Sans Math: a font with the table by which browsers set MathML, and small enough for a page.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import subsetFont from 'subset-font';

/** What browsers draw by themselves: the sign of a root. */
const drawnByBrowsers = '√';

/** Copyright and licence, which go with every copy of the font. */
const keptNames = [0, 13, 14];

/**
 * @param {readonly string[]} mathMl the formulas
 * @param {string} more what else is written in the font
 * @returns {Promise<Uint8Array>} WOFF2
 */
export async function mathFont(mathMl, more) {
  const whole = readFileSync(fileURLToPath(import.meta.resolve('@fontsource/noto-sans-math/files/noto-sans-math-latin-400-normal.woff2')));
  const letters = new Set(mathMl.map(textOf).join('') + drawnByBrowsers + more);
  return subsetFont(whole, [...letters, ...[...letters].map(italic)].join(''), { targetFormat: 'woff2', preserveNameIds: keptNames });
}

/** @param {string} mathMl */
function textOf(mathMl) {
  return mathMl
    .replace(/<[^>]*>/g, '')
    .replace(/&#x([0-9a-f]+);/gi, (/** @type {string} */ _, /** @type {string} */ digits) =>
      String.fromCodePoint(Number.parseInt(digits, 16)),
    )
    .replace('&lt;', '<')
    .replace('&gt;', '>');
}

/** Where letters begin and end, and where their mathematical italics begin. */
const alphabets = /** @type {const} */ ([
  ['a', 'z', 0x1d44e],
  ['A', 'Z', 0x1d434],
  ['α', 'ω', 0x1d6fc],
  ['Α', 'Ω', 0x1d6e2],
]);

/**
 * The mathematical italic as which browsers set a letter that stands alone.
 *
 * @param {string} letter
 */
function italic(letter) {
  // It was there before the others, and has a place elsewhere.
  if (letter === 'h') return '\u210e';
  const alphabet = alphabets.find(([first, last]) => letter >= first && letter <= last);
  return alphabet === undefined ? letter : String.fromCodePoint(alphabet[2] + letter.charCodeAt(0) - alphabet[0].charCodeAt(0));
}
