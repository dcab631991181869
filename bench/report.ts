import { summarise } from '../support/statistics.ts';
import type { LifGradRow, LifRow, Results, SurrogateRow } from './benchmark.ts';
import { markdownTable, spread } from '../support/markdown-table.ts';
import { limitRates, shareOfLimit } from './limit-share.ts';
import { verdicts } from './targets.ts';
import type { InstructionCosts } from './limit.ts';
import type { Demands } from './transcendentals.ts';
import type { NeuronRow } from './neurons.ts';
import { ratios } from './turns.ts';

/** The run as Markdown, as lines. */
export function report(results: Results): string[] {
  const { setting, forward, lifGrad, neurons, surrogates } = results;
  return [
    '### Aims',
    '',
    ...markdownTable(
      ['aim', 'reached', '', 'missed by'],
      verdicts(results).map(({ aim, reached, met, missing }) => [aim, reached, met ? 'met' : '**not met**', missing.join(', ')]),
    ),
    '',
    '### Yardsticks',
    '',
    ...markdownTable(['one core', 'median (min to max)'], yardsticks(results)),
    '',
    `### LIF: ${setting.neurons} neurons, ${setting.steps} steps`,
    '',
    ...markdownTable(
      [
        'kernel',
        'functions',
        'G neuron-steps/s, one core',
        `${setting.threads} cores, one launch at a time`,
        'to one core',
        `${setting.threads} cores kept busy`,
        'to one core',
        'to the plain loop',
        'time to `sigmoid`',
        'operations',
        'limit, G/s',
        'set by',
        'of the limit',
      ],
      [
        ['forward', '', ...lifCells(forward, '')],
        ...lifGrad.map((row) => [`\`${row.name}\``, functions(row.demands), ...lifCells(row, timeToSigmoid(row))]),
      ],
    ),
    '',
    `### Neurons of every family: ${setting.neurons} neurons, ${setting.steps} steps, one core`,
    '',
    ...markdownTable(
      ['neuron', 'pass', 'G neuron-steps/s', 'operations', 'limit, G/s', 'set by', 'of the limit'],
      neurons.flatMap(({ name, forward, grad }) => [
        [`\`${name}\``, 'forward', spread(giga(forward.one), 3), ...limitCells(forward)],
        [`\`${name}\``, 'forward and backward', spread(giga(grad.one), 3), ...limitCells(grad)],
      ]),
    ),
    '',
    `### Surrogate gradients: ${setting.values} values, one core`,
    '',
    ...markdownTable(
      ['kernel', 'functions', 'G values/s', 'GB/s', 'of the copy', 'operations', 'limit, G/s', 'set by', 'of the limit'],
      surrogates.map(surrogateCells),
    ),
  ];
}

function yardsticks({ forward, lifGrad, surrogates, costs }: Results): string[][] {
  const peaks = [forward, ...lifGrad, ...surrogates].flatMap(({ peak }) => peak);
  return [
    ['plain loop, forward, G neuron-steps/s', spread(giga(forward.plain), 3)],
    ['plain loop, forward and backward with the sigmoid, G neuron-steps/s', spread(giga(lifGrad.flatMap(({ plain }) => plain)), 3)],
    ['SIMD multiplications and additions, G operations/s', spread(giga(peaks), 1)],
    ['copy, GB/s read and written', spread(gigabytes(surrogates.flatMap(({ copy }) => copy)), 1)],
    ['time of one instruction to an operation at that peak', costly(costs)],
  ];
}

/** Those that cost more than a multiplication or addition alone, dearest first. */
function costly(costs: InstructionCosts): string {
  const dear = Object.entries(costs)
    .filter(([, cost]) => cost >= 2)
    .sort(([, a], [, b]) => b - a);
  return dear.map(([name, cost]) => `\`${name}\` ${cost.toFixed(1)}`).join(', ');
}

function lifCells(row: LifRow, sigmoid: string): string[] {
  return [
    spread(giga(row.one), 3),
    number(giga(row.all), 3),
    spread(ratios(row.all, row.one), 2),
    number(giga(row.busy), 3),
    spread(ratios(row.busy, row.one), 2),
    spread(ratios(row.one, row.plain), 1),
    sigmoid,
    ...limitCells(row),
  ];
}

function timeToSigmoid(row: LifGradRow): string {
  return spread(ratios(row.sigmoid, row.one), 2);
}

function surrogateCells(row: SurrogateRow): string[] {
  return [
    `\`${row.name}\``,
    functions(row.demands),
    spread(giga(row.one), 3),
    number(gigabytes(row.one), 1),
    percent(ratios(row.one, row.copy)),
    ...limitCells(row),
  ];
}

function limitCells(row: LifRow | NeuronRow | SurrogateRow): string[] {
  const { rates, by } = limitRates(row);
  return [String(row.limit.operations), number(giga(rates), 2), by, percent(shareOfLimit(row))];
}

function functions({ transcendentals, float64 }: Demands): string {
  const names = [...new Set(transcendentals)].map((name) => {
    const count = transcendentals.filter((other) => other === name).length;
    return count === 1 ? name : `${count} ${name}`;
  });
  return [...names, ...(float64 ? ['float64'] : [])].join(', ');
}

function giga(rates: readonly number[]): number[] {
  return rates.map((rate) => rate / 1e9);
}

/** Each value is read and written once, as a float32. */
function gigabytes(rates: readonly number[]): number[] {
  return giga(rates).map((rate) => 8 * rate);
}

function number(values: readonly number[], digits: number): string {
  return summarise(values).median.toFixed(digits);
}

function percent(shares: readonly number[]): string {
  return `${(100 * summarise(shares).median).toFixed(0)} %`;
}
