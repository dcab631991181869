import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader, readNpy } from '../../src/codecs/npy.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { randomNumbers } from '../../support/random-numbers.ts';
import { numbers, type Base64Tensor, type Nested } from './answers.ts';
import { announce, frame, unframe } from './framing.ts';
import { Service } from './service.ts';
import { startService } from './services.ts';
import { numRuns } from '../thorough.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

type Fields = Record<string, unknown>;

/** Row-major numbers with a shape. */
interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

function nested({ shape, values }: Tensor): Nested {
  const [length, ...inner] = shape;
  if (length === undefined) return values[0]!;
  const size = sizeOf(inner);
  return Array.from({ length }, (_, i) => nested({ shape: inner, values: values.slice(i * size, (i + 1) * size) }));
}

function tensorOf(given: unknown): Tensor {
  const shape: number[] = [];
  for (let level = given; Array.isArray(level); level = level[0] as unknown) shape.push(level.length);
  return { shape, values: [given].flat(Infinity) as number[] };
}

/** The last axis of a tensor before all others. */
function timeFirst({ shape, values }: Tensor): Tensor {
  const steps = shape.at(-1)!;
  const rows = values.length / steps;
  const moved = Array.from({ length: values.length }, (_, i) => values[(i % rows) * steps + Math.floor(i / rows)]!);
  return { shape: [steps, ...shape.slice(0, -1)], values: moved };
}

async function answer(path: string, request: Fields): Promise<Fields> {
  const { status, body } = await service.post<Fields>(path, request);
  expect(status, JSON.stringify(body).slice(0, 500)).toBe(200);
  return body;
}

const resultOf = (body: Fields): Fields => (body.results as Fields[])[0]!;
const gradOf = (body: Fields): Fields => resultOf(body).grad as Fields;

/** The entries of a batch: what leading axes of these lengths hold, in row-major order. */
function entriesOf(given: unknown, lead: readonly number[]): unknown[] {
  return lead.reduce((entries: unknown[]) => entries.flatMap((entry) => entry as unknown[]), [given]);
}

/** A batch, and requests for each of its entries alone. */
const batches = fc
  .record({
    lead: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    neurons: fc.integer({ min: 1, max: 3 }),
    steps: fc.integer({ min: 1, max: 6 }),
    dtype: fc.constantFrom('float32', 'float64'),
    isShared: fc.boolean(),
    model: fc.constantFrom('lif', 'cuba_lif'),
    seed: fc.nat(),
  })
  .map(({ lead, neurons, steps, dtype, isShared, model, seed }) => {
    const random = randomNumbers(seed);
    const numbersOf = (shape: readonly number[], min: number, max: number): Tensor => ({
      shape,
      values: Array.from({ length: sizeOf(shape) }, () => min + random() * (max - min)),
    });
    const rows = isShared ? 1 : neurons;
    return {
      lead,
      neurons,
      steps,
      shape: [...lead, neurons, steps],
      current: numbersOf([...lead, rows, steps], 0, 4),
      fields: { dt: 1, dtype, neuron: { model, tau: nested(numbersOf([neurons], 2, 5)), v_rest: 0.1, reset: 'soft' } },
      cotangents: {
        spikes: numbersOf([...lead, neurons, steps], -1, 1),
        v: numbersOf([neurons, steps], -1, 1),
        v_pre: numbersOf([...lead, neurons, 1], -1, 1),
      },
      state: numbersOf([...lead, neurons], -1, 1),
      tolerance: dtype === 'float64' ? 1e-12 : 1e-4,
    };
  });
type Batch = typeof batches extends fc.Arbitrary<infer Value> ? Value : never;

