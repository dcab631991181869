import { summarise } from '../support/statistics.ts';
import type { Results } from './benchmark.ts';
import { shareOfLimit } from './limit-share.ts';
import { ratios } from './turns.ts';

const forwardRate = 3e9;
const gradRate = 0.5e9;
const timesSigmoid = 1.5;
/** Of what as many cores as there are could do at best: 1.8 times one on two. */
const sharePerCore = 0.9;
const shareOfTheLimit = 0.5;
const shareOfNeurons = 0.6;

/** One thing that a run is held to. */
export interface Verdict {
  readonly aim: string;
  readonly reached: string;
  readonly met: boolean;
  /** The rows that miss it. */
  readonly missing: readonly string[];
}

/** The figures that a run is held to, and what it reached. */
export function verdicts({ setting, agreement, forward, lifGrad, neurons, surrogates }: Results): Verdict[] {
  const sigmoid = lifGrad.find(({ name }) => name === 'sigmoid');
  const single = lifGrad.filter(({ demands, name }) => name !== 'sigmoid' && demands.transcendentals.length === 1);
  const rates: Verdict[] = [
    rate('forward on one core', forwardRate, forward.one),
    ...(sigmoid ? [rate('forward and backward with `sigmoid` on one core', gradRate, sigmoid.one)] : []),
  ];
  const slowdowns = single.map((row) => ({ row, value: median(ratios(row.sigmoid, row.one)) }));
  const kernels = [{ name: 'forward', ...forward }, ...lifGrad];
  const speedups = (rates: 'all' | 'busy') =>
    (setting.threads > 1 ? kernels : []).map((row) => ({ row, value: median(ratios(row[rates], row.one)) }));
  const shares = [
    ...kernels.map((row) => ({ row, value: median(shareOfLimit(row)) })),
    ...surrogates.map((row) => ({ row: { name: `${row.name} alone` }, value: median(shareOfLimit(row)) })),
  ];
  const speedupAim = sharePerCore * setting.threads;
  return [
    ...rates,
    ...judged(
      `time of every other surrogate with one transcendental, in float32 lanes: at most ${timesSigmoid} times that of \`sigmoid\``,
      slowdowns.filter(({ row }) => !row.demands.float64),
      (value) => value <= timesSigmoid,
    ),
    ...judged(
      `the same in float64 lanes, of which a vector holds half as many`,
      slowdowns.filter(({ row }) => row.demands.float64),
      (value) => value <= timesSigmoid,
    ),
    ...judged(
      `${setting.threads} cores kept busy: at least ${speedupAim.toFixed(1)} times one`,
      speedups('busy'),
      (value) => value >= speedupAim,
    ),
    ...judged('the same with one launch at a time, waking the threads included', speedups('all'), (value) => value >= speedupAim),
    ...judged(
      `one core: at least ${shareOfTheLimit} of the limit, LIF kernels and surrogates alone`,
      shares,
      (value) => value >= shareOfTheLimit,
    ),
    ...judged(
      `one core: at least ${shareOfNeurons} of the limit, neurons of every family`,
      neurons.flatMap(({ name, forward, grad }) => [
        { row: { name: `${name} forward` }, value: median(shareOfLimit(forward)) },
        { row: { name: `${name} forward and backward` }, value: median(shareOfLimit(grad)) },
      ]),
      (value) => value >= shareOfNeurons,
    ),
    {
      aim: 'gradients as those of the plain loop to 1e-5',
      reached: `largest difference ${agreement.error.toExponential(1)} of ${agreement.compared} neurons, ${agreement.leftOut} nearer than 1e-3 to the threshold left out`,
      met: agreement.error <= 1e-5,
      missing: [],
    },
  ];
}

function median(values: readonly number[]): number {
  return summarise(values).median;
}

function rate(what: string, aim: number, rates: readonly number[]): Verdict {
  const reached = median(rates);
  return { aim: `${what}: ${aim / 1e9} G neuron-steps/s`, reached: `${(reached / 1e9).toFixed(2)} G/s`, met: reached >= aim, missing: [] };
}

interface Measured {
  readonly row: { readonly name: string };
  readonly value: number;
}

/** One verdict on all rows, or none where there are none. */
function judged(aim: string, measured: readonly Measured[], meets: (value: number) => boolean): Verdict[] {
  if (measured.length === 0) return [];
  const missing = measured.filter(({ value }) => !meets(value));
  const { min, median: middle, max } = summarise(measured.map(({ value }) => value));
  const reached = `${measured.length - missing.length} of ${measured.length}; median ${middle.toFixed(2)}, ${min.toFixed(2)} to ${max.toFixed(2)}`;
  return [{ aim, reached, met: missing.length === 0, missing: missing.map(({ row, value }) => `\`${row.name}\` ${value.toFixed(2)}`) }];
}
