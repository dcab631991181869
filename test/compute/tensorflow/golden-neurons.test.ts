import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { materialize } from '../../../src/compute/numbers.ts';
import type { LifGradJob, LifSimulateJob, NeuronProblem, Quantity } from '../../../src/compute/jobs.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { goldenJobs, goldenNeurons } from '../support/golden-neurons.ts';
import { perNeuron, resultOf, same } from '../support/jobs.ts';
import { isThorough, oneIn } from '../../thorough.ts';

type Results = Readonly<Record<string, ArrayLike<number>>>;

async function simulated(backend: Backend, job: LifSimulateJob): Promise<Results> {
  const { series, state = {}, spike_counts, firing_rates, spike_steps } = await resultOf(backend, job);
  return {
    ...series,
    ...Object.fromEntries(Object.entries(state).map(([name, values]) => [`last ${name}`, values])),
    ...(spike_counts && { spike_counts }),
    ...(firing_rates && { firing_rates }),
    ...(spike_steps && { spike_times: spike_steps.steps, offsets: spike_steps.offsets }),
  };
}

async function gradients(backend: Backend, job: LifGradJob): Promise<Results> {
  const [{ loss, spike_counts, grad }] = (await resultOf(backend, job)) as [Awaited<ReturnType<typeof resultOf<LifGradJob>>>[number]];
  const named = Object.entries(grad).map(([name, values]) => [`grad ${name}`, typeof values === 'number' ? [values] : values] as const);
  return { loss, spike_counts, ...Object.fromEntries(named) };
}

function largest(values: ArrayLike<number>, others?: ArrayLike<number>): number {
  return Math.max(0, ...Array.from(values, (value, i) => Math.abs(value - (others?.[i] ?? 0))));
}

/** A problem with its current, and then with each parameter, moved by half a unit in the last place: up and down. */
function nudged(problem: NeuronProblem): (readonly NeuronProblem[])[] {
  const { current, parameters } = problem;
  const { parameters: known, nullable } = neuronModel(problem.model);
  const inexact = Object.entries(parameters).filter(([name]) => !(known[name] ?? nullable[name])?.isSetting);
  const factors = [1 + 2 ** -24, 1 - 2 ** -24];
  return [
    factors.map((factor) => ({ ...problem, current: scaled(current, factor) })),
    ...inexact.map(([name, quantity]) =>
      factors.map((factor) => ({ ...problem, parameters: { ...parameters, [name]: scaled(quantity, factor) } })),
    ),
  ];
}

function scaled<Q extends Quantity>(quantity: Q, factor: number): Q {
  if (quantity.per === 'scalar') return { ...quantity, value: quantity.value * factor };
  return { ...quantity, values: materialize(quantity.values).map((value) => value * factor) };
}

/** The first steps of a problem with a current per step. */
function shortened(problem: NeuronProblem, steps: number): NeuronProblem {
  const { current, neurons } = problem;
  if (current.per !== 'step') throw new Error('a current per step is needed');
  const values = materialize(current.values).filter((_, i) => i % problem.steps < steps);
  expect(values.length).toBe(neurons * steps);
  return { ...problem, steps, current: { per: 'step', values } };
}

const reference = new ReferenceBackend();

/** The cases that are tried with every record and with losses of every kind, each of which takes a second. */
const triedWhole = new Set(
  goldenNeurons.filter((_, i) => process.env.ALL_COMBINATIONS !== undefined || i % 8 === 5).map(([title]) => title),
);

// XLA compiles for seconds what is loaded in a tenth of one: it gets every twentieth case, or one, and two graphs of each.
describe.skipIf(inject('noTensorFlow')).each([
  { xla: false, cases: oneIn(6, goldenNeurons) },
  { xla: true, cases: goldenNeurons.filter((_, i) => i % 20 === 5).slice(0, isThorough ? undefined : 1) },
])('TensorFlow runs the neurons of the libraries, XLA $xla', ({ xla, cases }) => {
  let backend: TensorFlowBackend;
  beforeAll(async () => {
    backend = await TensorFlowBackend.create({ xla });
  });
  afterAll(() => backend.close());

  /** Within 20 times what one rounding of everything that a job gives, or of the result, makes of the exact result. */
  async function expectAgreement<J extends LifSimulateJob | LifGradJob>(job: J, run: (backend: Backend, job: J) => Promise<Results>) {
    expect(backend.accepts(job)).toBe(true);
    const [actual, exact] = [await run(backend, job), await run(reference, job)];
    const moved: Results[][] = [];
    for (const problems of nudged(job.problem))
      moved.push(await Promise.all(problems.map((problem) => run(reference, { ...job, problem }))));
    const faults = Object.entries(exact).flatMap(([name, values]) => {
      expect(actual[name]!.length).toBe(values.length);
      const moves = moved.map((results) => Math.max(...results.map((other) => largest(other[name]!, values))));
      const tolerance = 20 * moves.reduce((sum, move) => sum + move, 2 ** -24 * largest(values));
      const error = largest(actual[name]!, values);
      return error <= tolerance ? [] : [`${name}: ${error} of ${largest(values)}, tolerance ${tolerance}`];
    });
    expect(faults).toEqual([]);
  }

  it.each(cases)('%s', async (title, golden) => {
    const { simulate, grad } = goldenJobs(golden);
    if (!xla) {
      await expectAgreement(simulate, simulated);
      if (grad !== undefined) await expectAgreement(grad, gradients);
      if (!triedWhole.has(title)) return;
    }
    // Chunks of ten steps: the last one extends beyond the run.
    const problem = shortened(simulate.problem, 37);
    const { states, spike } = programOf(problem).step;
    const record = new Set([...states, 'v_pre', 'v_post', 'spikes', 'state', 'spike_counts', 'firing_rates', 'spike_times']);
    await expectAgreement({ kind: 'lif_simulate', problem, record }, simulated);
    if (grad === undefined) return;
    const state = Object.fromEntries(states.map((name, i) => [name, same(1 + i)]));
    const wrt = [...new Set([...grad.wrt, ...states.map((name) => `${name}_init`)])];
    await expectAgreement({ ...grad, problem, loss: { type: 'cotangent', v_pre: same(0.5), state }, wrt }, gradients);
    if (xla || spike === undefined) return;
    await expectAgreement({ ...grad, problem, loss: { type: 'spike_count' } }, gradients);
    const target = perNeuron(problem.neurons, (b) => 10 * b);
    await expectAgreement({ ...grad, problem, loss: { type: 'firing_rate_mse', target } }, gradients);
  });
});