/** The cotangents of a batch as JSON; those of single entries. */
function lossesOf({ cotangents, state, lead }: Batch) {
  const all = { spikes: nested(cotangents.spikes), v: nested(cotangents.v), v_pre: nested(cotangents.v_pre), state: nested(state) };
  const entries = Object.fromEntries(Object.entries(all).map(([name, given]) => [name, name === 'v' ? undefined : entriesOf(given, lead)]));
  const lossOf = ({ state: v, ...rest }: Fields): Fields => ({ type: 'cotangent', ...rest, state: { v } });
  return {
    all: lossOf(all),
    of: (i: number) => lossOf(Object.fromEntries(Object.entries(all).map(([name, given]) => [name, entries[name]?.[i] ?? given]))),
  };
}

const runs = { numRuns: numRuns(25) };

describe('a batch of leading axes', () => {
  it('is answered as its entries alone are, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ lead, current, fields, state }) => {
        const record = ['v', 'v_pre', 'spikes', 'spike_counts', 'firing_rates', 'spike_times', 'v_final', 'state'];
        const request = { ...fields, record };
        const all = await answer('/lif/simulate', { ...request, current: nested(current), state: { v: nested(state) } });
        for (const [i, entry] of entriesOf(nested(current), lead).entries()) {
          const alone = await answer('/lif/simulate', { ...request, current: entry, state: { v: entriesOf(nested(state), lead)[i] } });
          for (const name of record.slice(0, -1)) expect(entriesOf(all[name], lead)[i], name).toEqual(alone[name]);
          for (const [name, values] of Object.entries(alone.state as Fields))
            expect(entriesOf((all.state as Fields)[name], lead)[i]).toEqual(values);
        }
      }),
      runs,
    );
  });

  it('has the gradients of its entries, summed where they share a quantity', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const { lead, neurons, current, fields, state, tolerance } = batch;
        const losses = lossesOf(batch);
        const wrt = ['current', 'tau', 'v_rest', 'v_threshold', 'v_init'];
        const request = { ...fields, wrt };
        const all = await answer('/lif/grad', { ...request, current: nested(current), state: { v: nested(state) }, loss: losses.all });
        const grad = gradOf(all);
        const sums: Record<string, number[]> = { tau: [], v_rest: [], v_threshold: [] };
        for (const [i, entry] of entriesOf(nested(current), lead).entries()) {
          const one = { current: entry, state: { v: entriesOf(nested(state), lead)[i] }, loss: losses.of(i) };
          const alone = await answer('/lif/grad', { ...request, ...one });
          for (const name of ['loss', 'spike_counts']) expect(entriesOf(resultOf(all)[name], lead)[i]).toEqual(resultOf(alone)[name]);
          for (const name of ['current', 'v_init']) expect(entriesOf(grad[name], lead)[i], name).toEqual(gradOf(alone)[name]);
          for (const name in sums)
            for (const [j, value] of tensorOf(gradOf(alone)[name]).values.entries()) sums[name]![j] = (sums[name]![j] ?? 0) + value;
        }
        expect(tensorOf(grad.tau).shape).toEqual([neurons]);
        expect(typeof grad.v_rest).toBe('number');
        for (const [name, expected] of Object.entries(sums)) {
          const scale = Math.max(1, ...expected.map(Math.abs));
          for (const [j, value] of tensorOf(grad[name]).values.entries())
            expect(Math.abs(value - expected[j]!) / scale, name).toBeLessThan(sizeOf(lead) * tolerance);
        }
      }),
      runs,
    );
  });

  it('is the same flat, with its parameters repeated', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const { lead, neurons, steps, current, fields, state, tolerance } = batch;
        const entries = sizeOf(lead);
        const flat = { shape: [entries * neurons], values: state.values };
        const tau = Array.from({ length: entries }, () => fields.neuron.tau as number[]).flat();
        const rows = entriesOf(nested(current), lead).flatMap((entry) =>
          Array.from({ length: neurons }, (_, b) => (entry as number[][])[b] ?? (entry as number[][])[0]!),
        );
        const wrt = ['current', 'tau', 'v_init'];
        const all = await answer('/lif/grad', { ...fields, wrt, current: nested(current), state: { v: nested(state) } });
        const plain = await answer('/lif/grad', {
          ...fields,
          neuron: { ...fields.neuron, tau },
          wrt,
          current: rows,
          state: { v: nested(flat) },
        });
        expect(tensorOf(resultOf(all).loss).values).toEqual(tensorOf(resultOf(plain).loss).values);
        expect(tensorOf(gradOf(all).v_init).values).toEqual(tensorOf(gradOf(plain).v_init).values);
        const ofCurrent = tensorOf(gradOf(plain).current).values;
        const expected = current.values.map((_, i) => {
          if (current.values.length === ofCurrent.length) return ofCurrent[i]!;
          const entry = Math.floor(i / steps);
          return Array.from({ length: neurons }, (_, b) => ofCurrent[(entry * neurons + b) * steps + (i % steps)]!).reduce((a, b) => a + b);
        });
        expect(tensorOf(gradOf(all).current).shape).toEqual(current.shape);
        for (const [i, value] of tensorOf(gradOf(all).current).values.entries())
          expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected[i]!)));
        const ofTau = tensorOf(gradOf(plain).tau).values;
        for (const [b, value] of tensorOf(gradOf(all).tau).values.entries()) {
          const sum = neurons === 1 && entries === 1 ? ofTau[0]! : ofTau.filter((_, i) => i % neurons === b).reduce((a, c) => a + c, 0);
          expect(Math.abs(value - sum)).toBeLessThan(entries * tolerance * Math.max(1, ...ofTau.map(Math.abs)));
        }
      }),
      runs,
    );
  });

  it('takes parameters and tangents with its leading axes too', async () => {
    const current = [
      [
        [2, 2, 0, 3],
        [1, 3, 3, 1],
      ],
      [
        [3, 0, 3, 3],
        [2, 2, 2, 2],
      ],
    ];
    const tau = [
      [2, 3],
      [4, 5],
    ];
    const request = { current, dt: 1, dtype: 'float64', neuron: { tau } };
    const grad = gradOf(await answer('/lif/grad', { ...request, wrt: ['tau'] })).tau as number[][];
    const tangent = [
      [1, -1],
      [0.5, 2],
    ];
    const jvp = resultOf(await answer('/lif/jvp', { ...request, tangents: { tau: tangent } }));
    for (const [i, entry] of current.entries()) {
      const one = { ...request, current: entry, neuron: { tau: tau[i] } };
      expect(grad[i]).toEqual(gradOf(await answer('/lif/grad', { ...one, wrt: ['tau'] })).tau);
      const alone = resultOf(await answer('/lif/jvp', { ...one, tangents: { tau: tangent[i] } }));
      for (const name of ['spikes', 'v', 'loss']) expect((jvp[name] as unknown[])[i]).toEqual(alone[name]);
    }
    const perEntry = await answer('/lif/grad', { ...request, neuron: { tau: [[2], [4]] }, wrt: ['tau'] });
    const full = await answer('/lif/grad', {
      ...request,
      neuron: {
        tau: [
          [2, 2],
          [4, 4],
        ],
      },
      wrt: ['tau'],
    });
    const sums = (gradOf(full).tau as number[][]).map(([a, b]) => a! + b!);
    const { shape, values } = tensorOf(gradOf(perEntry).tau);
    expect(shape).toEqual([2, 1]);
    for (const [i, sum] of sums.entries()) expect(values[i]).toBeCloseTo(sum, 12);
  });

  it('answers the settings of a library as its parameters were given', async () => {
    const current = [[[1, 2]], [[3, 4]], [[0, 5]]];
    const settings = async (beta: unknown, more: Fields = {}) =>
      ((await answer('/lif/simulate', { current, neuron: { model: 'snntorch.Leaky', beta }, ...more })).neuron as Fields).leak;
    expect(await settings([0.5, 0.75])).toEqual([0.5, 0.75]);
    const entries = [
      [0.5, 0.75],
      [0.25, 0.5],
      [0.125, 1],
    ];
    expect(await settings(entries)).toEqual(entries);
    expect(await settings(entries, { dry_run: true })).toEqual({ shape: [3, 2], dtype: 'float32', bytes: 24 });
  });

  it.each([
    [[0, 2, 3], { v: [], spike_times: [], spike_counts: [] }, { current: [], tau: [0, 0] }],
    [[2, 0, 3], { v: [[], []], spike_times: [[], []], spike_counts: [[], []] }, { current: [[], []], tau: [] }],
  ])('may be empty: %j', async (shape, recorded, grad) => {
    const request = { current: { shape, data: [] }, neuron: { tau: shape[1] === 0 ? [] : [5, 6] } };
    expect(await answer('/lif/simulate', { ...request, record: ['v', 'spike_times', 'spike_counts'] })).toMatchObject(recorded);
    expect(gradOf(await answer('/lif/grad', { ...request, wrt: ['current', 'tau'] }))).toEqual(grad);
  });
});

