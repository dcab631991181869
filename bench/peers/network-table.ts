import { markdownTable, spread } from '../../support/markdown-table.ts';
import { ratios } from '../turns.ts';
import { titleOf, type NetworkRow } from './measure-networks.ts';

/** What HTTP may add: the time of a request over that of its kernels. */
const aimedOverhead = 1.25;

/** The rows as a table of Markdown, with columns for the peers that they have. */
export function networkTable(rows: readonly NetworkRow[]): string[] {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const head = [
    'network',
    'input',
    'kernels: ms',
    'over HTTP: ms',
    `ratio; aim ${aimedOverhead}`,
    ...peers.flatMap((name) => [`${name}: ms`, 'to the kernels', 'aim']),
    'numbers that agree',
  ];
  return markdownTable(
    head,
    rows.map(({ work, form, kernel, http, peers: times, agreement }) => [
      titleOf(work),
      form,
      spread(kernel, 1),
      spread(http, 1),
      spread(ratios(http, kernel), 2),
      ...peers.flatMap((name) => [
        spread(times[name] ?? [], 1),
        spread(ratios(times[name] ?? [], kernel), 2),
        work.aims[name] === undefined ? '' : String(work.aims[name]),
      ]),
      `${(100 * agreement).toFixed(2)} %`,
    ]),
  );
}
