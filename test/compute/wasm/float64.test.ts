import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demandsOf } from '../../../bench/transcendentals.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type {
  Job,
  LifGradJob,
  LifGradResult,
  NeuronProblem,
  LifSimulateJob,
  LifSimulateResult,
  Loss,
  NeuronQuantity,
  Quantity,
  ResultOf,
} from '../../../src/compute/jobs.ts';
import { type Values } from '../../../src/compute/numbers.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../../src/compute/surrogates/definition.ts';
import { combinations } from '../support/combinations.ts';
import { fromRequest, golden } from '../support/golden.ts';
import { floatRecords, inline, isExplosive, lifProblem, resultOf, same, scaledSurrogate, variedNeurons } from '../support/jobs.ts';
import { differentiable, recordable, resetModes, withLif, type LifChanges } from '../support/lif-problem.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { nudgedGradients } from '../support/nudged-gradients.ts';
import { extremes, withDefaults } from '../support/parameter-sets.ts';
import { isThorough } from '../../thorough.ts';

const reference = new ReferenceBackend();
let backend: WasmBackend;
beforeAll(async () => {
  backend = await WasmBackend.create(inline);
});
afterAll(() => backend.close());

/** Half a unit in the last place, relative. */
const rounding = 2 ** -53;
const sigmoid: Surrogate = { name: 'sigmoid', parameters: { alpha: 4 } };
const random = randomNumbers(3);
const signed = () => 2 * random() - 1;
const perNeuron = (neurons: number, value: (neuron: number) => number): NeuronQuantity => ({
  per: 'neuron',
  values: Float64Array.from({ length: neurons }, (_, b) => value(b)),
});
const perStep = (neurons: number, steps: number, value: (index: number) => number): Quantity => ({
  per: 'step',
  values: Float64Array.from({ length: neurons * steps }, (_, i) => value(i)),
});

/** What wasm makes of a job in float64, and the reference. */
async function both<J extends Job>(job: J): Promise<readonly [actual: ResultOf[J['kind']], expected: ResultOf[J['kind']]]> {
  return [await resultOf(backend, { ...job, dtype: 'float64' }), await resultOf(reference, job)];
}

const sizes = (values: ArrayLike<number>) => Array.from(values, Math.abs);
const largestOf = (values: ArrayLike<number>) => sizes(values).reduce((a, b) => Math.max(a, b), 0);

/** Where numbers are not the same; zeros of both signs are. */
function differences(actual: ArrayLike<number>, expected: ArrayLike<number>): number[] {
  if (actual.length !== expected.length) return [NaN];
  return Array.from(expected).filter((value, i) => actual[i] !== value);
}