describe('time_axis 0', () => {
  it('answers what the request with time last answers, with time first', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const { current, fields, state, cotangents } = batch;
        const losses = lossesOf(batch);
        const request = { ...fields, state: { v: nested(state) } };
        const first = { ...request, time_axis: 0, current: nested(timeFirst(current)) };
        const last = { ...request, time_axis: -1, current: nested(current) };
        const record = ['v', 'spikes', 'v_final', 'state', 'spike_times', 'spike_counts', 'v_post'];
        const recorded = await answer('/lif/simulate', { ...first, record });
        const expected = await answer('/lif/simulate', { ...last, record });
        for (const name of record) {
          const isSeries = ['v', 'spikes', 'v_post'].includes(name);
          expect(recorded[name], name).toEqual(isSeries ? nested(timeFirst(tensorOf(expected[name]))) : expected[name]);
        }
        const cotangentsFirst = Object.fromEntries(Object.entries(cotangents).map(([name, tensor]) => [name, nested(timeFirst(tensor))]));
        const wrt = ['current', 'tau', 'v_rest', 'v_init'];
        const grad = await answer('/lif/grad', { ...first, wrt, loss: { ...losses.all, ...cotangentsFirst } });
        const gradLast = await answer('/lif/grad', { ...last, wrt, loss: losses.all });
        const { current: ofCurrent, ...others } = gradOf(gradLast);
        expect(gradOf(grad)).toEqual({ ...others, current: nested(timeFirst(tensorOf(ofCurrent))) });
        expect(resultOf(grad)).toMatchObject({ loss: resultOf(gradLast).loss, spike_counts: resultOf(gradLast).spike_counts });
        const jvp = resultOf(await answer('/lif/jvp', { ...first, tangents: { current: first.current, tau: 1 } }));
        const jvpLast = resultOf(await answer('/lif/jvp', { ...last, tangents: { current: last.current, tau: 1 } }));
        for (const name of ['spikes', 'v']) expect(jvp[name]).toEqual(nested(timeFirst(tensorOf(jvpLast[name]))));
        expect(jvp.loss).toEqual(jvpLast.loss);
      }),
      runs,
    );
  });

  it('is for neurons without leading axes too, and for a current that is constant in time', async () => {
    const rows = [
      [2, 2, 0, 2],
      [1, 3, 1, 3],
      [0, 5, 0, 5],
    ];
    const columns = nested(timeFirst(tensorOf(rows)));
    const request = { dt: 1, neuron: { tau: [2, 3, 4] } };
    const last = await answer('/lif/simulate', { ...request, current: rows, record: ['v'] });
    const first = await answer('/lif/simulate', { ...request, current: columns, time_axis: 0, steps: 4, record: ['v'] });
    expect(first.v).toEqual(nested(timeFirst(tensorOf(last.v))));
    const shared = gradOf(await answer('/lif/grad', { ...request, current: [[2], [1], [3]], time_axis: 0 })).current;
    expect(shared).toEqual(nested(timeFirst(tensorOf(gradOf(await answer('/lif/grad', { ...request, current: [[2, 1, 3]] })).current))));
    const constant = { ...request, current: [1, 2, 3], steps: 5 };
    const v = (await answer('/lif/simulate', { ...constant, record: ['v'] })).v;
    expect((await answer('/lif/simulate', { ...constant, time_axis: 0, record: ['v'] })).v).toEqual(nested(timeFirst(tensorOf(v))));
    const wrt = { wrt: ['current'], loss: { type: 'cotangent', v: [[1], [2], [3], [4], [5]] } };
    const byCurrent = gradOf(await answer('/lif/grad', { ...constant, ...wrt, time_axis: 0 })).current;
    const lossLast = { type: 'cotangent', v: [[1, 2, 3, 4, 5]] };
    expect(byCurrent).toEqual(gradOf(await answer('/lif/grad', { ...constant, loss: lossLast })).current);
  });
});

