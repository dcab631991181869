import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneIn } from '../../thorough.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { materialize } from '../../../src/compute/numbers.ts';
import {
  maxSpikeCount,
  records,
  type LifGradJob,
  type NeuronProblem,
  type NeuronQuantity,
  type Quantity,
} from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neuronModel, neurons as catalogue } from '../../../src/compute/neurons/catalogue.ts';
import type { NeuronModel } from '../../../src/compute/neurons/model.ts';
import { standardNeuron, standardSurrogate } from '../../../src/compute/standard-jobs.ts';
import { surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../../src/compute/surrogates/definition.ts';
import { perNeuron, perStep, resultOf, same } from '../support/jobs.ts';
import { neededParameters, neuronProblem, parametersOf, typicalValue } from '../support/neurons.ts';

const reference = new ReferenceBackend();
const [neurons, steps] = [8, 60];

/** Gradients whose terms, of about 1, cancel to a thousandth or less. */
const cancelling: ReadonlySet<string> = new Set(['norse.LSNN v_th']);

/** A problem with random currents up to `largest`, and parameters that differ from neuron to neuron. */
function problemOf(model: NeuronModel, largest: number): NeuronProblem {
  const random = randomNumbers(11);
  const { options, parameters, ...standard } = standardNeuron(model.name);
  const all: Record<string, NeuronQuantity> = { ...parameters };
  for (const [name, definition] of Object.entries(parametersOf(model))) {
    if (!(name in model.parameters) && !(name in parameters) && !neededParameters[model.name]?.includes(name)) continue;
    const value = typicalValue(model, name, definition);
    all[name] = definition.isSetting ? same(value) : perNeuron(neurons, () => value * (1 - 0.03 * random()));
  }
  const words: Record<string, string | boolean> = { ...options };
  for (const [name, { values = [] }] of Object.entries(model.options)) words[name] ??= values.at(-1) ?? false;
  const current = perStep(neurons, steps, () => largest * random());
  return { ...standard, neurons, steps, dt: 1, current, options: words, parameters: all };
}

/** A problem of a model that fires now and then: with the smallest of currents that grow by 2. */
async function firingProblem(model: NeuronModel): Promise<NeuronProblem> {
  for (let largest = 0.1; largest < 1e5; largest *= 2) {
    const problem = problemOf(model, largest);
    if (model.surrogate === null) return problem;
    const { spike_counts } = await resultOf(reference, { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) });
    if (spike_counts!.reduce((sum, count) => sum + count, 0) >= 3 * neurons) return problem;
  }
  throw new Error(`no current makes ${model.name} fire`);
}

/** The same problem with every quantity moved by a few units in the last place of float32. */
function nudged(problem: NeuronProblem, random: () => number): NeuronProblem {
  const move = <Q extends Quantity>(quantity: Q): Q => {
    const factor = 1 + 2 ** -20 * (2 * random() - 1);
    if (quantity.per === 'scalar') return { ...quantity, value: quantity.value * factor };
    return { ...quantity, values: materialize(quantity.values).map((value) => value * (1 + 2 ** -20 * (2 * random() - 1))) };
  };
  const definitions = parametersOf(neuronModel(problem.model));
  const moved = Object.entries(problem.parameters).map(
    ([name, quantity]) => [name, definitions[name]?.isSetting ? quantity : move(quantity)] as const,
  );
  return { ...problem, current: move(problem.current), parameters: Object.fromEntries(moved) };
}

const surrogateOf = (model: NeuronModel): Surrogate => standardSurrogate(surrogateDefinition(model.surrogate ?? 'sigmoid'));

function gradJob(model: NeuronModel, problem: NeuronProblem): LifGradJob {
  const random = randomNumbers(12);
  const signed = () => 2 * random() - 1;
  const surrogate = surrogateOf(model);
  const differentiable = Object.keys(problem.parameters).filter((name) => !parametersOf(model)[name]?.isSetting);
  const ofSurrogate = Object.entries(surrogateDefinition(surrogate.name).parameters).flatMap(([name, { integer, list }]) =>
    integer || list || model.surrogate === null ? [] : [`surrogate.${name}`],
  );
  return {
    kind: 'lif_grad',
    problem,
    surrogates: [surrogate],
    loss: {
      type: 'cotangent',
      v: perStep(neurons, steps, signed),
      ...(model.surrogate !== null && { spikes: perStep(neurons, steps, signed) }),
    },
    wrt: ['current', ...differentiable, ...programOf(problem).step.states.map((state) => `${state}_init`), ...ofSurrogate],
  };
}

/**
 * Holds a float32 back-end to the reference in every model of the catalogue.
 *
 * @param isDear whether a part of them has to do where tests are not thorough.
 */
