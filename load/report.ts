import { markdownTable } from '../support/markdown-table.ts';
import type { Round } from '../support/measure.ts';
import { quantile, summarise, type Summary } from '../support/statistics.ts';

export interface Row {
  route: string;
  size: number;
  requestBytes: number;
  answerBytes: number;
  real: Round[];
  /** A route of the same application, with the same hooks and validation, that answers a constant. */
  noop: Round[];
  /** A route of plain Fastify that answers the same constant. */
  plain: Round[];
}

export function failures(row: Row): string[] {
  const of = (name: string, rounds: Round[]) => rounds.flatMap((round) => round.failures.map((failure) => `${name}: ${failure}`));
  return [...of('route', row.real), ...of('no-op', row.noop), ...of('plain Fastify', row.plain)];
}

/** The route's throughput as a share of another's, round by round. */
function shares({ real }: Row, others: readonly Round[]): Summary {
  return summarise(real.map((round, index) => round.rate / others[index]!.rate));
}

function bytes(count: number): string {
  return count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toPrecision(3)} kB` : `${(count / 1e6).toPrecision(3)} MB`;
}

function ms(time: number): string {
  return Number.isNaN(time) ? '' : time < 10 ? time.toFixed(2) : time.toFixed(time < 100 ? 1 : 0);
}

function side(rounds: Round[]): string[] {
  const latencies = rounds.flatMap((round) => round.latencies);
  const rate = quantile(
    rounds.map((round) => round.rate),
    0.5,
  );
  const cpu = quantile(
    rounds.map((round) => round.cpu),
    0.5,
  );
  return [rate < 100 ? rate.toFixed(1) : rate.toFixed(0), ms(quantile(latencies, 0.5)), ms(quantile(latencies, 0.99)), ms(cpu)];
}

function percents({ min, median, max }: Summary): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  return `${percent(median)} (${percent(min)} to ${percent(max)})`;
}

const head = [
  'route',
  'neurons or values',
  'request',
  'answer',
  'req/s',
  'p50 ms',
  'p99 ms',
  'server CPU ms',
  'no-op req/s',
  'p50 ms',
  'p99 ms',
  'server CPU ms',
  'share of no-op: median (min to max)',
  'plain Fastify req/s',
  'share of it: median (min to max)',
];

function cells(row: Row): string[] {
  const start = [`\`${row.route}\``, `${row.size}`, bytes(row.requestBytes), bytes(row.answerBytes)];
  const failed = failures(row);
  if (failed.length > 0) return [...start, `**failed**: ${[...new Set(failed)].join('; ')}`, ...Array<string>(head.length - 5).fill('')];
  return [
    ...start,
    ...side(row.real),
    ...side(row.noop),
    percents(shares(row, row.noop)),
    side(row.plain)[0]!,
    percents(shares(row, row.plain)),
  ];
}

/** A Markdown table, as lines. */
export function table(rows: Row[]): string[] {
  return markdownTable(head, rows.map(cells));
}

const aim = { route: '/lif/grad', size: 50, share: 0.8 };

/** How the row that has an aim did. */
export function verdict(rows: readonly Row[]): string {
  const what = `\`${aim.route}\` with ${aim.size} neurons`;
  const judged = rows.find((row) => row.route === aim.route && row.size === aim.size);
  if (judged === undefined) return `${what} was not measured.`;
  if (failures(judged).length > 0) return `${what} failed.`;
  return `${what}: ${(100 * shares(judged, judged.noop).median).toFixed(0)} % of its no-op's throughput; the aim is ${100 * aim.share} %.`;
}
