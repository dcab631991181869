import { summarise } from '../../support/statistics.ts';
import { markdownTable } from '../../support/markdown-table.ts';
import { ratios } from '../turns.ts';
import { passes, type Pass } from './exchange.ts';
import type { JobMemory, Occupied } from './memory.ts';
import type { Switch, Timed, Times } from './time.ts';

/** By how much the time of a neuron-step may differ between neighbours. */
export const aimedFactor = 1.5;
/** Jobs that take longer have their fixed cost, the hop to the threads above all, behind them; in seconds. */
export const beyondFixedCost = 5e-3;
/** By how much the process may grow beyond what was admitted: code, stacks, and memory that is not the job's. */
const slackBytes = 8e6;

export interface Growth extends Times {
  readonly memory: readonly Occupied[];
}

/** The run as Markdown, as lines. */
export function growthReport(growth: Growth): string[] {
  return [...verdicts(growth), '', ...timeTable(growth.byNeurons), '', ...timeTable(growth.bySteps), '', ...memoryTable(growth.memory)];
}

/** Of a job, the median. */
export function secondsOf({ neurons, steps, rates }: Timed): number {
  return (neurons * steps) / summarise(rates).median;
}

/** Each size after the next smaller one of its series, and how many times as long a neuron-step of it takes. */
export function growths(sizes: readonly Timed[]): { readonly from: Timed; readonly to: Timed; readonly factor: number }[] {
  return sizes.flatMap((to, i) => {
    const from = sizes[i - 1];
    return from === undefined || !areOneSeries(from, to) ? [] : [{ from, to, factor: stepFactor(from, to) }];
  });
}

function areOneSeries(from: Timed, to: Timed): boolean {
  return from.pass === to.pass && (from.neurons === to.neurons) !== (from.steps === to.steps);
}

function stepFactor(from: Timed, to: Timed): number {
  return summarise(ratios(from.rates, to.rates)).median;
}

function verdicts({ byNeurons, bySteps, switches, memory }: Growth): string[] {
  const all = [...growths(byNeurons), ...growths(bySteps)];
  const straight = all.filter(({ from }) => secondsOf(from) >= beyondFixedCost).map(({ factor }) => Math.max(factor, 1 / factor));
  const rises = all.map(({ factor }) => factor);
  return [
    ...(straight.length === 0
      ? []
      : [
          `- From ${1000 * beyondFixedCost} ms a job on, a neuron-step's time changes from one size to the next by a factor of ${Math.max(...straight).toFixed(2)} at most; the aim is ${aimedFactor}: ${verdict(Math.max(...straight) <= aimedFactor)}.`,
        ]),
    `- Anywhere it rises by ${Math.max(...rises).toFixed(2)} at most; the aim is ${aimedFactor}: ${verdict(Math.max(...rises) <= aimedFactor)}.`,
    ...switches.map(switchLine),
    growthLine(memory),
  ];
}

/** By how much the process grows beyond what was admitted. */
export function growthLine(memory: readonly JobMemory[]): string {
  const beyond = Math.max(...memory.map(({ admittedBytes, residentBytes }) => residentBytes - admittedBytes));
  return `- The process grows by ${megabytes(beyond)} MB at most beyond what was admitted; the aim is ${megabytes(slackBytes)}: ${verdict(beyond <= slackBytes)}.`;
}

function switchLine({ pass, below, at }: Switch): string {
  return `- A job goes to the threads, ${pass}, from ${at.neurons} neurons with ${at.steps} steps on: ${milliseconds(secondsOf(at))} ms instead of ${milliseconds(secondsOf(below))}, ${stepFactor(below, at).toFixed(2)} times as long.`;
}

export function verdict(met: boolean): string {
  return met ? 'met' : '**not met**';
}

const timeHead = ['neurons', 'steps', ...passes.flatMap((pass) => [`${pass}: ms`, 'ns per neuron-step', 'times that before'])];

function timeTable(sizes: readonly Timed[]): string[] {
  const factors = new Map(growths(sizes).map(({ to, factor }) => [to, factor]));
  const cells = (timed: Timed): string[] => {
    const seconds = secondsOf(timed);
    const factor = factors.get(timed);
    return [
      milliseconds(seconds),
      Number(((1e9 * seconds) / (timed.neurons * timed.steps)).toPrecision(3)).toString(),
      factor === undefined ? '' : factor.toFixed(2),
    ];
  };
  return markdownTable(
    timeHead,
    bySize(sizes).map(([first, ...others]) => [`${first.neurons}`, `${first.steps}`, ...[first, ...others].flatMap(cells)]),
  );
}

function memoryTable(memory: readonly Occupied[]): string[] {
  const head = ['neurons', 'steps', ...passes.flatMap((pass) => [`${pass}: MB admitted`, 'arena', 'resident'])];
  const cells = ({ admittedBytes, arenaBytes, residentBytes }: Occupied) => [admittedBytes, arenaBytes, residentBytes].map(megabytes);
  return markdownTable(
    head,
    bySize(memory).map(([first, ...others]) => [`${first.neurons}`, `${first.steps}`, ...[first, ...others].flatMap(cells)]),
  );
}

/** The passes of each size beside each other. */
function bySize<S extends { readonly pass: Pass; readonly neurons: number; readonly steps: number }>(sizes: readonly S[]): [S, ...S[]][] {
  const ofPass = (pass: Pass) => sizes.filter((size) => size.pass === pass);
  return ofPass(passes[0]).map((size) => [
    size,
    ...passes.slice(1).map((pass) => ofPass(pass).find(({ neurons, steps }) => neurons === size.neurons && steps === size.steps)!),
  ]);
}

export function milliseconds(seconds: number): string {
  return Number((1000 * seconds).toPrecision(3)).toString();
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
