import { describe, expect, it } from 'vitest';
import { latencyTable } from '../../load/latency-table.ts';
import { byChance, evenly, openLoop } from '../../support/load-client.ts';

describe('arrivals', () => {
  it('of a constant rate are evenly apart, and end in time', () => {
    expect([...evenly(4, 1)]).toEqual([250, 500, 750]);
  });

  it('by chance come in order, in time, and at about the rate', () => {
    const arrivals = [...byChance(1000, 20)];
    expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
    expect(arrivals.at(-1)).toBeLessThan(20_000);
    // Seven standard deviations.
    expect(Math.abs(arrivals.length - 20_000)).toBeLessThan(1000);
  });
});

describe('an open loop', () => {
  it('sends what is due though nothing before is answered, and says when it was due', async () => {
    const dues: number[] = [];
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await openLoop([0, 1, 2, 2, 5], (due) => {
      dues.push(due);
      if (dues.length === 5) answer();
      return answered;
    });
    expect(dues.map((due) => Math.round(due - dues[0]!))).toEqual([0, 1, 2, 2, 5]);
  });

  it('does not move what was due while it was held up', async () => {
    const waits: number[] = [];
    let held = false;
    await openLoop([0, 10, 20], (due) => {
      waits.push(performance.now() - due);
      const until = held ? 0 : performance.now() + 50;
      while (performance.now() < until);
      held = true;
      return Promise.resolve();
    });
    expect(waits[1]).toBeGreaterThanOrEqual(40);
    expect(waits[2]).toBeGreaterThanOrEqual(30);
  });
});

it('a table of latencies leaves out the quantiles for which there are too few answers', () => {
  const ms = Array.from({ length: 10_001 }, (_, i) => i / 100);
  expect(
    latencyTable([
      { name: 'many', share: 0.8, ms },
      { name: 'few', share: 0.05, ms: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
      { name: 'none', share: 0.15, ms: [] },
    ]),
  ).toEqual([
    '| request | of all | answers | p50 ms | p99 ms | p99.9 ms |',
    '|---|---|---|---|---|---|',
    '| many | 80 % | 10001 | 50.0 | 99.0 | 99.9 |',
    '| few | 5 % | 11 | 6.00 |  |  |',
    '| none | 15 % | 0 |  |  |  |',
  ]);
});
