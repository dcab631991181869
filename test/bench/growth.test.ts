import { describe, expect, it } from 'vitest';
import { passes, type Pass } from '../../bench/growth/exchange.ts';
import { drawNetwork } from '../../bench/networks.ts';
import { growthFigure } from '../../bench/growth/figure.ts';
import { memoryOf, type Occupied } from '../../bench/growth/memory.ts';
import { networkReport, slopes } from '../../bench/growth/network-report.ts';
import { alongs, measureNetworks, type TimedNetwork } from '../../bench/growth/networks.ts';
import { growthReport, growths, type Growth } from '../../bench/growth/report.ts';
import { measureTimes, type Timed } from '../../bench/growth/time.ts';
import { warmEngine } from '../../bench/growth/engine.ts';
import { drawFigure } from '../../src/plot/draw.ts';
import { isThorough } from '../thorough.ts';

/** A job of so many nanoseconds a neuron-step and, beside them, a fixed microsecond. */
function timed(pass: Pass, neurons: number, steps: number, nanoseconds = 1): Timed {
  const work = neurons * steps;
  const rate = work / (1e-6 + 1e-9 * nanoseconds * work);
  return { pass, neurons, steps, rates: [rate, 2 * rate, rate] };
}

function occupied(pass: Pass, neurons: number, residentBytes = 16 * neurons): Occupied {
  return { pass, neurons, steps: 100, admittedBytes: 16 * neurons, arenaBytes: 2 ** 20 + 16 * neurons, residentBytes };
}

function growth(more: Partial<Growth> = {}): Growth {
  return {
    byNeurons: passes.flatMap((pass) => [1, 1000, 1e6, 1e7].map((neurons) => timed(pass, neurons, 100))),
    bySteps: passes.flatMap((pass) => [1, 1000].flatMap((neurons) => [10, 1000].map((steps) => timed(pass, neurons, steps)))),
    switches: passes.map((pass) => ({ pass, below: timed(pass, 999, 100), at: timed(pass, 1000, 100, 3) })),
    memory: passes.flatMap((pass) => [1e6, 1e7].map((neurons) => occupied(pass, neurons))),
    ...more,
  };
}

describe('how cost grows', () => {
  it('is compared from one size of a series to the next, within a round', () => {
    const cliff = { ...timed('forward', 1e7, 100, 4), rates: [1, 9, 1] };
    const [fast, steady] = [
      { ...timed('forward', 1e5, 100), rates: [3, 3, 3] },
      { ...timed('forward', 1e6, 100), rates: [2, 2, 2] },
    ];
    const sizes = [fast, steady, cliff, timed('gradient', 1, 100), timed('gradient', 10, 1)];
    expect(growths(sizes).map(({ from, to, factor }) => [from.neurons, to.neurons, factor])).toEqual([
      [1e5, 1e6, 1.5],
      [1e6, 1e7, 2],
    ]);
  });

  it('meets its aims where it is a straight line, and says where it is not', () => {
    const met = growthReport(growth()).join('\n');
    expect(met.match(/: met\./g)).toHaveLength(3);
    expect(met).toContain('forward, from 1000 neurons with 100 steps on: 0.301 ms instead of 0.101, 2.98 times as long');

    const cliff = passes.map((pass) => timed(pass, 1e7, 100, 2));
    const steep = growthReport(
      growth({ byNeurons: [...growth().byNeurons.slice(0, 3), cliff[0]!, ...growth().byNeurons.slice(4, 7), cliff[1]!] }),
    ).join('\n');
    expect(steep).toContain('changes from one size to the next by a factor of 2.00 at most; the aim is 1.5: **not met**');
    expect(steep).toContain('rises by 2.00 at most; the aim is 1.5: **not met**');

    const swollen = growthReport(growth({ memory: passes.map((pass) => occupied(pass, 1e6, 40e6)) })).join('\n');
    expect(swollen).toContain('grows by 24.0 MB at most beyond what was admitted; the aim is 8.0: **not met**');
  });

  it('has both passes beside each other, every row as wide as its head, and no number that is none', () => {
    const lines = growthReport(growth());
    const rows = lines.filter((line) => line.startsWith('|') && !line.startsWith('|-'));
    expect(rows).toHaveLength(3 + 4 + 4 + 2);
    expect(new Set(rows.map((row) => row.split('|').length))).toEqual(new Set([10]));
    expect(rows[1]).toBe('| 1 | 100 | 0.0011 | 11 |  | 0.0011 | 11 |  |');
    expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is a picture with a line for each series', () => {
    const figure = growthFigure(growth());
    expect(figure.panels.map(({ marks }) => marks.map(({ label }) => label))).toEqual([
      ['forward', 'gradient'],
      ['forward, 1 neuron', 'forward, 1000 neurons', 'gradient, 1 neuron', 'gradient, 1000 neurons'],
      ['gradient: admitted', 'gradient: resident'],
    ]);
    expect(drawFigure(figure, { file: 'opaque' })).not.toMatch(/NaN|undefined|Infinity/);
  });
});

