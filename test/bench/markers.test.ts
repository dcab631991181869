import { expect, it } from 'vitest';
import { replaceBetweenMarkers } from '../../support/markers.ts';

const begin = '<!-- bench:begin, written by npm run bench -->';
const end = '<!-- bench:end -->';

it('replaces what stands between the markers and nothing else', () => {
  const once = replaceBetweenMarkers(`before\n\n${begin}\nold\n${end}\n\nafter\n`, 'bench', 'new');
  expect(once).toBe(`before\n\n${begin}\n\nnew\n\n${end}\n\nafter\n`);
  expect(replaceBetweenMarkers(once, 'bench', 'new')).toBe(once);
});

it.each(['no markers', begin, `${end} ${begin}`])('refuses a document without both in order: %s', (document) => {
  expect(() => replaceBetweenMarkers(document, 'bench', 'new')).toThrow('the document has no');
});
