type Command =
  | 'bench'
  | 'bench:float64'
  | 'bench:growth'
  | 'bench:json'
  | 'bench:peers'
  | 'bench:tensorflow'
  | 'load'
  | 'load:latency'
  | 'load:loop'
  | 'soak'
  | 'chaos'
  | 'chaos:replicas';

/**
 * A document with `text` between the markers that `npm run <command>` writes between.
 *
 * @throws {Error} when the document has no place for the text.
 */
export function replaceBetweenMarkers(document: string, command: Command, text: string): string {
  const begin = `<!-- ${command}:begin, written by npm run ${command} -->`;
  const end = `<!-- ${command}:end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" ... "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