it('a small run times every size in every round, on both sides of the switch', async () => {
  const engine = await warmEngine();
  const times = await measureTimes(engine, {
    neurons: [1, 10],
    stepsOfNeurons: 5,
    steps: [1, 2],
    neuronsOfSteps: [1, 3],
    rounds: 2,
    turnMilliseconds: 0.1,
  });
  await engine.close();
  expect(times.byNeurons.map(({ pass, neurons }) => [pass, neurons])).toEqual([
    ['forward', 1],
    ['forward', 10],
    ['gradient', 1],
    ['gradient', 10],
  ]);
  expect(times.bySteps).toHaveLength(8);
  for (const { rates } of [...times.byNeurons, ...times.bySteps]) expect(rates.filter((rate) => rate > 0)).toHaveLength(2);
  for (const { below, at } of times.switches) expect(at.neurons).toBe(below.neurons + 1);
});

const network = { sizes: [20, 8, 3], samples: 2, steps: 5, density: 0.2, isRecurrent: false };

describe('how the cost of networks grows', () => {
  /** Of so many milliseconds, for each of two samples more. */
  const timedNetwork = (samples: number, ms: number): TimedNetwork => ({ ...network, samples, synapses: 1, rates: [1000 / ms, 500 / ms] });

  it('is that of a further one, whatever the fixed cost', () => {
    const even = { along: 'samples', sizes: [timedNetwork(10, 11), timedNetwork(20, 21), timedNetwork(40, 41)] } as const;
    for (const slope of slopes(even)) expect(slope).toBeCloseTo(1.5e-3, 9);
    expect(networkReport([even], []).join('\n')).toContain('Along the batch what a further one costs changes by a factor of 1.00 at most');

    const steep = { ...even, sizes: [...even.sizes, timedNetwork(80, 141)] };
    expect(networkReport([steep], [])[0]).toContain('by a factor of 2.50 at most in runs that take 5 ms; the aim is 1.5: **not met**');
  });

  it('a small run times every size in every round, and counts active synapses', async () => {
    const engine = await warmEngine();
    const series = alongs.map((along) => ({ along, sizes: [network, { ...network, [along]: 2 * network[along] }] }));
    const timed = await measureNetworks(engine, series, 2, 0.1);
    await engine.close();
    for (const { rates } of timed.flatMap(({ sizes }) => sizes)) expect(rates.filter((rate) => rate > 0)).toHaveLength(2);
    const spikes = drawNetwork(network).spikes.reduce((sum, spike) => sum + spike, 0);
    const { synapses } = timed[0]!.sizes[0]!;
    // Eight of each spike of the input, and three of each of the hidden layer, which has at most one a step.
    expect(synapses).toBeGreaterThanOrEqual(8 * spikes);
    expect(synapses).toBeLessThanOrEqual(8 * spikes + 3 * 2 * 5 * 8);
    const report = networkReport(timed, [{ ...network, admittedBytes: 2e6, arenaBytes: 1e6, residentBytes: 1e6 }]);
    expect(report.filter((line) => line.startsWith('| ')).map((line) => line.split(' | ').length)).toEqual([8, 8, 8, 8, 8, 8, 8, 6, 6]);
    expect(report.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.runIf(isThorough)('memory is as admitted', async () => {
    const { admittedBytes, residentBytes } = await memoryOf({ ...network, sizes: [200, 100, 10], samples: 20, steps: 50 });
    expect(admittedBytes).toBeGreaterThan(1e6);
    expect(residentBytes).toBeLessThan(admittedBytes + 8e6);
  });
});

it('a job is weighed in a process of its own, and what it takes was admitted', async () => {
  const { admittedBytes, arenaBytes, residentBytes } = await memoryOf({ pass: 'gradient', neurons: 1_000_000, steps: 1 });
  // The current as it arrived, and once more as what may have to be copied; gradient, loss and counts.
  expect(admittedBytes).toBeGreaterThanOrEqual(20e6);
  expect(arenaBytes).toBeGreaterThan(16e6);
  expect(residentBytes).toBeGreaterThan(12e6);
});
