import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { quantityAt, type LifGradJob, type LifGradResult, type Loss, type NeuronProblem } from '../../../src/compute/jobs.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../../src/compute/surrogates/definition.ts';
import { combinations } from '../support/combinations.ts';
import {
  floatRecords,
  isExplosive,
  lifProblem,
  perNeuron,
  perStep,
  resultOf,
  same,
  scaledSurrogate,
  variedNeurons,
} from '../support/jobs.ts';
import { differentiable, recordable, resetModes, withLif } from '../support/lif-problem.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { isThorough, oneIn } from '../../thorough.ts';
import { nudgedGradients } from '../support/nudged-gradients.ts';

const reference = new ReferenceBackend();

const sigmoid: Surrogate = { name: 'sigmoid', parameters: { alpha: 4 } };

const knownMargins = new WeakMap<NeuronProblem, number[]>();

/** Smallest distance of each neuron's potential from its threshold: below 1e-3 rounding may decide a spike or a steep slope. */
async function marginsOf(problem: NeuronProblem): Promise<number[]> {
  let margins = knownMargins.get(problem);
  if (margins === undefined) knownMargins.set(problem, (margins = await simulateMargins(problem)));
  return margins;
}

async function simulateMargins(problem: NeuronProblem): Promise<number[]> {
  const { v_pre } = (await resultOf(reference, { kind: 'lif_simulate', problem, record: new Set(['v_pre']) })).series;
  const { neurons, steps } = problem;
  return Array.from({ length: neurons }, (_, b) => {
    const threshold = quantityAt(problem.parameters.v_threshold!, b, 0, steps);
    let margin = Infinity;
    for (let t = 0; t < steps; t++) margin = Math.min(margin, Math.abs(v_pre![b * steps + t]! - threshold));
    return margin;
  });
}

/**
 * Holds a gradient job against float64, neuron by neuron: relative error below 1e-5 of the neuron's largest gradient (or 1e-6 of
 * the batch's, where a neuron's terms have cancelled), plus what nudging the current does to the exact gradient, which is nothing
 * but for surrogates so steep that the gradient explodes.
 */
export async function expectAgreement(backend: Backend, job: LifGradJob): Promise<void> {
  const { neurons } = job.problem;
  const margins = await marginsOf(job.problem);
  const [actual, expected] = [(await resultOf(backend, job))[0]!, (await resultOf(reference, job))[0]!];
  let moved: LifGradResult[number][] | undefined;
  /** Runs of the reference that are needed only where a gradient is far from the exact one. */
  const conditionOf = async (quantity: string, from: number, truth: ArrayLike<number>) => {
    // Half a unit in the last place of float32, whose arithmetic cannot tell such jobs apart.
    moved ??= await nudgedGradients(job, 2 ** -24);
    return Math.max(
      ...moved.map(({ grad }) => largestDifference((grad[quantity] as Float64Array).subarray(from, from + truth.length), truth)),
    );
  };
  const faults: string[] = [];
  let compared = 0;
  for (const quantity of job.wrt) {
    const [mine, exact] = [actual.grad[quantity]!, expected.grad[quantity] as Float64Array];
    if (typeof mine === 'number') continue;
    const batchScale = largestDifference(exact);
    const per = mine.length / neurons;
    for (let b = 0; b < neurons; b++) {
      if (margins[b]! < 1e-3) continue;
      const truth = exact.subarray(b * per, (b + 1) * per);
      const scale = largestDifference(truth);
      const error = largestDifference(mine.subarray(b * per, (b + 1) * per), truth);
      const tolerance = 1e-5 * scale + 1e-6 * batchScale + 1e-30;
      compared++;
      if (!(error <= tolerance) && !(error <= tolerance + 4 * (await conditionOf(quantity, b * per, truth))))
        faults.push(`${quantity} of neuron ${b}: ${error / scale} at margin ${margins[b]!}`);
    }
  }
  for (let b = 0; b < neurons; b++)
    if (margins[b]! >= 1e-3 && actual.spike_counts[b] !== expected.spike_counts[b]) faults.push(`spike count of neuron ${b}`);
  expect(faults).toEqual([]);
  expect(compared).toBeGreaterThan(0);
}

/** NaN where a difference is; of values themselves where there is nothing to compare them with. */
function largestDifference(values: ArrayLike<number>, others?: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]! - (others?.[i] ?? 0)));
  return largest;
}

const random = randomNumbers(1);
const signed = () => 2 * random() - 1;