describe('the forms of a batch', () => {
  const [lead, neurons, steps] = [[2, 2], 3, 5];
  const random = randomNumbers(7);
  const current: Tensor = { shape: [...lead, neurons, steps], values: Array.from({ length: 60 }, () => Math.fround(4 * random())) };
  const fields = { dt: 1, neuron: { tau: [2, 3, 4] } };
  const record = ['v', 'spikes', 'spike_times', 'spike_counts'];
  const first = timeFirst(current);

  it('are answered in base64 with their shapes', async () => {
    const base64 = Buffer.from(Float32Array.from(first.values).buffer).toString('base64');
    const request = { ...fields, current: { dtype: 'float32', shape: first.shape, base64 }, time_axis: 0, record };
    const plain = await answer('/lif/simulate', request);
    const encoded = await answer('/lif/simulate', { ...request, encoding: 'base64' });
    for (const name of ['v', 'spikes', 'spike_counts']) {
      const tensor = encoded[name] as Base64Tensor;
      expect(tensor.shape).toEqual(tensorOf(plain[name]).shape);
      expect(numbers(tensor)).toEqual(tensorOf(plain[name]).values.map(Math.fround));
    }
    expect(encoded.spike_times).toEqual(plain.spike_times);
  });

  it('are framed, with spike times as flat rows over all neurons', async () => {
    const values = Float32Array.from(first.values);
    const { body, headers } = frame({ ...fields, current: announce(values, first.shape), time_axis: 0, record }, values);
    const response = await service.send('/lif/simulate', { body, headers }, { accept: 'application/octet-stream' });
    expect(response.status).toBe(200);
    type Bytes = Record<string, { shape: number[]; values: number[] }>;
    const framed = await unframe<Bytes>(response);
    const plain = await answer('/lif/simulate', { ...fields, current: nested(first), time_axis: 0, record });
    expect(framed.v).toMatchObject({ shape: [5, 2, 2, 3] });
    expect(Array.from(framed.v!.values)).toEqual(tensorOf(plain.v).values.map(Math.fround));
    const offsets = Array.from(framed.spike_time_offsets!.values);
    expect(offsets).toHaveLength(2 * 2 * 3 + 1);
    const rows = offsets.slice(0, -1).map((from, i) => Array.from(framed.spike_times!.values).slice(from, offsets[i + 1]));
    expect(rows).toEqual((plain.spike_times as number[][][][]).flat(2));
    expect(framed.spike_counts!.shape).toEqual([2, 2, 3]);
  });

  it('are npy files, the rest of the request in the URL', async () => {
    const post = async (url: string, { shape, values }: Tensor) => {
      const body = new Uint8Array(Buffer.concat([npyHeader('float32', shape), Buffer.from(Float32Array.from(values).buffer)]));
      const response = await service.send(url, { body, headers: { 'content-type': 'application/x-npy' } });
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect(response.status, Buffer.from(bytes).toString()).toBe(200);
      const array = readNpy(bytes);
      if (typeof array === 'string') throw new Error(array);
      return { shape: array.shape, values: Array.from(new Float32Array(bytes.slice(array.dataOffset).buffer)) };
    };
    const plain = gradOf(await answer('/lif/grad', { dt: 1, current: nested(current) })).current;
    const last = await post('/lif/grad?dt=1&time_axis=-1', current);
    expect(last).toEqual({ shape: current.shape, values: tensorOf(plain).values.map(Math.fround) });
    expect(await post('/lif/grad?dt=1&time_axis=0', first)).toEqual(timeFirst(last));
    expect(await post('/lif/grad?dt=1', current)).toEqual(last);
  });

  it('are tensors of the Open Inference Protocol', async () => {
    const tau = { name: 'tau', shape: [3], datatype: 'FP32', data: [2, 3, 4] };
    const request = {
      inputs: [{ name: 'current', shape: first.shape, datatype: 'FP32', data: first.values }, tau],
      parameters: { dt: 1, time_axis: 0, wrt: 'current,tau' },
    };
    const { outputs } = (await answer('/v2/models/lif_grad/infer', request)) as {
      outputs: { name: string; shape: number[]; data: number[] }[];
    };
    const plain = await answer('/lif/grad', { ...fields, current: nested(first), time_axis: 0, wrt: ['current', 'tau'] });
    const found = Object.fromEntries(outputs.map(({ name, shape, data }) => [name, { shape, values: data }]));
    expect(found.grad_current).toEqual(tensorOf(gradOf(plain).current));
    expect(found.grad_tau).toEqual(tensorOf(gradOf(plain).tau));
    expect(found.loss).toEqual(tensorOf(resultOf(plain).loss));
  });
});

