import { quantile, summarise } from '../../support/statistics.ts';
import { markdownTable } from '../../support/markdown-table.ts';
import { ratios } from '../turns.ts';
import type { PeerRow } from './measure.ts';

const head = [
  'work',
  'at a time',
  'ours: requests/s',
  'theirs',
  'ratio: median (min to max)',
  'aim',
  'bare: requests/s',
  'bare to theirs',
  'numbers that agree',
];

/** The rows as a table of Markdown. */
export function peerTable(rows: readonly PeerRow[]): string[] {
  return markdownTable(head, rows.map(cellsOf));
}

function cellsOf({ work, ours, theirs, bare, agreement }: PeerRow): string[] {
  const { median, min, max } = ratiosOf({ ours, theirs });
  const rate = (rates: readonly number[]) => quantile(rates, 0.5).toPrecision(3);
  return [
    `${work.name}, beside ${work.peer}`,
    String(work.connections),
    rate(ours),
    rate(theirs),
    `${median.toPrecision(3)} (${min.toPrecision(3)} to ${max.toPrecision(3)})`,
    String(work.aim),
    rate(bare),
    ratiosOf({ ours: bare, theirs }).median.toPrecision(3),
    `${(100 * agreement).toFixed(2)} %`,
  ];
}

/** Round by round, since what slows a machine down for a while slows both sides. */
export function ratiosOf({ ours, theirs }: Pick<PeerRow, 'ours' | 'theirs'>): {
  readonly median: number;
  readonly min: number;
  readonly max: number;
} {
  return summarise(ratios(ours, theirs));
}