export function itRunsEveryModel(open: () => Promise<Backend>, isDear = false): void {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.close());

  it.each([
    { what: 'as a whole number, limited to a fraction', limit: 1.25, current: 4, inStep: 1 },
    { what: 'no spike where a fraction below 1 limits it', limit: 0.5, current: 4, inStep: 0 },
    { what: 'up to the largest int32, whose times are too many', limit: 1e9, current: 3e9, inStep: 1e9 },
  ])('counts a step $what', async ({ limit, current, inStep }) => {
    // One neuron: the others of its vector fire too, since their membranes start there.
    const general = { multi_spike: true, 'multi_spike.max': limit, threshold: 1, 'reset.kind': 'hard', v_init: 4 };
    const problem = neuronProblem('general', general, [Array.from({ length: 20 }, () => current)]);
    for (const one of [backend, reference]) {
      const record = new Set(['spikes', 'spike_counts', 'spike_times']);
      const { series, spike_counts, spike_steps } = await resultOf(one, { kind: 'lif_simulate', problem, record });
      expect([...series.spikes!]).toEqual(Array.from({ length: 20 }, () => limit));
      const count = Math.min(20 * inStep, maxSpikeCount);
      expect([...spike_counts!]).toEqual([count]);
      expect([...spike_steps!.offsets]).toEqual([0, count]);
      if (inStep <= 1) expect([...spike_steps!.steps]).toEqual(Array.from({ length: count }, (_, t) => t));
    }
  });

  const models = Array.from(catalogue.values(), (model) => ({ name: model.name, model }));
  describe.each(isDear ? oneIn(6, models) : models)('$name', ({ model }) => {
    let problem: NeuronProblem;
    let others: readonly NeuronProblem[];
    /** The neurons whose spikes do not hang on the last bits. */
    let stable: readonly number[];
    beforeAll(async () => {
      problem = await firingProblem(model);
      const random = randomNumbers(13);
      others = Array.from({ length: 6 }, () => nudged(problem, random));
      const spikes = await Promise.all(
        [problem, ...others].map(
          async (one) => (await resultOf(reference, { kind: 'lif_simulate', problem: one, record: new Set(['spikes']) })).series.spikes!,
        ),
      );
      const trains = (b: number) =>
        new Set(
          spikes.map((train) =>
            train
              .slice(b * steps, (b + 1) * steps)
              .map(Math.round)
              .join(),
          ),
        );
      stable = Array.from({ length: neurons }, (_, b) => b).filter((b) => trains(b).size === 1);
      expect(stable.length).toBeGreaterThan(neurons / 2);
    });

    /**
     * The numbers of stable neurons that differ from the reference's by more than rounding: relative to the neuron's largest, and to the largest
     * change in nudged problems.
     *
     * @param exact the reference's numbers of the problem, and of each nudged one.
     */
    function faults(name: string, actual: ArrayLike<number>, [exact, ...moved]: readonly ArrayLike<number>[]): string[] {
      const per = exact!.length / neurons;
      return stable.flatMap((b) => {
        const at = Array.from({ length: per }, (_, i) => b * per + i);
        const scale = Math.max(1e-30, ...at.map((i) => Math.abs(exact![i]!)));
        const floor = cancelling.has(`${model.name} ${name}`) ? 1e-5 : 0;
        const condition = Math.max(...moved.flatMap((other) => at.map((i) => Math.abs(other[i]! - exact![i]!))));
        return at.flatMap((i) =>
          Math.abs(actual[i]! - exact![i]!) <= 2e-5 * scale + floor + 3 * condition
            ? []
            : [`${name} of neuron ${b}: ${actual[i]!} for ${exact![i]!}; ${condition}, ${scale}`],
        );
      });
    }

    it('runs as the reference does', async () => {
      const record = new Set(Object.keys(records));
      const actual = await resultOf(backend, { kind: 'lif_simulate', problem, record });
      const exact = await Promise.all(
        [problem, ...others].map((one) => resultOf(reference, { kind: 'lif_simulate', problem: one, record })),
      );
      for (const b of stable) expect(actual.spike_counts![b]).toBe(exact[0]!.spike_counts![b]);
      const all: string[] = [];
      for (const name of Object.keys(exact[0]!.series))
        all.push(
          ...faults(
            name,
            actual.series[name]!,
            exact.map(({ series }) => series[name]!),
          ),
        );
      for (const name of Object.keys(exact[0]!.state!))
        all.push(
          ...faults(
            name,
            actual.state![name]!,
            exact.map(({ state }) => state![name]!),
          ),
        );
      expect(all).toEqual([]);
    });

    it.skipIf(model.noGradient !== undefined)('has the gradients of the reference', async () => {
      const whole = gradJob(model, problem);
      // A back-end may hand on the gradients by the surrogate's parameters.
      const ownWrt = whole.wrt.filter((name) => !name.startsWith('surrogate.'));
      const job = backend.accepts?.(whole) === false ? { ...whole, wrt: ownWrt } : whole;
      expect(backend.accepts?.(job)).not.toBe(false);
      const [actual] = await resultOf(backend, job);
      const exact = await Promise.all([problem, ...others].map(async (one) => (await resultOf(reference, { ...job, problem: one }))[0]!));
      const all: string[] = [];
      for (const name of job.wrt) {
        const mine = actual!.grad[name]!;
        const theirs = exact.map(({ grad }) => grad[name]!);
        if (typeof mine !== 'number') all.push(...faults(name, mine, theirs as Float64Array[]));
        else if (stable.length === neurons) {
          // A sum over neurons, whose parts may cancel.
          const [sum = NaN, ...moved] = theirs as number[];
          const condition = Math.max(...moved.map((other) => Math.abs(other - sum)));
          if (!(Math.abs(mine - sum) <= 1e-4 * Math.abs(sum) + 3 * condition)) all.push(`${name}: ${mine} for ${sum}; ${condition}`);
        }
      }
      expect(all).toEqual([]);
    });
  });
}
