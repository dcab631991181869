import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import type { Answer } from '../../../src/compute/engine/engine.ts';
import { linspace } from '../../../src/compute/numbers.ts';
import { atOnce, SlicedLoops } from '../../../src/compute/loops.ts';
import type { Job, LifGradJob, LifGradResult, NeuronProblem, Quantity, RecordLoss } from '../../../src/compute/jobs.ts';
import { crossEntropy } from '../../../src/compute/losses/cross-entropy.ts';
import { computeLoss, forwardJob, pendingCotangents, type ComputedLoss } from '../../../src/compute/losses/record-loss.ts';
import { recordLossJobBytes, runRecordLoss } from '../../../src/compute/losses/run-record-loss.ts';
import { vanRossumDistance } from '../../../src/compute/losses/van-rossum.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { lifProblem, perNeuron, perStep, same } from '../support/jobs.ts';
import { scattered } from '../support/scattered.ts';

const reference = new ReferenceBackend();
const sigmoid = { name: 'sigmoid', parameters: { alpha: 1.5 } } as const;

function jobOf(problem: NeuronProblem, loss: RecordLoss, more: Partial<LifGradJob> = {}): LifGradJob {
  return { kind: 'lif_grad', problem, surrogates: [sigmoid], loss: pendingCotangents(loss, problem), wrt: ['current'], ...more };
}

/** What runs a job on a back-end. */
function runOn(backend: Backend, arena?: Arena) {
  return async <J extends Job>(job: J): Promise<Answer<J>> => ({
    ...(await backend.run(job, arena)),
    backend: { ...backend.info, dtype: job.dtype ?? backend.info.dtype },
    fallback: undefined,
  });
}

async function gradientOf(job: LifGradJob, loss: RecordLoss, backend: Backend = reference): Promise<LifGradResult[number]> {
  const { result } = await runRecordLoss(job, loss, runOn(backend));
  return result[0] as LifGradResult[number];
}

describe('in a smooth run gradients are central differences', () => {
  const [neurons, steps] = [3, 12];
  const values = Float64Array.from(scattered(neurons * steps, -1, 4, 1));
  const smooth = (current: Float64Array) =>
    ({ ...lifProblem(neurons, steps, { dt: 1, current: { per: 'step', values: current }, reset: 'soft' }), smooth: true }) as const;
  const targets = perStep(neurons, steps, (i) => Number(i % 5 === 0));

  it.each<RecordLoss>([
    { type: 'cross_entropy', on: 'spike_counts', labels: Float64Array.of(1) },
    { type: 'cross_entropy', on: 'max_v', labels: Float64Array.of(0) },
    { type: 'cross_entropy', on: 'mean_v', labels: Float64Array.of(2) },
    { type: 'van_rossum', target: targets, tau: 3 },
    { type: 'v_mse', target: targets },
    { type: 'v_mse', target: perNeuron(neurons, (b) => b / 4) },
    { type: 'v_mse', target: same(0.5) },
  ])('$type $on', async (loss) => {
    const total = async (current: Float64Array) =>
      Array.from((await gradientOf(jobOf(smooth(current), loss), loss)).loss).reduce((sum, one) => sum + one, 0);
    const { grad } = await gradientOf(jobOf(smooth(values), loss), loss);
    const h = 1e-4;
    for (const [i, value] of values.entries()) {
      const moved = async (by: number) => total(values.with(i, value + by));
      const derivative = (8 * ((await moved(h)) - (await moved(-h))) - ((await moved(2 * h)) - (await moved(-2 * h)))) / (12 * h);
      expect(Math.abs((grad.current as Float64Array)[i]! - derivative)).toBeLessThan(1e-9);
    }
    expect(Math.max(...(grad.current as Float64Array).map(Math.abs))).toBeGreaterThan(1e-3);
  });
});

describe('cross-entropy', () => {
  const logits = Float64Array.of(1, 2, 3, -1, 0.5, 0);

  it('is of each group on its own', () => {
    const both = crossEntropy(logits, Float64Array.of(2, 0), { groups: 2, classes: 3 }, atOnce);
    const of = (from: number, label: number) =>
      crossEntropy(logits.slice(from, from + 3), Float64Array.of(label), { groups: 1, classes: 3 }, atOnce);
    const [first, second] = [of(0, 2), of(3, 0)];
    expect(both.loss).toEqual(Float64Array.of(first.loss[0]!, second.loss[0]!));
    expect(both.bars).toEqual(Float64Array.of(...first.bars, ...second.bars));
    expect(first.loss[0]).toBeCloseTo(0.4076059644443803, 14);
    expect(first.bars[0]).toBeCloseTo(0.09003057317038046, 14);
  });

  it('stays finite for logits of any size', () => {
    const { loss, bars } = crossEntropy(Float64Array.of(1e300, -1e300), Float64Array.of(1), { groups: 1, classes: 2 }, atOnce);
    expect(loss[0]).toBe(2e300);
    expect(bars).toEqual(Float64Array.of(1, -1));
  });

  it('of one class is 0', () => {
    const { loss, bars } = crossEntropy(Float64Array.of(5), Float64Array.of(0), { groups: 1, classes: 1 }, atOnce);
    expect([loss[0], bars[0]]).toEqual([0, 0]);
  });
});

