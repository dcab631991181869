import { describe, expect, it } from 'vitest';
import type { Round } from '../../support/measure.ts';
import { table, verdict, type Row } from '../../load/report.ts';

const round = (rate: number, failures: string[] = []): Round => ({
  rate,
  latencies: failures.length > 0 ? [] : [1, 2, 3],
  cpu: 0.5,
  failures,
});
const row = (size: number, real: Round[], noop: Round[]): Row => ({
  route: '/lif/grad',
  size,
  requestBytes: 100,
  answerBytes: 2000,
  real,
  noop,
  plain: noop.map(({ rate }) => round(2 * rate)),
});

describe('the load report', () => {
  it('has the share of the no-op, round by round', () => {
    const rows = [row(50, [round(90), round(80), round(40)], [round(100), round(100), round(100)])];
    expect(table(rows).at(-1)).toMatch(/ 80 % \(40 % to 90 %\) \| 200 \| 40 % \(20 % to 45 %\) \|$/);
    expect(verdict(rows)).toBe("`/lif/grad` with 50 neurons: 80 % of its no-op's throughput; the aim is 80 %.");
  });

  it('says of what was not measured, or failed, that it was so', () => {
    const failed = [row(50, [round(0, ['2 errors']), round(90)], [round(100)])];
    expect(verdict(failed)).toBe('`/lif/grad` with 50 neurons failed.');
    expect(table(failed).at(-1)).toContain('**failed**: route: 2 errors');
    const other = [row(100_000, [round(40)], [round(100)])];
    expect(verdict(other)).toBe('`/lif/grad` with 50 neurons was not measured.');
    for (const rows of [failed, other]) expect([...table(rows), verdict(rows)].join('\n')).not.toContain('NaN');
  });
});