describe('a batch that does not fit', () => {
  const current = [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ];
  const cotangent = (tensors: Fields) => ({ current, loss: { type: 'cotangent', ...tensors } });
  const deep = { shape: Array.from({ length: 65 }, () => 1), data: [1] };
  it.each<[string, Fields, string]>([
    [
      'other neurons',
      { current, neuron: { tau: [1, 2, 3] } },
      '/neuron/tau: has shape [3], for 3 neurons, but /current has shape [2, 2, 3], for 2; the number of neurons must be the same, or 1',
    ],
    [
      'other leading axes of a parameter',
      { current, neuron: { tau: [[1], [2], [3]] } },
      '/neuron/tau: has shape [3, 1], but /current has shape [2, 2, 3], with the leading axes [2]; take the same, or [B], which all of them share',
    ],
    [
      'leading axes of a parameter alone',
      { current: [[1, 2]], neuron: { tau: [[1, 2]] } },
      '/neuron/tau: must be a number or one value per neuron, shape [B]; got shape [1, 2]',
    ],
    [
      'other leading axes of a cotangent',
      cotangent({ v: [current[0], current[0], current[0]] }),
      '/loss/v: must be a number or of shape [..., B, T] = [2, 2, 3], got shape [3, 2, 3]; [B, T], [1, T], [B, 1] and [B] are broadcast',
    ],
    [
      'a cotangent with time last',
      { ...cotangent({ v: current }), current: [[[1, 2]], [[1, 2]], [[1, 2]]], time_axis: 0 },
      '/loss/v: must be a number or of shape [T, ..., B] = [3, 1, 2], got shape [2, 2, 3]; [T, B], [T, 1], [1, B] and [B] are broadcast',
    ],
    [
      'another target',
      { current, loss: { type: 'firing_rate_mse', target: [[1, 2, 3]] } },
      "/loss/target: has shape [1, 3], but the request's neurons have shape [..., B] = [2, 2]; take that shape, [B] for all of its leading axes, or a number",
    ],
    [
      'another cotangent of the state',
      cotangent({ state: { v: [1, 2, 3] } }),
      "/loss/state/v: has shape [3], but the request's neurons have shape [..., B] = [2, 2]",
    ],
    [
      'a parameter out of range',
      {
        current,
        neuron: {
          tau: [
            [1, 2],
            [3, -1],
          ],
        },
      },
      '/neuron/tau/1/1: must be above 0, got -1',
    ],
    ['other steps', { current, steps: 2 }, '/steps: is 2, but /current has 3 steps (shape [2, 2, 3])'],
    ['other steps, time first', { current, steps: 3, time_axis: 0 }, '/steps: is 3, but /current has 2 steps (shape [2, 2, 3])'],
    [
      'a current of no steps',
      { current: { shape: [0, 2], data: [] }, time_axis: 0 },
      '/current: must have at least one step, got shape [0, 2]',
    ],
    ['time_axis 1', { current, time_axis: 1 }, '/time_axis: must be one of 0, -1, got 1'],
    ['a time_axis in words', { current, time_axis: 'first' }, '/time_axis: must be a whole number, got "first"'],
    ['more axes than a tensor has', { current: deep }, '/current/shape: must have at most 64 dimensions, got 65'],
  ])('is refused: %s', async (_name, request, message) => {
    const { status, errors = [] } = await service.refused('/lif/grad', request);
    expect(status).toBe(400);
    expect(errors.map((error) => `${error.path}: ${error.message}`).join('\n')).toContain(message);
  });

  it('is refused where a tangent is not in the shape of its quantity', async () => {
    const { errors = [] } = await service.refused('/lif/jvp', { current, time_axis: 0, tangents: { current: [[1, 2]] } });
    expect(errors).toEqual([
      { path: '/tangents/current', message: 'must be a number or of the shape [2, 2, 3] of its quantity, got shape [1, 2]' },
    ]);
  });
});