describe('the van Rossum distance', () => {
  const distance = (spikes: readonly number[], target: readonly number[], tau: number, dt = 1) =>
    vanRossumDistance(
      { problem: { ...lifProblem(1, spikes.length), dt }, spikes },
      { per: 'step', values: Float64Array.from(target) },
      tau,
      new Float64Array(spikes.length),
      atOnce,
    )[0]!;

  it.each([1e-3, 0.5, 4, 1e6])('is the sum over pairs of spikes at tau = %d', (tau) => {
    const random = randomNumbers(4);
    const train = () => Array.from({ length: 50 }, () => Number(random() < 0.2));
    const [spikes, target] = [train(), train()];
    let expected = 0;
    for (let t = 0; t < 50; t++)
      for (let u = 0; u < 50; u++)
        expected += ((spikes[t]! - target[t]!) * (spikes[u]! - target[u]!) * Math.exp(-Math.abs(t - u) / tau)) / 2;
    expect(Math.abs(distance(spikes, target, tau) - expected)).toBeLessThan(1e-9 * expected);
  });

  it('of one spike is a half, of two that are far apart one, wherever they are', () => {
    const train = (...times: number[]) => Array.from({ length: 200 }, (_, t) => Number(times.includes(t)));
    expect(distance(train(3), train(), 2)).toBeCloseTo(0.5, 14);
    expect(distance(train(199), train(), 2)).toBeCloseTo(0.5, 14);
    expect(distance(train(3), train(150), 2)).toBeCloseTo(1, 14);
    expect(distance(train(3), train(3), 2)).toBe(0);
  });
});

/** A loss and its cotangents as bytes: comparing millions of numbers by toEqual takes seconds. */
function bytesOf({ loss, cotangents }: ComputedLoss): Buffer {
  const arrays = [loss];
  for (const quantity of Object.values(cotangents) as (Quantity | string)[])
    if (typeof quantity === 'object' && quantity.per !== 'scalar') arrays.push(quantity.values as Float64Array<ArrayBuffer>);
  expect(arrays).toHaveLength(2);
  return Buffer.concat(arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));
}

describe('a large job', () => {
  const [neurons, steps] = [300, 3000];
  const problem = lifProblem(neurons, steps, { dt: 1 });
  const target: Quantity = { per: 'step', values: linspace(0, 1, neurons * steps) };
  const losses: readonly RecordLoss[] = [
    { type: 'cross_entropy', on: 'spike_counts', labels: Float64Array.of(7) },
    { type: 'cross_entropy', on: 'max_v', labels: Float64Array.of(7) },
    { type: 'cross_entropy', on: 'mean_v', labels: Float64Array.of(7) },
    { type: 'cross_entropy', on: 'first_spike_times', labels: Float64Array.of(7) },
    { type: 'first_spike_time_mse', target: same(20) },
    { type: 'van_rossum', target, tau: 10 },
    { type: 'v_mse', target },
  ];
  let wasm: WasmBackend;
  beforeAll(async () => {
    wasm = await WasmBackend.create({ threads: 1 });
  });
  afterAll(() => wasm.close());

  it.each(losses)('gives the same in slices as in one go: $type $on', async (loss) => {
    const records = (await wasm.run(forwardJob(jobOf(problem, loss, { dtype: 'float64' }), loss))).result;
    const whole = computeLoss(loss, { problem, records }, 'float64', atOnce);
    const loops = new SlicedLoops();
    const sliced = computeLoss(loss, { problem, records }, 'float64', loops);
    const slices = [...loops.run()].length;
    if (loss.type !== 'cross_entropy' || loss.on !== 'spike_counts') expect(slices).toBeGreaterThan(6);
    expect(bytesOf(sliced).equals(bytesOf(whole))).toBe(true);
    expect(whole.loss.some((value) => value > 0)).toBe(true);
  });

  it.each(losses)('takes no more memory than is reckoned: $type $on', async (loss) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const job = jobOf(problem, loss, { dtype });
      const arena = new Arena();
      const before = arena.byteLength;
      await runRecordLoss(job, loss, runOn(wasm, arena));
      expect(arena.byteLength - before).toBeLessThan(recordLossJobBytes(job, loss));
    }
  });

  it('ends between slices of the loss when it is stopped', async () => {
    const loss: RecordLoss = { type: 'van_rossum', target, tau: 10 };
    const controller = new AbortController();
    const reason = new Error('the client is gone');
    const arena = new Arena();
    const begun: string[] = [];
    const run = async <J extends Job>(job: J) => {
      begun.push(job.kind);
      return runOn(wasm, arena)(job);
    };
    const running = runRecordLoss(jobOf(problem, loss), loss, run, controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(begun).toEqual(['lif_simulate']);
  });
});