describe('surrogates', () => {
  const x = Float64Array.from([
    // So far that the largest value of the widest curve is among those compared.
    3e38,
    -3e38,
    1e6,
    -1e6,
    1e5,
    -1e5,
    0,
    -0,
    5e-324,
    1e-310,
    ...Array.from({ length: 240 }, (_, i) => 1.0007 * 10 ** (i / 20 - 8)).flatMap((value) => [value, -value]),
    ...Array.from({ length: 1201 }, (_, i) => i / 200 - 3 + 1e-9 * i),
    ...Array.from({ length: 801 }, (_, i) => i / 4 - 100),
    ...Array.from({ length: 400 }, signed),
  ]);

  async function functionsOf(surrogate: Surrogate, points = x) {
    const surrogates = [surrogate];
    const [grad, exactGrad] = await both({ kind: 'surrogate_grad', x: points, surrogates, cotangent: 1 });
    const [evaluated, exact] = await both({ kind: 'surrogate_eval', x: points, surrogates, outputs: { spike: true, value: true } });
    expect(evaluated[0]!.spike).toEqual(exact[0]!.spike);
    return { grad: [grad[0]!.grad, exactGrad[0]!.grad], value: [evaluated[0]!.value!, exact[0]!.value!] } as const;
  }

  /** @param relative of a value, @param absolute of the largest, where terms cancel; both in halves of a unit in the last place. */
  function expectWithin(relative: number, absolute: number, [actual, expected]: readonly [Values, Values]): void {
    expect(actual).toBeInstanceOf(Float64Array);
    const most = absolute * rounding * largestOf(expected);
    // Below float64's normal numbers everything is 0.
    const faults = Array.from(expected, (value, i) => [
      x[i],
      actual[i],
      value,
      Math.abs(actual[i]! - value) <= relative * rounding * Math.abs(value) + most + 4e-308,
    ]).filter((fault) => fault[3] !== true);
    expect(faults).toEqual([]);
  }

  describe.each([...catalogue.values()])('$name', (definition) => {
    it('with its defaults: 32 halves of a unit in the last place, and 3 of the largest value', async () => {
      const { grad, value } = await functionsOf(withDefaults(definition));
      expectWithin(32, 3, grad);
      expectWithin(32, 3, value);
    });

    it('with any parameters: the same, but for what a large exponent multiplies and terms cancel', async () => {
      for (const surrogate of [scaledSurrogate(definition, 0.3), scaledSurrogate(definition, 3.7), ...extremes(definition)]) {
        const { grad, value } = await functionsOf(surrogate);
        expectWithin(1200, 16, grad);
        expectWithin(1200, 16, value);
      }
    });

    const surrogate = scaledSurrogate(definition, 1.3);
    const isPlain = demandsOf(surrogate).transcendentals.length === 0;
    it(`with other parameters: ${isPlain ? 'to the bit, in plain arithmetic' : '32 halves of a unit in the last place, and 3 of the largest value'}`, async () => {
      const { grad } = await functionsOf(surrogate);
      if (isPlain) expect(differences(...grad)).toEqual([]);
      else expectWithin(32, 3, grad);
    });
  });

  it("have braintools' numbers", async () => {
    const { x: points, cases } = golden('surrogates.json');
    for (const { surrogate, grad, value, at_kink: kinks } of cases) {
      const {
        grad: [mine],
        value: [primitive],
      } = await functionsOf(fromRequest(surrogate), Float64Array.from(points));
      for (const [theirs, actual] of [
        [grad, mine],
        [value ?? primitive, primitive],
      ] as const) {
        const most = 1e-13 * largestOf(theirs);
        expect(
          Array.from(theirs, (y, i) => [points[i], y, actual[i]] as const).filter(
            ([, y, mineAt], i) => !kinks.includes(i) && !(Math.abs(mineAt! - y) <= most),
          ),
          surrogate.name,
        ).toEqual([]);
      }
    }
  });

  it('keep the digits of a far tail, and end in 0', async () => {
    const points = Float64Array.of(-1, -5, -12, -20, -26, -27, -30, -1e5, -3e38);
    const {
      value: [erf, exact],
      grad: [slope],
    } = await functionsOf({ name: 'erf', parameters: { alpha: 1 } }, points);
    expect(Array.from(erf, (y, i) => Math.abs(y - exact[i]!) <= 64 * rounding * exact[i]!).slice(0, 5)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(Array.from(erf.subarray(6))).toEqual([0, 0, 0]);
    expect(Array.from(slope.subarray(6))).toEqual([0, 0, 0]);
  });

  it('take a cotangent as it is, a number or one for each, also beyond float32', async () => {
    const job = {
      kind: 'surrogate_grad',
      x: Float64Array.of(-0.1, 0, 0.7),
      surrogates: [{ name: 'arctan', parameters: { alpha: 1 } }],
    } as const;
    for (const cotangent of [1 / 3, 1e300, Float64Array.of(0.1, 1e-300, -1e300)]) {
      const [actual, expected] = await both({ ...job, cotangent });
      expect(actual).toEqual(expected);
    }
  });

  it.each([0, 1, 2, 3, 7, 8, 9, 1000])('gives %d values the same, whatever stands beside them', async (length) => {
    const surrogates = [withDefaults(catalogue.get('erf')!), withDefaults(catalogue.get('q_pseudo_spike')!)];
    const [whole, part] = await Promise.all(
      [x, x.subarray(0, length)].map((points) =>
        resultOf(backend, { kind: 'surrogate_eval', x: points, surrogates, outputs: { spike: true, value: true }, dtype: 'float64' }),
      ),
    );
    expect(part).toEqual(whole!.map(({ spike, value }) => ({ spike: spike!.slice(0, length), value: value!.slice(0, length) })));
  });
});

const neurons = 21;

/** Ways to give a problem's quantities, with numbers that are no float32. */
const forms: Readonly<Record<string, (steps: number, largest: number) => LifChanges>> = {
  numbers: () => ({
    current: same(1.7),
    tau: same(9.3),
    v_threshold: same(0.9),
    v_reset: same(-0.3),
    v_rest: same(0.1),
    resistance: same(1.3),
    v_init: same(0.2),
  }),
  'one per neuron': () => variedNeurons(neurons, perNeuron),
  'one per step': (steps, largest) => ({
    current: perStep(neurons, steps, () => largest * random()),
    v_reset: same(-0.1),
    v_rest: same(0.05),
    resistance: same(1.25),
  }),
};

const variants = combinations({
  reset: resetModes,
  integration: ['euler', 'exponential'],
  inputScaling: [false, true],
  refractorySteps: [0, 3],
});

function problemsOf(neuron: (typeof variants)[number], steps: number): NeuronProblem[] {
  const largest = neuron.inputScaling ? 4 : 0.4;
  const current = perNeuron(neurons, (b) => (largest * (b + 4)) / 25);
  return Object.values(forms).map((form) => lifProblem(neurons, steps, { dt: 1, current, ...neuron, ...form(steps, largest) }));
}

function expectSameRun(actual: LifSimulateResult, expected: LifSimulateResult): void {
  expect(actual.spike_counts).toEqual(expected.spike_counts);
  expect(actual.series.spikes).toEqual(expected.series.spikes);
  expect(actual.spike_steps).toEqual(expected.spike_steps);
  const [mine, exact] = [floatRecords(actual), floatRecords(expected)];
  for (const name of Object.keys(exact) as (keyof typeof exact)[]) {
    expect(mine[name]).toBeInstanceOf(Float64Array);
    expect(differences(mine[name]!, exact[name]!), name).toEqual([]);
  }
}

describe('neurons forward, to the bit', () => {
  it.each(variants)('$reset reset, $integration, input scaling $inputScaling, $refractorySteps refractory steps', async (neuron) => {
    for (const problem of problemsOf(neuron, 60)) {
      const [actual, expected] = await both({ kind: 'lif_simulate', problem, record: new Set(recordable) });
      expectSameRun(actual, expected);
    }
  });

  it.each([0, 1, 2, 3, 15, 16, 17, 33])('%d of them, over 700 steps', async (count) => {
    const problem = lifProblem(count, 700, { current: perStep(count, 700, () => 4 * random()), dt: 0.3 });
    const [actual, expected] = await both({ kind: 'lif_simulate', problem, record: new Set(recordable) });
    expectSameRun(actual, expected);
  });

  it('with any subset of records', async () => {
    const problem = lifProblem(9, 40, { dt: 1 });
    for (const name of recordable) {
      const [actual, expected] = await both<LifSimulateJob>({ kind: 'lif_simulate', problem, record: new Set([name]) });
      expect(actual).toEqual(expected);
    }
  });
});

/** The quantity as one for each neuron. */
function spreadOut(quantity: NeuronQuantity, count: number): NeuronQuantity {
  return quantity.per === 'scalar' ? perNeuron(count, () => quantity.value) : quantity;
}

/** The same job with every quantity one per neuron: what a number's gradient is the sum of. */
function inParts(job: LifGradJob): LifGradJob {
  const { problem } = job;
  const { current, neurons: count } = problem;
  const parts = Object.fromEntries(
    ['tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'].map((name) => [
      name,
      spreadOut(problem.parameters[name] ?? same(0), count),
    ]),
  );
  return { ...job, problem: withLif(problem, { ...parts, current: current.per === 'step' ? current : spreadOut(current, count) }) };
}

const sumOfSizes = (values: ArrayLike<number>) => sizes(values).reduce((sum, size) => sum + size, 0);

/**
 * Holds a gradient job to the reference: counts to the bit; gradients and losses within 2e-13 of the neuron's largest and 1e-14 of the
 * batch's, plus what the last bit of a current or threshold does to the gradient, which is nothing but where it explodes; a number's
 * within 2e-13 of the sum of the sizes of its parts.
 */
async function expectAgreement(job: LifGradJob): Promise<void> {
  const [[actual], [expected]] = await both(job);
  const parts = inParts(job);
  let moved: LifGradResult[number][] | undefined;
  /** Runs of the reference that are needed only where a number is far from the exact one. */
  const others = async (pick: (result: LifGradResult[number]) => Values) =>
    (moved ??= await nudgedGradients(parts, 2 * rounding)).map(pick);
  expect(actual!.spike_counts).toEqual(expected!.spike_counts);
  const faults: unknown[] = [];
  const hold = async (what: string, mine: ArrayLike<number>, exact: ArrayLike<number>, pick: (result: LifGradResult[number]) => Values) => {
    const perOne = exact.length / job.problem.neurons;
    const batch = largestOf(exact);
    for (let b = 0; b < job.problem.neurons; b++) {
      const at = Array.from({ length: perOne }, (_, i) => b * perOne + i);
      const scale = largestOf(at.map((i) => exact[i]!));
      const error = largestOf(at.map((i) => mine[i]! - exact[i]!));
      const tolerance = 2e-13 * scale + 1e-14 * batch;
      if (error <= tolerance) continue;
      const condition = largestOf((await others(pick)).flatMap((other) => at.map((i) => other[i]! - exact[i]!)));
      if (!(error <= tolerance + 8 * condition)) faults.push([what, b, error / scale]);
    }
  };
  await hold('loss', actual!.loss, expected!.loss, ({ loss }) => loss);
  let part: LifGradResult[number] | undefined;
  for (const quantity of job.wrt) {
    const [mine, exact] = [actual!.grad[quantity]!, expected!.grad[quantity]!];
    const pick = ({ grad }: LifGradResult[number]) => grad[quantity] as Values;
    if (typeof mine !== 'number') {
      expect(mine).toBeInstanceOf(Float64Array);
      await hold(quantity, mine, exact as Values, pick);
      continue;
    }
    part ??= (await resultOf(reference, parts))[0]!;
    const inside = pick(part);
    const error = Math.abs(mine - (exact as number));
    const tolerance = 2e-13 * sumOfSizes(inside);
    if (error <= tolerance) continue;
    const condition = Math.max(...(await others(pick)).map((other) => sumOfSizes(other.map((y, i) => y - inside[i]!))));
    if (!(error <= tolerance + 8 * condition)) faults.push([quantity, mine, exact]);
  }
  expect(faults).toEqual([]);
}

function lossesOf(steps: number): readonly Loss[] {
  return [
    { type: 'spike_count' },
    { type: 'firing_rate_mse', target: same(37.3) },
    { type: 'firing_rate_mse', target: perNeuron(neurons, (b) => 9.7 * b) },
    { type: 'cotangent', spikes: perStep(neurons, steps, signed), v: perStep(neurons, steps, signed) },
    { type: 'cotangent', spikes: perNeuron(neurons, signed) },
    { type: 'cotangent', v: same(0.3) },
  ];
}

describe('gradients of neurons', () => {
  it.each(variants)('$reset reset, $integration, input scaling $inputScaling, $refractorySteps refractory steps', async (neuron) => {
    const steps = 60;
    for (const problem of problemsOf(neuron, steps)) {
      for (const [i, loss] of lossesOf(steps).entries()) {
        const detached = isThorough ? [false, true] : [i % 2 === 1];
        for (const detachReset of neuron.reset === 'none' ? [false] : detached) {
          await expectAgreement({
            kind: 'lif_grad',
            problem: withLif(problem, { detachReset }),
            surrogates: [sigmoid],
            loss,
            wrt: differentiable,
          });
        }
      }
    }
  });

  const resets = resetModes.flatMap((reset) => [false, true].map((detachReset) => ({ reset, detachReset })));
  it.each(Array.from(catalogue.values(), (definition, i) => ({ name: definition.name, definition, i })))(
    'through $name',
    async ({ definition, i }) => {
      const first = i % resets.length;
      for (const { reset, detachReset } of isThorough ? resets : resets.slice(first, first + 1)) {
        const steps = isExplosive(definition) && reset !== 'none' && !detachReset ? 6 : 100;
        const problem = lifProblem(neurons, steps, { dt: 0.7, reset, refractorySteps: 1, detachReset, tau: perNeuron(neurons, () => 10) });
        await expectAgreement({
          kind: 'lif_grad',
          problem,
          surrogates: [scaledSurrogate(definition)],
          loss: { type: 'spike_count' },
          wrt: differentiable,
        });
      }
    },
  );

  it.each([255, 256, 257, 1000])('over %d steps, in chunks with a refractory neuron across their ends', async (steps) => {
    const problem = lifProblem(9, steps, { dt: 1, refractorySteps: 5, current: perStep(9, steps, () => 3 * random()) });
    const loss: Loss = { type: 'cotangent', spikes: perStep(9, steps, signed), v: perStep(9, steps, signed) };
    await expectAgreement({ kind: 'lif_grad', problem, surrogates: [sigmoid], loss, wrt: differentiable });
  });

  it("are braintools' where no neuron grazes its threshold", async () => {
    for (const { request, grad, spike_counts: counts, v_final: final } of golden('lif.json').cases) {
      const { neuron, steps, dt } = request;
      const count = request.current.length;
      const values = Float64Array.from(request.current.flat());
      const cotangent = (rows: readonly (readonly number[])[]): Quantity => ({ per: 'step', values: Float64Array.from(rows.flat()) });
      const problem = lifProblem(count, steps, {
        dt,
        current: { per: values.length === count ? 'neuron' : 'step', values },
        tau: perNeuron(count, () => neuron.tau),
        v_threshold: perNeuron(count, () => neuron.v_threshold),
        v_reset: same(neuron.v_reset),
        reset: neuron.reset,
        detachReset: request.detach_reset,
      });
      const wrt = ['current', 'tau', 'v_threshold'] as const;
      const loss: Loss = request.loss
        ? { type: 'cotangent', spikes: cotangent(request.loss.spikes), v: cotangent(request.loss.v) }
        : { type: 'spike_count' };
      const [actual] = await resultOf(backend, {
        kind: 'lif_grad',
        problem,
        surrogates: [fromRequest(request.surrogate)],
        loss,
        wrt,
        dtype: 'float64',
      });
      const { v_final } = await resultOf(backend, { kind: 'lif_simulate', problem, record: new Set(['v_final']), dtype: 'float64' });
      expect(Array.from(actual!.spike_counts)).toEqual(counts);
      expect(largestOf(final.map((v, b) => v - v_final![b]!))).toBeLessThan(1e-12);
      for (const quantity of wrt) {
        const exact = grad[quantity].flat();
        expect(largestOf(exact.map((y, i) => y - (actual!.grad[quantity] as Values)[i]!))).toBeLessThanOrEqual(1e-11 * largestOf(exact));
      }
    }
  });
});

describe('memory and threads', () => {
  const job = (current: Values): LifGradJob => ({
    kind: 'lif_grad',
    problem: lifProblem(current.length, 120, { dt: 0.5, current: { per: 'neuron', values: current } }),
    surrogates: [sigmoid, withDefaults(catalogue.get('multi_gaussian_grad')!)],
    loss: { type: 'spike_count' },
    wrt: ['current', 'tau'],
    dtype: 'float64',
  });
  const withGradients = (result: LifGradResult, ...wrt: string[]) => result.map(({ grad }) => wrt.map((name) => grad[name]));

  it('float32 that came as such are taken as the float64 that they are', async () => {
    const current = Float32Array.from({ length: 37 }, () => 3 * random());
    expect(await resultOf(backend, job(current))).toEqual(await resultOf(backend, job(Float64Array.from(current))));
  });

  it('worker threads give the same as in place, to the bit', async () => {
    const current = Float64Array.from({ length: 1003 }, () => 3 * random());
    const pooled = await WasmBackend.create({ threads: 2, inlineNanoseconds: 0 });
    try {
      expect(await resultOf(pooled, job(current))).toEqual(await resultOf(backend, job(current)));
      const simulation: LifSimulateJob = {
        kind: 'lif_simulate',
        problem: job(current).problem,
        record: new Set(recordable),
        dtype: 'float64',
      };
      expect(await resultOf(pooled, simulation)).toEqual(await resultOf(backend, simulation));
    } finally {
      await pooled.close();
    }
  });

  it('a lent arena is computed in: float64 that lie there are not copied, and neither are the results', async () => {
    const pooled = await WasmBackend.create({ threads: 1, inlineNanoseconds: 0 });
    try {
      const arena = new Arena();
      const address = arena.allocate(8 * 10_001);
      // Not at a multiple of a vector, and with something behind it that is not the job's.
      const current = arena.doubles(address + 8, 10_000).fill(1.5);
      arena.doubles(address + 8 + 80_000, 1).fill(NaN);
      const used = arena.mark();
      const { result } = await pooled.run(job(current), arena);
      expect(arena.holds(result[0]!.grad.current as Values)).toBe(true);
      // Counts, losses and two gradients of two surrogates, and what a thread needs: less than the currents once more.
      expect(arena.mark() - used).toBeLessThan(2 * 10_000 * (4 + 8 + 8 + 8) + 8 * 10_000);
      const alone = await resultOf(pooled, job(Float64Array.from(current)));
      expect(withGradients(result, 'current', 'tau')).toEqual(withGradients(alone, 'current', 'tau'));
      expect(Array.from(current)).toEqual(Array.from(current, () => 1.5));
    } finally {
      await pooled.close();
    }
  });

  it("a kernel is not taken for the other arithmetic's", async () => {
    const current = Float64Array.of(0.7, 1.1, 2.3);
    const double = await resultOf(backend, job(current));
    const single = await resultOf(backend, { ...job(current), dtype: 'float32' });
    expect(single[0]!.grad.current).toBeInstanceOf(Float32Array);
    expect(double[0]!.grad.current).toBeInstanceOf(Float64Array);
    expect(await resultOf(backend, job(current))).toEqual(double);
  });
});
