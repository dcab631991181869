import { markdownTable } from '../support/markdown-table.ts';
import { quantile } from '../support/statistics.ts';

export interface LatencyRow {
  readonly name: string;
  /** Part of all requests. */
  readonly share: number;
  /** Of each answer, from when its request was due; in milliseconds. */
  readonly ms: readonly number[];
}

/** A quantile is told only where so many answers at least lie beyond it. */
const minBeyond = 5;
const quantiles = [0.5, 0.99, 0.999] as const;

/** A Markdown table, as lines. */
export function latencyTable(rows: readonly LatencyRow[]): string[] {
  const head = ['request', 'of all', 'answers', ...quantiles.map((q) => `p${100 * q} ms`)];
  return markdownTable(
    head,
    rows.map(({ name, share, ms }) => [name, `${100 * share} %`, `${ms.length}`, ...quantiles.map((q) => quantileCell(ms, q))]),
  );
}

function quantileCell(ms: readonly number[], q: number): string {
  const beyond = ms.length * (1 - q);
  if (beyond < minBeyond) return '';
  const value = quantile(ms, q);
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
