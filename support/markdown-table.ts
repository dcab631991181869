import { summarise } from './statistics.ts';

/** A Markdown table, as lines. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)];
}

/** The median, and the least and greatest in brackets. */
export function spread(values: readonly number[], digits: number): string {
  const { min, median, max } = summarise(values);
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
