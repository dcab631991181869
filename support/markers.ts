/** A command, and behind a space which of its texts. */
type Command =
  | 'bench'
  | 'bench:float64'
  | 'bench:growth'
  | 'bench:growth networks'
  | 'bench:json'
  | 'bench:peers'
  | 'bench:peers networks'
  | 'bench:tensorflow'
  | 'load'
  | 'load:latency'
  | 'load:loop'
  | 'soak'
  | 'chaos'
  | 'chaos:replicas';

/**
 * A document with `text` between the markers that `npm run <command>` writes it between.
 *
 * @throws {Error} when the document has no place for the text.
 */
export function replaceBetweenMarkers(document: string, command: Command, text: string): string {
  const begin = `<!-- ${command}:begin, written by npm run ${command.split(' ')[0]!} -->`;
  const end = `<!-- ${command}:end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no "${begin}" ... "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
