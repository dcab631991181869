import { summarise } from '../../support/statistics.ts';
import { markdownTable } from '../../support/markdown-table.ts';
import type { JobMemory } from './memory.ts';
import type { NetworkSize } from '../networks.ts';
import type { TimedNetwork, TimedSeries } from './networks.ts';
import { aimedFactor, beyondFixedCost, growthLine, megabytes, milliseconds, verdict } from './report.ts';

/** Networks' growth as Markdown, as lines. */
export function networkReport(series: readonly TimedSeries[], memory: readonly (JobMemory & NetworkSize)[]): string[] {
  return [...series.map(seriesVerdict), growthLine(memory), '', ...timeTable(series), '', ...memoryTable(memory)];
}

/** Seconds of a run, by round. */
function secondsOf({ rates }: TimedNetwork): number[] {
  return rates.map((rate) => 1 / rate);
}

function median(values: readonly number[]): number {
  return summarise(values).median;
}

/**
 * What a further unit costs from one size to the next, in seconds, medians over the rounds: of samples and steps a further one, of activity a further
 * active synapse. A fixed cost drops out.
 */
export function slopes({ along, sizes }: TimedSeries): number[] {
  const unit = (size: TimedNetwork) => (along === 'density' ? size.synapses : size[along]);
  return sizes.slice(1).map((size, i) => {
    const before = sizes[i]!;
    const [from, to] = [secondsOf(before), secondsOf(size)];
    return median(to.map((seconds, round) => (seconds - from[round]!) / (unit(size) - unit(before))));
  });
}

const names = { samples: 'the batch', steps: 'T', density: 'active synapses' };

function seriesVerdict(series: TimedSeries): string {
  const straight = slopes(series).filter((_, i) => median(secondsOf(series.sizes[i + 1]!)) >= beyondFixedCost);
  if (straight.length < 2) return `- Along ${names[series.along]} no two runs take ${1000 * beyondFixedCost} ms.`;
  const factor = Math.max(...straight) / Math.min(...straight);
  return `- Along ${names[series.along]} what a further one costs changes by a factor of ${factor.toFixed(2)} at most in runs that take ${1000 * beyondFixedCost} ms; the aim is ${aimedFactor}: ${verdict(factor > 0 && factor <= aimedFactor)}.`;
}

function timeTable(series: readonly TimedSeries[]): string[] {
  return markdownTable(
    [
      'along',
      'samples',
      'steps',
      '% active',
      'active synapses, millions',
      'ms',
      'ns per active synapse',
      'a further sample, step or synapse: ns',
    ],
    series.flatMap((one) => {
      const further = slopes(one);
      return one.sizes.map((size, i) => {
        const seconds = median(secondsOf(size));
        return [
          names[one.along],
          String(size.samples),
          String(size.steps),
          percent(size.density),
          (size.synapses / 1e6).toPrecision(3),
          milliseconds(seconds),
          ((1e9 * seconds) / size.synapses).toPrecision(3),
          i === 0 ? '' : (1e9 * further[i - 1]!).toPrecision(3),
        ];
      });
    }),
  );
}

function memoryTable(memory: readonly (JobMemory & NetworkSize)[]): string[] {
  return markdownTable(
    ['samples', 'steps', '% active', 'MB admitted', 'arena', 'resident'],
    memory.map(({ samples, steps, density, admittedBytes, arenaBytes, residentBytes }) => [
      String(samples),
      String(steps),
      percent(density),
      ...[admittedBytes, arenaBytes, residentBytes].map(megabytes),
    ]),
  );
}

function percent(share: number): string {
  return String(Number((100 * share).toPrecision(3)));
}