describe('a large batch', () => {
  const post = async (request: Fields, headers: Record<string, string> = {}, on = service) =>
    fetch(`${on.url}/lif/simulate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(request),
    });
  const bytes = { accept: 'application/octet-stream' };

  it('is transposed as it is sent', async () => {
    const [neurons, steps] = [70_001, 3];
    const request = { current: { linspace: [0, 30, neurons] }, steps, dt: 1, record: ['v', 'spikes'] };
    const last = await unframe<Record<string, Tensor>>(await post(request, bytes));
    const first = await unframe<Record<string, Tensor>>(await post({ ...request, time_axis: 0 }, bytes));
    for (const name of ['v', 'spikes']) {
      const { shape, values } = first[name]!;
      expect(shape).toEqual([steps, neurons]);
      const expected = timeFirst({ shape: [neurons, steps], values: Array.from(last[name]!.values) });
      expect(Buffer.compare(Buffer.from(Float32Array.from(values).buffer), Buffer.from(Float32Array.from(expected.values).buffer))).toBe(0);
    }
    const json = (await (await post({ ...request, time_axis: 0 })).json()) as Record<string, number[][]>;
    expect(json.v![2]!.map(Math.fround)).toEqual(Array.from(first.v!.values).slice(2 * neurons));
  });

  it('is told where a number leaves the range', async () => {
    const [neurons, steps] = [40_000, 4];
    const current = { shape: [neurons, steps], data: Array.from({ length: neurons * steps }, () => 1) };
    current.data[12_345 * steps + 1] = -3e38;
    const neuron = { tau: 0.1, reset: 'none' };
    const { status, detail } = (await (await post({ current, neuron, dt: 1, record: ['v'] })).json()) as ProblemDocument;
    expect({ status, detail }).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/^\/v .* at neuron 12345, step \d\. With dt = 1/) as string,
    });
    const first = timeFirst({ shape: current.shape, values: current.data });
    const moved = { shape: [steps, 2, neurons / 2], data: first.values };
    const problem = (await (await post({ current: moved, time_axis: 0, neuron, dt: 1, record: ['v'] })).json()) as ProblemDocument;
    expect(problem.detail).toBe(detail.replace('neuron 12345', 'batch entry [0], neuron 12345'));
  });

  it('is streamed entry by entry with time last, and kept with time first', async () => {
    const [entries, neurons, steps] = [3, 40, 40_000];
    const shape = [entries, 1, steps];
    const random = randomNumbers(1);
    const values = Float32Array.from({ length: entries * steps }, () => 4 * random());
    const rest = { neuron: { tau: { linspace: [5, 20, neurons] } }, record: ['spikes', 'spike_counts'] };
    const send = async (given: Float32Array, of: readonly number[], more: Fields) => {
      const { body, headers } = frame({ ...rest, current: announce(given, of), ...more }, given);
      return service.send('/lif/simulate', { body, headers }, bytes);
    };
    const streamed = await send(values, shape, {});
    expect(streamed.headers.get('content-length')).toBeNull();
    const last = await unframe<Record<string, Tensor>>(streamed);
    expect(last.spikes!.shape).toEqual([entries, neurons, steps]);
    expect(last.spike_counts!.shape).toEqual([entries, neurons]);
    const counts = Array.from(last.spike_counts!.values);
    const spikes = Uint8Array.from(last.spikes!.values);
    for (const [b, count] of counts.entries()) {
      let sum = 0;
      for (let t = 0; t < steps; t++) sum += spikes[b * steps + t]!;
      expect(sum).toBe(count);
    }
    const moved = Float32Array.from(timeFirst({ shape, values: Array.from(values) }).values);
    const first = await unframe<Record<string, Tensor>>(await send(moved, [steps, entries, 1], { time_axis: 0 }));
    expect(first.spikes!.shape).toEqual([steps, entries, neurons]);
    expect(Array.from(first.spike_counts!.values)).toEqual(counts);
    const kept = Uint8Array.from(first.spikes!.values);
    let differences = 0;
    for (let t = 0; t < steps; t++)
      for (let b = 0; b < counts.length; b++) if (kept[t * counts.length + b] !== spikes[b * steps + t]) differences++;
    expect(differences).toBe(0);
  }, 60_000);

  it('is refused where time first would keep too much, and says what to do', async () => {
    const small = await startService({ MAX_RESULT_VALUES: '1000000' });
    const request = { current: { linspace: [0, 3, 1000] }, steps: 5000, record: ['v'], dry_run: true };
    expect((await small.post('/lif/simulate', request)).status).toBe(200);
    const { status, detail } = await small.refused('/lif/simulate', { ...request, time_axis: 0 });
    expect({ status, detail }).toEqual({
      status: 413,
      detail:
        'Recording v with time_axis 0, which is not streamed as with time last, would take an estimated 5000000 values; the limit is 1000000. Split the batch, or ask for less.',
    });
  });

  it('is refused where a shared current would be repeated too often, before it is', async () => {
    const current = { shape: [2, 1, 1000], data: new Array<number>(2000).fill(1) };
    const { status, detail } = await service.refused('/lif/grad', { current, neuron: { tau: { linspace: [5, 20, 1e6] } }, dry_run: true });
    expect({ status, detail }).toMatchObject({ status: 413 });
    expect(detail).toContain('Repeating /current, of shape [2, 1, 1000], for 2000000 neurons would take an estimated 2000000000 values');
  });

  it('is counted by a dry run as the same neurons without leading axes', async () => {
    const random = randomNumbers(3);
    const values = Array.from({ length: 4 * 5 * 6 }, () => random());
    const request = { neuron: { tau: [2, 3, 4, 5, 6] }, record: ['v', 'spike_times', 'state'], dry_run: true };
    const flat = { ...request, neuron: { tau: Array.from({ length: 20 }, (_, i) => 2 + (i % 5)) } };
    const one = await answer('/lif/simulate', { ...flat, current: nested({ shape: [20, 6], values }) });
    const batch = await answer('/lif/simulate', { ...request, current: nested({ shape: [6, 2, 2, 5], values }), time_axis: 0 });
    expect(batch).toMatchObject({ v: { shape: [6, 2, 2, 5], bytes: 480 }, spike_times: { rows: 20 }, state: { v: { shape: [2, 2, 5] } } });
    const { elements, memory_bytes } = one.estimate as Fields;
    expect(batch.estimate).toMatchObject({ elements, memory_bytes });
  });
});
