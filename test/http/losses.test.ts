import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader, readNpy } from '../../src/codecs/npy.ts';
import { numbers, type Base64Tensor, type LifGradAnswer } from './answers.ts';
import { announce, frame, unframe } from './framing.ts';
import { errorsOf, Service } from './service.ts';

interface Golden {
  request: { current: number[][]; dt: number; neuron: { tau: number }; surrogate: object };
  spike_counts: number[];
  cases: { loss: { type: string; on?: string; [field: string]: unknown }; value: number | number[]; current: number[][]; tau: number }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/losses.json', import.meta.url), 'utf8')) as Golden;
const named = golden.cases.map((one) => [[one.loss.type, one.loss.on].join(' ').trim(), one] as const);
const caseOf = (title: string) => named.find(([name]) => name === title)![1];

let service: Service;
beforeAll(async () => {
  service = await Service.start({ COMPUTE_BACKEND: 'auto' });
});
afterAll(() => service.stop());

const grad = async (body: unknown) => {
  const { status, body: answer } = await service.post<LifGradAnswer>('/lif/grad', body);
  expect(status, JSON.stringify(answer)).toBe(200);
  return answer;
};

/** The largest difference of nested numbers, relative to the largest of those that are right. */
function difference(actual: unknown, expected: unknown): number {
  const [a, b] = [[actual].flat(2) as number[], [expected].flat(2) as number[]];
  expect(a).toHaveLength(b.length);
  const scale = Math.max(...b.map(Math.abs), 1e-30);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
}

describe('values and gradients are those of PyTorch and snnTorch, whose formulas losses.py has', () => {
  describe.each([
    { backend: 'wasm', dtype: 'float32', tolerance: 2e-5 },
    { backend: 'wasm', dtype: 'float64', tolerance: 1e-12 },
    { backend: 'reference', dtype: 'float64', tolerance: 1e-12 },
    // Its answer is float32, its arithmetic float64.
    { backend: 'reference', dtype: 'float32', tolerance: 1e-6 },
  ])('$backend in $dtype', ({ backend, dtype, tolerance }) => {
    it.each(named)('%s', async (_, { loss, value, current, tau }) => {
      const { results, meta } = await grad({ ...golden.request, loss, wrt: ['current', 'tau'], backend, dtype });
      expect(meta.backend).toBe(backend);
      const [result] = results;
      expect(result!.spike_counts).toEqual(golden.spike_counts);
      expect(difference(result!.loss, value)).toBeLessThan(tolerance);
      expect(difference(result!.grad.current, current)).toBeLessThan(tolerance);
      expect(difference(result!.grad.tau, tau)).toBeLessThan(10 * tolerance);
    });
  });

  it.each(named)('tangents of %s are those of its gradient', async (_, { loss, value, current, tau }) => {
    const direction = current.map((row, b) => row.map((_number, t) => Math.sin(7 * b + t)));
    const body = { ...golden.request, loss, tangents: { current: direction, tau: 0.5 }, dtype: 'float64' };
    const { body: answer } = await service.post<{ results: { loss: number | number[] }[] }>('/lif/jvp', body);
    const tangent = answer.results[0]!.loss;
    // As the loss itself, one number for each neuron or for all.
    expect(typeof tangent).toBe(typeof value);
    const expected = current.flat().reduce((sum, gradient, i) => sum + gradient * direction.flat()[i]!, 0.5 * tau);
    expect([tangent].flat().reduce((sum, one) => sum + one, 0)).toBeCloseTo(expected, 10);
  });
});

describe('a loss that couples the neurons is one number', () => {
  const { loss } = caseOf('cross_entropy spike_counts');
  const request = { ...golden.request, loss };

  it('in JSON, base64 and bytes', async () => {
    const value = (await grad(request)).results[0]!.loss;
    expect(value).toBeCloseTo(3.0682019, 6);
    const { body } = await service.post<{ results: { loss: number; grad: { current: Base64Tensor } }[] }>('/lif/grad', {
      ...request,
      encoding: 'base64',
    });
    expect(body.results[0]!.loss).toBe(value);
    expect(numbers(body.results[0]!.grad.current)).toHaveLength(240);
    const framed = frame(request);
    const { results } = await unframe<LifGradAnswer>(await service.send('/lif/grad', framed, { accept: 'application/octet-stream' }));
    expect(results[0]!.loss).toBe(value);
  });

  it('and its size is foretold', async () => {
    const { body } = await service.post<{ results: { loss: unknown }[]; estimate: { memory_bytes: number } }>('/lif/grad', {
      ...request,
      dry_run: true,
    });
    expect(body.results[0]!.loss).toEqual({ shape: [], dtype: 'float32', bytes: 4 });
    const count = await service.post<typeof body>('/lif/grad', { ...request, loss: { type: 'spike_count' }, dry_run: true });
    expect(body.estimate.memory_bytes).toBeGreaterThan(count.body.estimate.memory_bytes);
  });

  it('for any label, whichever way it is written', async () => {
    const values = await Promise.all(
      [0, [0], { shape: [1], data: [0] }].map(async (labels) => (await grad({ ...request, loss: { ...loss, labels } })).results[0]!.loss),
    );
    expect(new Set(values).size).toBe(1);
    // The probabilities of all labels add up to 1.
    const losses = await Promise.all(
      [0, 1, 2, 3].map(async (labels) => (await grad({ ...request, loss: { ...loss, labels } })).results[0]!.loss),
    );
    expect(losses.reduce<number>((sum, one) => sum + Math.exp(-(one as number)), 0)).toBeCloseTo(1, 6);
  });
});

describe('tensors of losses', () => {
  const current = Float64Array.from(golden.request.current.flat());
  const trains = caseOf('van_rossum').loss;

  it('come as bytes', async () => {
    const target = Float32Array.from((trains.target as number[][]).flat());
    const body = { ...golden.request, loss: { ...trains, target: announce(target, [4, 60]) }, current: announce(current, [4, 60]) };
    const response = await service.send('/lif/grad', frame(body, current, target));
    // The current came as float64.
    const expected = (await grad({ ...golden.request, loss: trains, dtype: 'float64' })).results;
    expect(((await response.json()) as LifGradAnswer).results).toEqual(expected);
  });

  it('come as inputs of the Open Inference Protocol', async () => {
    const input = (name: string, data: readonly number[], shape: number[]) => ({ name, data, shape, datatype: 'FP64' });
    const infer = async (inputs: object[], parameters: object) => {
      const { body } = await service.post<{ outputs: { name: string; shape: number[]; data: number[] }[] }>('/v2/models/lif_grad/infer', {
        inputs: [input('current', Array.from(current), [4, 60]), ...inputs],
        parameters: { dt: 0.5, tau: 8, surrogate: '{"name": "sigmoid", "alpha": 4}', ...parameters },
      });
      return body.outputs;
    };
    const target = input('target', (trains.target as number[][]).flat(), [4, 60]);
    const distance = await infer([target], { loss: 'van_rossum', loss_tau: 5 });
    const expected = (await grad({ ...golden.request, loss: trains, dtype: 'float64' })).results[0]!;
    expect(distance).toMatchObject([
      { name: 'loss', shape: [4], data: expected.loss },
      { name: 'spike_counts' },
      { name: 'grad_current', shape: [4, 60], data: (expected.grad.current as number[][]).flat() },
    ]);
    const largest = caseOf('cross_entropy max_v');
    const [entropy] = await infer([input('labels', [1], [1])], { loss: 'cross_entropy', loss_on: 'max_v' });
    expect(entropy).toMatchObject({ name: 'loss', shape: [1] });
    expect(entropy!.data[0]).toBeCloseTo(largest.value as number, 5);
  });

  it('come in the URL of an .npy current', async () => {
    const send = async (query: string) => {
      const body = new Uint8Array(Buffer.concat([npyHeader('float64', [4, 60]), Buffer.from(current.buffer)]));
      const headers = { 'content-type': 'application/x-npy', accept: 'application/x-npy' };
      const response = await service.send(`/lif/grad?dt=0.5&tau=8&dtype=float32&${query}`, { body, headers });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const array = readNpy(bytes);
      if (typeof array === 'string') throw new Error(Buffer.from(bytes).toString());
      return Array.from(new Float32Array(bytes.slice(array.dataOffset).buffer));
    };
    const entropy = caseOf('cross_entropy mean_v');
    expect(difference(await send('loss_on=mean_v&labels=2'), entropy.current.flat())).toBeLessThan(2e-5);
    const { grad: gradient } = (await grad({ ...golden.request, loss: { type: 'v_mse', target: 0.5 } })).results[0]!;
    expect(await send('loss=v_mse&target=0.5')).toEqual((gradient.current as number[][]).flat().map(Math.fround));
    const soonest = (await grad({ ...golden.request, loss: { type: 'first_spike_time_mse', target: 4 } })).results[0]!.grad;
    expect(await send('loss=first_spike_time_mse&target=4')).toEqual((soonest.current as number[][]).flat().map(Math.fround));
  });

  it('are broadcast over neurons and steps', async () => {
    const lossOf = async (loss: object) => (await grad({ current: [1.5, 2], steps: 3, dt: 1, loss })).results[0]!;
    const potential = async (target: unknown) => lossOf({ type: 'v_mse', target });
    const rows = await potential([
      [0.5, 0.5, 0.5],
      [0.25, 0.25, 0.25],
    ]);
    expect(await potential([0.5, 0.25])).toEqual(rows);
    expect(await potential([[0.5], [0.25]])).toEqual(rows);
    const train = [0, 1, 0];
    expect(await lossOf({ type: 'van_rossum', tau: 2, target: [train] })).toEqual(
      await lossOf({ type: 'van_rossum', tau: 2, target: [train, train] }),
    );
  });
});

describe('cotangents', () => {
  it.each(['spikes', 'v', 'v_pre'])('of %s are [B, T], [1, T], [B, 1], [B] or a number', async (record) => {
    const request = { current: [1.5, 2, 2.5], steps: 40, dt: 1, neuron: { tau: 5, reset: 'soft' } };
    const product = async (cotangent: unknown) =>
      (await grad({ ...request, loss: { type: 'cotangent', [record]: cotangent } })).results[0]!;
    const weights = [0.5, -1, 2];
    const full = await product(weights.map((weight) => new Array<number>(40).fill(weight)));
    expect(full.grad.current).not.toEqual([0, 0, 0]);
    expect(await product(weights)).toEqual(full);
    expect(await product(weights.map((weight) => [weight]))).toEqual(full);
    const steps = Array.from({ length: 40 }, (_, t) => Math.fround(Math.sin(t)));
    expect(await product([steps])).toEqual(await product([steps, steps, steps]));
    expect(await product(2)).toEqual(await product([2, 2, 2]));
  });

  it('of spikes, one a neuron, weigh their counts', async () => {
    const request = { current: [1.5, 2], steps: 200, loss: { type: 'cotangent', spikes: [[3], [-1]] } };
    const count = (await grad({ ...request, loss: { type: 'spike_count' } })).results[0]!;
    const weighted = (await grad(request)).results[0]!;
    expect(weighted.loss).toEqual([3 * (count.loss as number[])[0]!, -(count.loss as number[])[1]!]);
    expect(
      difference(
        weighted.grad.current,
        (count.grad.current as number[]).map((one, b) => [3, -1][b]! * one),
      ),
    ).toBeLessThan(1e-6);
  });
});

it('a neuron without spikes has its first one in the last step, as in snnTorch', async () => {
  const silent = { current: 0.5, steps: 100, surrogate: 'sigmoid' };
  const { results } = await grad({ ...silent, loss: { type: 'first_spike_time_mse', target: 4 } });
  expect(results[0]!.loss).toEqual([34.81]);
  const { results: last } = await grad({
    ...silent,
    loss: { type: 'cotangent', spikes: [[...new Array<number>(99).fill(0), -2 * (9.9 - 4) * 0.1]] },
  });
  expect(results[0]!.grad.current).toBeCloseTo(last[0]!.grad.current as number, 6);
  expect(results[0]!.grad.current).toBeLessThan(0);
});

it('neurons of libraries have the losses on their own records', async () => {
  // The membrane of snnTorch's Leaky is recorded before its reset, which is felt a step later.
  const request = { current: [[0.5, 1, 0.5]], neuron: { model: 'snntorch.Leaky', beta: 0.5 } };
  const { results } = await grad({ ...request, loss: { type: 'v_mse', target: 0 } });
  expect(results[0]!.loss).toEqual([(0.5 ** 2 + 1.25 ** 2 + 0.125 ** 2) / 3]);
  const integrator = await grad({
    current: [[1], [0.5]],
    neuron: { model: 'li', tau: 2 },
    dt: 1,
    loss: { type: 'cross_entropy', on: 'max_v', labels: 0 },
  });
  expect(integrator.results[0]!.loss).toBeCloseTo(Math.log(1 + Math.exp(0.25 - 0.5)), 6);
  expect(integrator.results[0]).not.toHaveProperty('surrogate');
  // Spikes that count for more than one: the steps of a neuron that fires twice at once.
  const twice = {
    current: [
      [4.5, 0],
      [0, 0],
    ],
    neuron: { model: 'sinabs.IAF' },
    loss: { type: 'cross_entropy', on: 'spike_counts', labels: 0 },
  };
  const counted = (await grad(twice)).results[0]!;
  expect(counted.spike_counts).toEqual([4, 0]);
  expect(counted.loss).toBeCloseTo(Math.log(1 + Math.exp(-4)), 6);
});

it('several surrogates share the run with spikes, and have one each of a smooth run', async () => {
  const both = ['sigmoid', { name: 'arctan', alpha: 2 }];
  const { loss } = caseOf('van_rossum');
  for (const forward of ['spikes', 'smooth']) {
    const request = { ...golden.request, forward, loss };
    const { results } = await grad({ ...request, surrogate: both });
    expect(results).toHaveLength(2);
    for (const [i, surrogate] of both.entries()) expect(results[i]).toEqual((await grad({ ...request, surrogate })).results[0]);
  }
});

describe('a refusal says what would be right', () => {
  const entropy = { type: 'cross_entropy', on: 'spike_counts', labels: 0 };
  it.each<[string, object, string]>([
    [
      'a label out of range',
      { loss: { ...entropy, labels: 2 } },
      '/loss/labels: must be the index of a neuron, a whole number from 0 to 1, got 2',
    ],
    [
      'a negative label',
      { loss: { ...entropy, labels: [-1] } },
      '/loss/labels/0: must be the index of a neuron, a whole number from 0 to 1, got -1',
    ],
    ['half a label', { loss: { ...entropy, labels: 0.5 } }, '/loss/labels: must be the index of a neuron'],
    [
      'labels of more samples',
      { loss: { ...entropy, labels: [0, 1] } },
      '/loss/labels: must be one number, since all neurons are the classes of one sample; got shape [2]',
    ],
    ['no label', { loss: { type: 'cross_entropy', on: 'max_v' } }, '/loss/labels: is required'],
    ['nothing that it is on', { loss: { type: 'cross_entropy', labels: 0 } }, '/loss/on: is required'],
    [
      'an unknown thing that it is on',
      { loss: { ...entropy, on: 'max_mem' } },
      '/loss/on: must be one of "spike_counts", "max_v", "mean_v", "first_spike_times", got "max_mem"',
    ],
    [
      'a label without neurons',
      { current: [], loss: entropy },
      '/loss/labels: must be the index of a neuron, but the request has no neurons, got 0',
    ],
    [
      'a time before the run',
      { loss: { type: 'first_spike_time_mse', target: [3, -1] } },
      '/loss/target: must be times from 0 ms on, got -1; the last step, which snnTorch calls -1, is at 0.9 ms',
    ],
    [
      'times of each step',
      { loss: { type: 'first_spike_time_mse', target: [[3], [4]] } },
      '/loss/target: must be a number or one value per neuron, shape [B]; got shape [2, 1]',
    ],
    [
      'times of other neurons',
      { loss: { type: 'first_spike_time_mse', target: [3, 4, 5] } },
      '/loss/target: has shape [3], for 3 neurons, but the request has 2',
    ],
    [
      'trains without steps',
      { loss: { type: 'van_rossum', tau: 1, target: [1, 0] } },
      '/loss/target: must have the spikes of each step, shape [B, T] = [2, 10], or one row for all neurons',
    ],
    [
      'trains of another length',
      { loss: { type: 'van_rossum', tau: 1, target: [[1, 0]] } },
      '/loss/target: must be a number or of shape [B, T] = [2, 10], got shape [1, 2]',
    ],
    ['no time constant', { loss: { type: 'van_rossum', target: [new Array(10).fill(0)] } }, '/loss/tau: is required'],
    ['a time constant of 0', { loss: { type: 'van_rossum', tau: 0, target: [new Array(10).fill(0)] } }, '/loss/tau: must be > 0'],
    [
      'a potential of three axes',
      { loss: { type: 'v_mse', target: [[[1]]] } },
      '/loss/target: must be a number or of shape [B, T] = [2, 10], got shape [1, 1, 1]',
    ],
    ['a target that is text', { loss: { type: 'v_mse', target: '1' } }, '/loss/target'],
    [
      'first spikes of a smooth run',
      { forward: 'smooth', loss: { type: 'first_spike_time_mse', target: 1 } },
      '/forward: is "smooth", which has a part of a spike in every step and no first one',
    ],
    [
      'first spikes of a smooth run to choose from',
      { forward: 'smooth', loss: { ...entropy, on: 'first_spike_times' } },
      '/forward: is "smooth"',
    ],
    [
      'spikes of a neuron without',
      { neuron: { model: 'li' }, loss: entropy },
      '/loss/on: is "spike_counts", but li has no spikes; take "max_v" or "mean_v"',
    ],
    [
      'trains of a neuron without',
      { neuron: { model: 'li' }, loss: { type: 'van_rossum', tau: 1, target: [new Array(10).fill(0)] } },
      '/loss/type: is "van_rossum", but li has no spikes',
    ],
  ])('%s', async (_, fields, message) => {
    const problem = await service.refused('/lif/grad', { current: [1, 2], steps: 10, ...fields });
    expect(problem.status).toBe(400);
    expect(errorsOf(problem)).toContain(message);
  });
});

describe('both runs of a loss', () => {
  const large = { current: { linspace: [0.5, 2.5, 2000] }, steps: 2000, wrt: ['tau'] };
  const loss = { type: 'v_mse', target: 0.5 };

  it('end with the deadline', async () => {
    const { status, body } = await service.post<{ code: string }>('/lif/grad', { ...large, loss }, { 'x-request-timeout-ms': '2' });
    expect([status, body.code]).toEqual([504, 'deadline_exceeded']);
    await expect.poll(async () => (await service.post('/lif/grad', { current: 1, steps: 10, loss })).status).toBe(200);
  });

  it('have their memory counted before they begin', async () => {
    const small = await Service.start({ MAX_MEMORY_BYTES: String(40 * 2 ** 20) });
    try {
      expect((await small.post('/lif/grad', { ...large, loss: { type: 'spike_count' } })).status).toBe(200);
      const { status, body } = await small.post<{ detail: string }>('/lif/grad', { ...large, loss });
      expect([status, body.detail]).toEqual([413, expect.stringContaining('of memory')]);
    } finally {
      await small.stop();
    }
  });

  it('say how long they took together, and which back-end it was', async () => {
    const { results, meta } = await grad({ ...large, loss });
    expect(meta).toMatchObject({ backend: 'wasm', dtype: 'float32' });
    expect(meta.elapsed_ms).toBeGreaterThan(1);
    expect(results[0]!.loss).toHaveLength(2000);
  });
});

describe('a loss of a batch is that of each sample', () => {
  const { current } = golden.request;
  const samples = [current, [...current].reverse()];
  const timeFirst = (rows: number[][]): number[][] => rows[0]!.map((_, t) => rows.map((row) => row[t]!));
  const base = { ...golden.request, wrt: ['current', 'tau'], dtype: 'float64' };

  it.each(named)('%s', async (_, { loss }) => {
    const labels = [Number(loss.labels), 0];
    const alone = await Promise.all(
      samples.map(async (sample, i) => {
        const one = loss.labels === undefined ? loss : { ...loss, labels: labels[i] };
        return (await grad({ ...base, current: sample, loss: one })).results[0]!;
      }),
    );
    const ofAll = loss.labels === undefined ? loss : { ...loss, labels };
    const batch = (await grad({ ...base, current: samples, loss: ofAll })).results[0]!;
    expect(batch.loss).toEqual(alone.map((one) => one.loss));
    expect(batch.grad.current).toEqual(alone.map(({ grad: { current: one } }) => one));
    expect(batch.grad.tau).toBeCloseTo(
      alone.reduce((sum, { grad: { tau } }) => sum + (tau as number), 0),
      10,
    );

    const target = Array.isArray(loss.target) && Array.isArray(loss.target[0]) ? timeFirst(loss.target as number[][]) : loss.target;
    const swapped = { ...base, time_axis: 0, current: timeFirst(samples[0]!), loss: { ...loss, ...(target !== undefined && { target }) } };
    const first = (await grad(swapped)).results[0]!;
    expect(first.loss).toEqual(alone[0]!.loss);
    expect(first.grad.current).toEqual(timeFirst(alone[0]!.grad.current as number[][]));
  });

  it('takes a label for each sample, and says so', async () => {
    const { loss } = caseOf('cross_entropy spike_counts');
    const refused = async (labels: unknown) =>
      errorsOf(await service.refused('/lif/grad', { ...base, current: samples, loss: { ...loss, labels } }));
    expect(await refused(1)).toBe('/loss/labels: must be one for each sample, of the shape [2] of the leading axes; got shape []');
    expect(await refused([1, 4])).toBe('/loss/labels/1: must be the index of a neuron, a whole number from 0 to 3, got 4');
  });
});
