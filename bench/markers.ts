const begin = '<!-- bench:begin, written by npm run bench -->';
const end = '<!-- bench:end -->';

/** @throws {Error} when the document has no place for the text. */
export function replaceBetweenMarkers(document: string, text: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" ... "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