/**
 * Holds a float32 back-end to float64: every surrogate, every form of the neuron, every loss and record, and batches.
 *
 * @param share - of the steps that a run of a surrogate or of a form takes: less than 1 for a back-end to which each step is dear, and each form
 * of a graph; every surrogate then gets one run, with the resets in turn, instead of two with each, and every form of the neuron one way to give its quantities and one loss, in turn.
 * Where tests are not thorough, resets and ways come in turn for every back-end, and for a dear one a part of the surrogates, forms and golden cases.
 */
export function itRunsNeurons(open: () => Promise<Backend>, share = 1): void {
  const isDear = share < 1;
  const inTurn = isDear || !isThorough;
  const some = <T>(count: number, cases: readonly T[]) => (isDear ? oneIn(count, cases) : cases);
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.close());

  describe('gradients agree with float64', () => {
    const resets = [
      { reset: 'hard', detachReset: false },
      { reset: 'hard', detachReset: true },
      { reset: 'soft', detachReset: false },
      { reset: 'none', detachReset: false },
    ] as const;
    describe.each(
      some(
        8,
        [...catalogue.values()].map((definition, i) => ({ name: definition.name, definition, i })),
      ),
    )('$name', ({ definition, i }) => {
      it.each(inTurn ? [resets[(i + Math.floor(i / resets.length)) % resets.length]!] : resets)(
        '$reset reset, detached $detachReset',
        async ({ reset, detachReset }) => {
          const explodes = isExplosive(definition) && reset !== 'none' && !detachReset;
          const runs = explodes
            ? ([
                [4, 1],
                [4, 4],
              ] as const)
            : ([
                [40, 1],
                [100, 0.1],
              ] as const);
          for (const [steps, dt] of isDear ? runs.slice(0, 1) : runs) {
            const job: LifGradJob = {
              kind: 'lif_grad',
              problem: lifProblem(16, share * steps, { dt, reset, detachReset, refractorySteps: dt === 1 ? 2 : 0 }),
              surrogates: [scaledSurrogate(definition)],
              loss: { type: 'spike_count' },
              wrt: differentiable,
            };
            await expectAgreement(backend, {
              ...job,
              problem: withLif(job.problem, { tau: perNeuron(16, () => 10), v_threshold: perNeuron(16, () => 1) }),
            });
          }
        },
      );
    });

    it.each([...catalogue.values()].filter(({ scalesWithThreshold }) => scalesWithThreshold))(
      '$name scales with a threshold of all neurons, and with one of each',
      async (definition) => {
        for (const threshold of [same(0.7), perNeuron(16, (b) => 0.6 + b / 20)]) {
          await expectAgreement(backend, {
            kind: 'lif_grad',
            problem: lifProblem(16, share * 40, { dt: 1, v_threshold: threshold, detachReset: true }),
            surrogates: [scaledSurrogate(definition)],
            loss: { type: 'spike_count' },
            wrt: differentiable,
          });
        }
      },
    );

    const neurons = 21;
    const losses = (steps: number): readonly Loss[] => [
      { type: 'spike_count' },
      { type: 'firing_rate_mse', target: same(37) },
      { type: 'firing_rate_mse', target: perNeuron(neurons, (b) => 10 * b) },
      { type: 'cotangent', spikes: perStep(neurons, steps, signed), v: perStep(neurons, steps, signed) },
      { type: 'cotangent', spikes: perNeuron(neurons, signed) },
      { type: 'cotangent', v: same(0.5) },
    ];
    const forms = {
      numbers: () => ({}),
      'one per neuron': () => variedNeurons(neurons),
      'one per step': (steps: number, largest: number) => ({
        current: perStep(neurons, steps, () => largest * random()),
        v_reset: same(-0.1),
        v_rest: same(0.05),
        resistance: same(1.25),
        v_init: same(0.2),
      }),
    };

    const variants = combinations({
      reset: resetModes,
      detachReset: [false, true],
      integration: ['euler', 'exponential'],
      inputScaling: [false, true],
      refractorySteps: [0, 3],
    });
    it.each(
      some(
        2,
        variants.map((variant, turn) => ({ ...variant, turn })),
      ),
    )(
      '$reset reset, detached $detachReset, $integration, input scaling $inputScaling, $refractorySteps refractory steps',
      async ({ turn, ...neuron }) => {
        const [steps, dt] = [share * 60, 1];
        const largest = neuron.inputScaling ? 4 : 0.4;
        const ways = Object.values(forms);
        for (const form of inTurn ? [ways[turn % ways.length]!] : ways) {
          const problem = lifProblem(neurons, steps, {
            dt,
            current: perNeuron(neurons, (b) => (largest * (b + 4)) / 25),
            ...neuron,
            ...form(steps, largest),
          });
          const all = losses(steps);
          // The other summand keeps a loss from meeting the same half of the variants each time.
          for (const loss of isDear ? [all[(turn + Math.floor(turn / all.length)) % all.length]!] : all) {
            await expectAgreement(backend, { kind: 'lif_grad', problem, surrogates: [sigmoid], loss, wrt: differentiable });
          }
        }
      },
    );

    it.each([255, 256, 257, 1000])('over %d steps, in chunks with a refractory neuron across their ends', async (steps) => {
      const problem = lifProblem(9, steps, {
        dt: 1,
        refractorySteps: 5,
        tau: perNeuron(9, () => 12),
        current: perStep(9, steps, () => 3 * random()),
      });
      await expectAgreement(backend, {
        kind: 'lif_grad',
        problem,
        surrogates: [sigmoid],
        loss: { type: 'cotangent', spikes: perStep(9, steps, signed), v: perStep(9, steps, signed) },
        wrt: differentiable,
      });
    });
  });

  describe('losses', () => {
    it('agree with float64', async () => {
      const problem = lifProblem(10, 80, { dt: 1 });
      const losses: readonly Loss[] = [
        { type: 'spike_count' },
        { type: 'firing_rate_mse', target: same(50) },
        { type: 'cotangent', spikes: perStep(10, 80, signed), v: perStep(10, 80, signed) },
      ];
      for (const loss of losses) {
        const job: LifGradJob = { kind: 'lif_grad', problem, surrogates: [sigmoid], loss, wrt: ['current'] };
        const [actual, expected] = [(await resultOf(backend, job))[0]!.loss, (await resultOf(reference, job))[0]!.loss];
        expected.forEach((value, b) => {
          expect(Math.abs(actual[b]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
        });
      }
    });
  });

  describe('golden gradients of braintools', () => {
    interface Golden {
      request: {
        steps: number;
        dt: number;
        neuron: { tau: number; v_threshold: number; v_reset: number; reset: 'hard' | 'soft' | 'none' };
        detach_reset: boolean;
        surrogate: { name: string };
        current: number[] | number[][];
        loss?: { spikes: number[][]; v: number[][] };
      };
      spike_counts: number[];
      spike_steps: number[][];
      v_final: number[];
      grad: Record<'current' | 'tau' | 'v_threshold', number[] | number[][]>;
      margin: number[];
    }
    const { cases } = JSON.parse(readFileSync(new URL('../../golden/lif.json', import.meta.url), 'utf8')) as { cases: Golden[] };

    it.each(
      some(
        3,
        cases.map((golden, i) => [`${i} ${golden.request.surrogate.name} ${golden.request.neuron.reset}`, golden] as const),
      ),
    )('%s', async (_, golden) => {
      const { request, margin } = golden;
      const neurons = request.current.length;
      const { neuron, steps, dt } = request;
      const current = Float64Array.from(request.current.flat());
      const problem = lifProblem(neurons, steps, {
        dt,
        current: { per: current.length === neurons ? 'neuron' : 'step', values: current },
        tau: perNeuron(neurons, () => neuron.tau),
        v_threshold: perNeuron(neurons, () => neuron.v_threshold),
        v_reset: same(neuron.v_reset),
        reset: neuron.reset,
        detachReset: request.detach_reset,
      });
      const { name, ...parameters } = request.surrogate;
      const cotangent = (rows: number[][]) => ({ per: 'step', values: Float64Array.from(rows.flat()) }) as const;
      const wrt = ['current', 'tau', 'v_threshold'] as const;
      const [actual] = await resultOf(backend, {
        kind: 'lif_grad',
        problem,
        surrogates: [{ name, parameters: parameters }],
        loss: request.loss
          ? { type: 'cotangent', spikes: cotangent(request.loss.spikes), v: cotangent(request.loss.v) }
          : { type: 'spike_count' },
        wrt,
      });
      const simulated = await resultOf(backend, { kind: 'lif_simulate', problem, record: new Set(recordable) });
      const far = Array.from(margin.keys()).filter((b) => margin[b]! > 1e-5);
      const { steps: spikeSteps, offsets } = simulated.spike_steps!;
      for (const b of far) {
        expect(Array.from(spikeSteps.subarray(offsets[b], offsets[b + 1]))).toEqual(golden.spike_steps[b]);
        expect(simulated.spike_counts![b]).toBe(golden.spike_counts[b]);
        expect(actual!.spike_counts[b]).toBe(golden.spike_counts[b]);
        expect(Math.abs(simulated.v_final![b]! - golden.v_final[b]!)).toBeLessThan(1e-5);
      }
      for (const quantity of wrt) {
        const exact = golden.grad[quantity].flat();
        const mine = actual!.grad[quantity] as Float32Array;
        const per = exact.length / neurons;
        const scale = Math.max(...exact.map(Math.abs));
        // The steepest surrogate, 1/(1 + 100|x|)^2, turns a potential's last bit into 1e-5 of its gradient at a margin of 1e-3.
        const steep = name === 'inv_square_grad' ? 2e-5 : 1e-5;
        const faults = exact.filter((value, i) => margin[Math.floor(i / per)]! > 1e-5 && !(Math.abs(mine[i]! - value) <= steep * scale));
        expect(faults).toEqual([]);
      }
    });
  });

  describe('records', () => {
    it.each([
      { reset: 'hard', refractorySteps: 0 },
      { reset: 'hard', refractorySteps: 7 },
      { reset: 'soft', refractorySteps: 2 },
      { reset: 'none', refractorySteps: 3 },
    ] as const)('agree with float64: $reset reset, $refractorySteps refractory steps', async (neuron) => {
      const [neurons, steps] = [37, 90];
      const problem = lifProblem(neurons, steps, { dt: 1, current: perStep(neurons, steps, () => 4 * random()), ...neuron });
      const job = { kind: 'lif_simulate', problem, record: new Set(recordable) } as const;
      const [actual, expected] = [await resultOf(backend, job), await resultOf(reference, job)];
      expect(actual.spike_counts).toEqual(expected.spike_counts);
      expect(actual.series.spikes).toEqual(expected.series.spikes);
      expect(actual.spike_steps).toEqual(expected.spike_steps);
      const [mine, exact] = [floatRecords(actual), floatRecords(expected)];
      for (const name of Object.keys(exact) as (keyof typeof exact)[]) {
        const faults = Array.from(exact[name]!).filter(
          (value, i) => !(Math.abs(mine[name]![i]! - value) < 2e-5 * Math.max(1, Math.abs(value))),
        );
        expect(faults).toEqual([]);
      }
    });
  });

  describe('batches', () => {
    const gradJob = (problem: NeuronProblem): LifGradJob => ({
      kind: 'lif_grad',
      problem,
      surrogates: [sigmoid, { name: 'multi_gaussian_grad', parameters: { h: 0.15, s: 6, sigma: 0.5, scale: 0.5 } }],
      loss: { type: 'spike_count' },
      wrt: ['current'],
    });
    const currents = Float64Array.from({ length: 67 }, () => 3 * random());
    const problem = (values: Float64Array) => lifProblem(values.length, 120, { dt: 0.5, current: { per: 'neuron', values } });

    it.each([0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 67])('of %d neurons give each the same, to the bit', async (neurons) => {
      const part = problem(currents.subarray(0, neurons));
      const whole = await resultOf(backend, gradJob(problem(currents)));
      (await resultOf(backend, gradJob(part))).forEach(({ grad, spike_counts }, i) => {
        expect(grad.current).toEqual((whole[i]!.grad.current as Float32Array).slice(0, neurons));
        expect(spike_counts).toEqual(whole[i]!.spike_counts.slice(0, neurons));
      });
      const record = new Set(recordable);
      const all = await resultOf(backend, { kind: 'lif_simulate', problem: problem(currents), record });
      const some = await resultOf(backend, { kind: 'lif_simulate', problem: part, record });
      expect(some.series.v).toEqual(all.series.v!.slice(0, neurons * 120));
      expect(some.spike_steps!.offsets).toEqual(all.spike_steps!.offsets.slice(0, neurons + 1));
    });

    it('give the same for a number as for an array of it, to the bit', async () => {
      const numbers = {
        tau: same(7),
        v_threshold: same(0.9),
        v_reset: same(-0.3),
        v_rest: same(0.1),
        resistance: same(1.3),
        v_init: same(0.2),
      };
      const arrays = Object.fromEntries(
        Object.entries(numbers).map(([name, { per, value }]: [string, { per: string; value?: number }]) => [
          name,
          per === 'scalar' ? { per: 'neuron', values: new Float64Array(67).fill(value!) } : undefined,
        ]),
      );
      const base = problem(currents);
      const [one, each] = await Promise.all(
        [numbers, arrays].map(async (terms) => (await resultOf(backend, gradJob(withLif(base, terms))))[0]!),
      );
      expect(each!.grad.current).toEqual(one!.grad.current);
    });
  });
}
