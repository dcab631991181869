import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../src/codecs/npy.ts';
import { elementBytes } from '../../support/element-bytes.ts';
import { numbers, type Base64Tensor, type Meta, type Nested } from './answers.ts';
import { frame, unframe } from './framing.ts';
import { errorsOf, Service } from './service.ts';

interface Layer {
  weight: number[][];
  [field: string]: unknown;
}

interface Request {
  input: number[][][];
  layers: Layer[];
  [field: string]: unknown;
}

interface Answer<T = Nested> {
  loss: T;
  reduced_loss: number;
  accuracy?: number;
  spike_counts: T[];
  grad: Record<string, T | number>;
  meta: Meta & { notes?: { code: string; path: string }[] };
}

interface Golden {
  cases: { request: Request; loss: number[]; spike_counts: number[][][]; grad: Record<string, Nested> }[];
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/networks.json', import.meta.url), 'utf8')) as Golden;
const named = cases.map((one) => [JSON.stringify({ ...(one.request.loss as object), labels: 0, spikes: 0, v: 0 }), one] as const);

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

async function answerTo<Body = Answer>(path: string, request: unknown): Promise<Body> {
  const { status, body } = await service.post<Body>(path, request);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

const grad = async (request: unknown) => answerTo('/network/grad', request);

/** The largest difference of nested numbers, relative to the largest of those that are right. */
function difference(actual: unknown, expected: unknown): number {
  const [a, b] = [[actual].flat(9) as number[], [expected].flat(9) as number[]];
  expect(a).toHaveLength(b.length);
  const scale = Math.max(...b.map(Math.abs), 1e-30);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / scale;
}

/** Axes of nested numbers in another order: the last one first. */
function timeFirst(rows: readonly (readonly number[][])[]): number[][][] {
  return rows[0]![0]!.map((_, t) => rows.map((sample) => sample.map((row) => row[t]!)));
}

const small: { readonly layers: readonly [Layer, Layer]; readonly input: number[][][]; readonly dt: number } = {
  input: [
    [
      [1, 0, 1, 1, 0],
      [0, 1, 1, 0, 1],
      [1, 1, 0, 0, 1],
    ],
    [
      [0, 0, 1, 0, 1],
      [1, 0, 1, 1, 1],
      [0, 1, 0, 1, 0],
    ],
  ],
  dt: 1,
  layers: [
    {
      weight: [
        [1.5, 0.5, 1],
        [-0.5, 2, 1.5],
      ],
      bias: [0.25, 0],
      neuron: { tau: 2 },
    },
    { weight: [[1, 1.5]], neuron: { tau: 2, reset: 'soft' } },
  ],
};

describe('gradients of networks are those of PyTorch', () => {
  it.each(named)('in float64: %s', async (_, { request, loss, spike_counts, grad: expected }) => {
    const answer = await grad(request);
    expect(answer.spike_counts).toEqual(spike_counts);
    expect(difference(answer.loss, loss)).toBeLessThan(1e-9);
    const sum = loss.reduce((total, one) => total + one, 0);
    expect(answer.reduced_loss).toBeCloseTo(request.reduction === 'mean' ? sum / loss.length : sum, 9);
    // Without wrt, all weights, biases and recurrent weights.
    expect(Object.keys(answer.grad)).toEqual(Object.keys(expected));
    for (const [path, gradient] of Object.entries(expected)) expect(difference(answer.grad[path], gradient), path).toBeLessThan(1e-9);
  });

  it.each(named)('in float32: %s', async (_, { request, loss, spike_counts, grad: expected }) => {
    const answer = await grad({ ...request, dtype: 'float32' });
    expect(answer.spike_counts).toEqual(spike_counts);
    expect(difference(answer.loss, loss)).toBeLessThan(1e-4);
    for (const [path, gradient] of Object.entries(expected)) expect(difference(answer.grad[path], gradient), path).toBeLessThan(1e-4);
  });
});

/** A number with the derivatives by those that it was computed from. */
class Traced {
  bar = 0;
  readonly value: number;
  readonly from: readonly (readonly [Traced, number])[];

  constructor(value: number, from: readonly (readonly [Traced, number])[] = []) {
    this.value = value;
    this.from = from;
  }
}

/** All numbers in the order in which they were made, so that the last is differentiated first. */
class Tape {
  readonly #made: Traced[] = [];
  number = (value: number, from: Traced['from'] = []) => {
    const one = new Traced(value, from);
    this.#made.push(one);
    return one;
  };
  add = (a: Traced, b: Traced) =>
    this.number(a.value + b.value, [
      [a, 1],
      [b, 1],
    ]);
  sub = (a: Traced, b: Traced) =>
    this.number(a.value - b.value, [
      [a, 1],
      [b, -1],
    ]);
  mul = (a: Traced, b: Traced) =>
    this.number(a.value * b.value, [
      [a, b.value],
      [b, a.value],
    ]);
  inverse = (a: Traced) => this.number(1 / a.value, [[a, -1 / a.value ** 2]]);
  /** The step, with the derivative of sigmoid(4x). */
  spike = (x: Traced) => {
    const s = 1 / (1 + Math.exp(-4 * x.value));
    return this.number(x.value >= 0 ? 1 : 0, [[x, 4 * s * (1 - s)]]);
  };
  differentiate = (loss: Traced) => {
    loss.bar = 1;
    for (const one of this.#made.reverse()) for (const [source, slope] of one.from) source.bar += one.bar * slope;
  };
}

it('gradients by the input, parameters of neurons and a penalty on rates are those of a plain tape', async () => {
  const [weights, recurrent, readout] = [
    [
      [1.5, 0.7],
      [-0.4, 2.1],
    ],
    [
      [0, 0.6],
      [-0.7, 0.1],
    ],
    [[1.1, 0.9]],
  ];
  const input = [
    [
      [1, 0.5, 0, 1, 1],
      [0.2, 1, 1, 0.4, 1],
    ],
  ];
  const [tau, penalty, target, steps, dt] = [[2, 3], 1e-5, 100, 5, 1];
  const layers = [
    { weight: weights, recurrent, neuron: { tau }, rate_penalty: { weight: penalty, target } },
    { weight: readout, neuron: { tau: 4, v_threshold: 0.4, reset: 'soft' } },
  ];
  const wrt = ['input', 'layers/0/neuron/tau', 'layers/0/recurrent', 'layers/1/neuron/v_threshold', 'layers/1/weight'];
  const answer = await grad({ input, dt, layers, wrt, dtype: 'float64', loss: { type: 'cotangent', spikes: 1, v: 0.3 } });

  const tape = new Tape();
  const traced = (rows: number[][]) => rows.map((row) => row.map((value) => tape.number(value)));
  const [x, W, R, U] = [traced(input[0]!), traced(weights), traced(recurrent), traced(readout)];
  const times = tau.map((value) => tape.number(value));
  const threshold = tape.number(0.4);
  const sum = (terms: Traced[]) => terms.reduce((total, one) => tape.add(total, one));
  let [v, s] = [
    [tape.number(0), tape.number(0)],
    [tape.number(0), tape.number(0)],
  ];
  let u = tape.number(0);
  const losses: Traced[] = [];
  const counts: Traced[][] = [[], []];
  for (let t = 0; t < steps; t++) {
    const before = s;
    const pre = [0, 1].map((n) => {
      const current = sum([...x.map((row, k) => tape.mul(W[n]![k]!, row[t]!)), ...before.map((one, k) => tape.mul(R[n]![k]!, one))]);
      return tape.add(v[n]!, tape.mul(tape.inverse(times[n]!), tape.sub(current, v[n]!)));
    });
    s = pre.map((one) => tape.spike(tape.sub(one, tape.number(1))));
    v = pre.map((one, n) => tape.mul(one, tape.sub(tape.number(1), s[n]!)));
    for (const n of [0, 1]) counts[n]!.push(s[n]!);
    const current = sum(s.map((one, k) => tape.mul(U[0]![k]!, one)));
    const out = tape.add(u, tape.mul(tape.number(0.25), tape.sub(current, u)));
    const fired = tape.spike(tape.sub(out, threshold));
    u = tape.sub(out, tape.mul(fired, threshold));
    losses.push(fired, tape.mul(tape.number(0.3), u));
  }
  for (const n of [0, 1]) {
    const error = tape.sub(tape.mul(sum(counts[n]!), tape.number(1000 / (steps * dt))), tape.number(target));
    losses.push(tape.mul(tape.number(penalty), tape.mul(error, error)));
  }
  const loss = sum(losses);
  tape.differentiate(loss);
  const bars = (rows: readonly (readonly Traced[])[]) => rows.map((row) => row.map(({ bar }) => bar));
  expect(difference(answer.loss, [loss.value])).toBeLessThan(1e-12);
  expect(difference(answer.grad.input, [bars(x)])).toBeLessThan(1e-12);
  expect(
    difference(
      answer.grad['layers/0/neuron/tau'],
      times.map(({ bar }) => bar),
    ),
  ).toBeLessThan(1e-12);
  expect(difference(answer.grad['layers/0/recurrent'], bars(R))).toBeLessThan(1e-12);
  expect(difference(answer.grad['layers/1/weight'], bars(U))).toBeLessThan(1e-12);
  // Given as a number.
  expect(difference(answer.grad['layers/1/neuron/v_threshold'], threshold.bar)).toBeLessThan(1e-12);
});

describe('losses', () => {
  it('are summed over samples, or their mean is taken', async () => {
    const loss = { type: 'cross_entropy', on: 'mean_v', labels: [0, 0] };
    const layers = [
      small.layers[0],
      {
        ...small.layers[1],
        weight: [
          [1, 1.5],
          [2, -1],
        ],
      },
    ];
    const [mean, sum] = await Promise.all(
      ['mean', 'sum'].map((reduction) => grad({ ...small, layers, loss, reduction, dtype: 'float64' })),
    );
    expect(sum!.reduced_loss).toBeCloseTo(2 * mean!.reduced_loss, 12);
    for (const [path, gradient] of Object.entries(sum!.grad))
      expect(
        difference(
          (mean!.grad[path] as number[]).flat(2).map((one) => 2 * one),
          (gradient as number[]).flat(2),
        ),
      ).toBeLessThan(1e-12);
    expect([0, 0.5, 1]).toContain(mean!.accuracy);
  });

  it('of a penalty are its formula', async () => {
    const penalty = { weight: 0.001, target: 150 };
    const [plain, held] = await Promise.all([
      grad(small),
      grad({ ...small, layers: [{ ...small.layers[0], rate_penalty: penalty }, small.layers[1]] }),
    ]);
    const expected = (plain.spike_counts[0] as number[][]).map((counts, sample) =>
      counts.reduce((loss, count) => loss + 0.001 * ((1000 * count) / 5 - 150) ** 2, (plain.loss as number[])[sample]!),
    );
    expect(difference(held.loss, expected)).toBeLessThan(1e-6);
  });

  it('have targets for all samples, or for each', async () => {
    const shared = await grad({ ...small, loss: { type: 'firing_rate_mse', target: [300] } });
    expect((await grad({ ...small, loss: { type: 'firing_rate_mse', target: [[300], [300]] } })).loss).toEqual(shared.loss);
    const own = await grad({ ...small, loss: { type: 'firing_rate_mse', target: [[300], [0]] } });
    expect((own.loss as number[])[0]).toBe((shared.loss as number[])[0]);
    expect((own.loss as number[])[1]).not.toBe((shared.loss as number[])[1]);
  });
});

describe('time first', () => {
  it('gives the same numbers in another order, in losses, records and gradients', async () => {
    const v = [[[0.1, 0.2, 0.3, 0.4, 0.5]], [[1, 2, 3, 4, 5]]];
    const last = await grad({ ...small, loss: { type: 'cotangent', v }, wrt: ['input', 'layers/0/weight'] });
    const first = await grad({
      ...small,
      input: timeFirst(small.input),
      time_axis: 0,
      loss: { type: 'cotangent', v: timeFirst(v) },
      wrt: ['input', 'layers/0/weight'],
    });
    expect(first.loss).toEqual(last.loss);
    expect(first.grad['layers/0/weight']).toEqual(last.grad['layers/0/weight']);
    expect(first.grad.input).toEqual(timeFirst(last.grad.input as number[][][]));
    const record = ['layers/0/spikes', 'layers/1/v', 'layers/0/firing_rates'];
    interface Records {
      record: Record<string, number[][][]>;
    }
    const recorded = await answerTo<Records>('/network/simulate', { ...small, record });
    const turned = await answerTo<Records>('/network/simulate', { ...small, input: timeFirst(small.input), time_axis: 0, record });
    expect(turned.record['layers/0/spikes']).toEqual(timeFirst(recorded.record['layers/0/spikes']!));
    expect(turned.record['layers/1/v']).toEqual(timeFirst(recorded.record['layers/1/v']!));
    expect(turned.record['layers/0/firing_rates']).toEqual(recorded.record['layers/0/firing_rates']);
  });
});

describe('records', () => {
  it('of a layer are those of the request by its path', async () => {
    const { layers } = small;
    const inside = { ...small, layers: [{ ...layers[0], record: ['v_pre', 'v_final'] }, layers[1]] };
    const paths = { ...small, record: ['layers/0/v_pre', 'layers/0/v_final'] };
    const answers = await Promise.all([inside, paths].map(async (one) => answerTo<{ record: unknown }>('/network/simulate', one)));
    expect(answers[0]!.record).toEqual(answers[1]!.record);
    const none = await answerTo<{ spike_counts: unknown; record?: unknown }>('/network/simulate', small);
    expect(none.record).toBeUndefined();
    expect(none.spike_counts).toEqual((await grad(small)).spike_counts);
  });
});

const events = () => {
  const found: { sample: number[]; neuron: number[]; step: number[] } = { sample: [], neuron: [], step: [] };
  for (const [sample, rows] of small.input.entries())
    for (const [neuron, row] of rows.entries())
      for (const [step, value] of row.entries())
        if (value === 1) {
          found.sample.push(sample);
          found.neuron.push(neuron);
          found.step.push(step);
        }
  return found;
};

describe('events', () => {
  it('are the dense input, in any form, and add up', async () => {
    const dense = await grad({ ...small, wrt: ['layers/0/weight', 'input'] });
    const { sample, neuron, step } = events();
    const shape = [2, 3, 5];
    const sparse = { ...small, input: { events: { sample, neuron, step }, shape }, wrt: ['layers/0/weight', 'input'] };
    expect({ ...(await grad(sparse)), meta: 0 }).toEqual({ ...dense, meta: 0 });
    const int64 = (values: number[]) => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    const announced = (bytes: Uint8Array) => ({ dtype: 'int64', shape: [sample.length], binary_data_size: bytes.length });
    const all = [sample, neuron, step].map(int64) as [Uint8Array, Uint8Array, Uint8Array];
    const [a, b, c] = all.map(announced);
    const framed = frame({ ...sparse, input: { events: { sample: a, neuron: b, step: c }, shape } }, ...all);
    const response = await service.send('/network/grad', framed);
    expect({ ...((await response.json()) as Answer), meta: 0 }).toEqual({ ...dense, meta: 0 });
    const twice = { events: { sample: [0, 0], neuron: [1, 1], step: [2, 2] }, shape: [1, 3, 5] };
    const two = [
      [
        [0, 0, 0, 0, 0],
        [0, 0, 2, 0, 0],
        [0, 0, 0, 0, 0],
      ],
    ];
    expect((await grad({ ...small, input: twice })).grad).toEqual((await grad({ ...small, input: two })).grad);
    const none = await grad({ ...small, input: { events: { sample: [], neuron: [], step: [] }, shape } });
    expect(none.grad['layers/0/weight']).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const first = { events: { sample, neuron, step }, shape: [5, 2, 3] };
    expect((await grad({ ...small, input: first, time_axis: 0 })).grad).toEqual((await grad(small)).grad);
  });
});

describe('tensors', () => {
  it('come and go as bytes: spikes of uint8, weights of float32, half floats', async () => {
    const expected = await grad({ ...small, wrt: ['layers/0/weight', 'layers/0/neuron/tau'] });
    const input = Uint8Array.from(small.input.flat(2));
    const weight = Float32Array.from(small.layers[0].weight.flat());
    const layers = [
      { ...small.layers[0], weight: { dtype: 'float32', shape: [2, 3], binary_data_size: 24 } },
      {
        ...small.layers[1],
        weight: { dtype: 'float16', shape: [1, 2], base64: Buffer.from(Uint16Array.of(0x3c00, 0x3e00).buffer).toString('base64') },
      },
    ];
    const request = {
      ...small,
      input: { dtype: 'uint8', shape: [2, 3, 5], binary_data_size: 30 },
      layers,
      wrt: ['layers/0/weight', 'layers/0/neuron/tau'],
    };
    const sent = await service.send('/network/grad', frame(request, input, weight), { accept: 'application/octet-stream' });
    interface Tensor {
      values: number[];
      shape: number[];
      dtype: string;
    }
    const answer = await unframe<Answer<Tensor>>(sent);
    expect(answer.reduced_loss).toBe(expected.reduced_loss);
    expect(answer.loss).toMatchObject({ dtype: 'float32', shape: [2], values: expected.loss });
    expect(answer.spike_counts[0]).toMatchObject({
      dtype: 'int32',
      shape: [2, 2],
      values: (expected.spike_counts[0] as number[][]).flat(),
    });
    expect(answer.grad['layers/0/weight']).toMatchObject({ shape: [2, 3] });
    expect(
      difference((answer.grad['layers/0/weight'] as Tensor).values, (expected.grad['layers/0/weight'] as number[][]).flat()),
    ).toBeLessThan(1e-6);
    expect(answer.grad['layers/0/neuron/tau']).toBe(expected.grad['layers/0/neuron/tau']);
  });

  it('are spikes as bits, in the order of numpy.packbits', async () => {
    const spikes = small.input.flat(2);
    const bits = elementBytes('bits', spikes);
    const dense = await grad(small);
    const base64 = { dtype: 'bits', shape: [2, 3, 5], base64: Buffer.from(bits).toString('base64') };
    expect({ ...(await grad({ ...small, input: base64 })), meta: 0 }).toEqual({ ...dense, meta: 0 });
    const framed = frame({ ...small, input: { dtype: 'bits', shape: [2, 3, 5], binary_data_size: 4 } }, bits);
    expect({ ...((await (await service.send('/network/grad', framed)).json()) as Answer), meta: 0 }).toEqual({ ...dense, meta: 0 });
    const transposed = Array.from({ length: 5 }, (_, t) => small.input.map((sample) => sample.map((row) => row[t]!)));
    const timeFirst = { dtype: 'bits', shape: [5, 2, 3], base64: Buffer.from(elementBytes('bits', transposed.flat(2))).toString('base64') };
    expect((await grad({ ...small, input: timeFirst, time_axis: 0 })).grad).toEqual(dense.grad);
    const padded = Buffer.from([...bits.subarray(0, 3), bits[3]! | 1]).toString('base64');
    expect(errorsOf(await service.refused('/network/grad', { ...small, input: { ...base64, base64: padded } }))).toBe(
      '/input/base64: has bits that are not 0 behind its 30 numbers; numpy.packbits fills the last byte with zeros',
    );
  });

  it('are float64 where one came as float64, in a layer too', async () => {
    const tau = { dtype: 'float64', shape: [2], base64: Buffer.from(Float64Array.of(2, 2).buffer).toString('base64') };
    const layers = [{ ...small.layers[0], neuron: { tau } }, small.layers[1]];
    const answer = await answerTo<Answer<Base64Tensor>>('/network/grad', {
      ...small,
      layers,
      encoding: 'base64',
      wrt: ['layers/0/neuron/tau'],
    });
    expect(answer.grad['layers/0/neuron/tau']).toMatchObject({ dtype: 'float64', shape: [2] });
    const { grad: one } = await grad({ ...small, dtype: 'float64', wrt: ['layers/0/neuron/tau'] });
    const values = numbers(answer.grad['layers/0/neuron/tau'] as Base64Tensor);
    expect(values[0]! + values[1]!).toBeCloseTo(one['layers/0/neuron/tau'] as number, 12);
    const refused = await service.refused('/network/grad', { ...small, layers, backend: 'tensorflow' });
    expect(errorsOf(refused)).toContain('/layers/0/neuron/tau: is float64');
  });

  it('are refused as npy, which has no place for weights, and answered as npy where it is one', async () => {
    const headers = { 'content-type': 'application/x-npy' };
    const refused = await service.send('/network/grad', { body: new Uint8Array(10), headers });
    expect(refused.status).toBe(415);
    const ask = async (path: string, request: object) => {
      const body = new Uint8Array(Buffer.from(JSON.stringify(request)));
      return service.send(path, { body, headers: { 'content-type': 'application/json' } }, { accept: 'application/x-npy' });
    };
    const bytes = new Uint8Array(await (await ask('/network/grad', { ...small, wrt: ['layers/0/weight'] })).arrayBuffer());
    expect(readNpy(bytes)).toMatchObject({ shape: [2, 3], dtype: 'float32' });
    expect(await (await ask('/network/grad', small)).text()).toContain('/wrt: must name one quantity');
    expect(await (await ask('/network/simulate', small)).text()).toContain('/record: must name one record');
  });

  it('are foretold by a dry run', async () => {
    const request = {
      ...small,
      wrt: ['layers/0/weight', 'layers/1/neuron/tau'],
      loss: { type: 'cross_entropy', on: 'max_v', labels: [0, 0] },
    };
    const answer = await grad({ ...request, dry_run: true });
    expect(answer).toMatchObject({
      loss: { shape: [2] },
      reduced_loss: { shape: [] },
      accuracy: { shape: [] },
      spike_counts: [{ shape: [2, 2], dtype: 'int32' }, { shape: [2, 1] }],
      grad: { 'layers/0/weight': { shape: [2, 3], bytes: 24 }, 'layers/1/neuron/tau': { shape: [] } },
    });
  });
});

describe('/v2', () => {
  const input = { name: 'input', datatype: 'UINT8', shape: [2, 3, 5], data: small.input.flat(2) };
  const weight = (layer: number) => {
    const rows = small.layers[layer]!.weight;
    return { name: `layers/${layer}/weight`, datatype: 'FP32', shape: [rows.length, rows[0]!.length], data: rows.flat() };
  };
  interface Outputs {
    outputs: { name: string; shape: number[]; datatype: string; data: number[] }[];
  }
  const infer = async (model: string, inputs: object[], parameters: object, more: object = {}) =>
    answerTo<Outputs>(`/v2/models/${model}/infer`, { inputs, parameters, ...more });

  it('has networks as models, with tensors by their paths', async () => {
    const bias = { name: 'layers/0/bias', datatype: 'FP32', shape: [2], data: [0.25, 0] };
    const parameters = { dt: 1, layers: '[{}, {"neuron": {"reset": "soft", "tau": 2}}]', 'layers/0/neuron/tau': 2 };
    const expected = await grad({ ...small, wrt: ['layers/0/weight', 'layers/0/neuron/tau', 'input'] });
    const { outputs } = await infer('network_grad', [input, weight(0), bias, weight(1)], {
      ...parameters,
      wrt: 'layers/0/weight,layers/0/neuron/tau,input',
    });
    expect(outputs.map(({ name, datatype, shape }) => `${name} ${datatype} ${shape.join()}`)).toEqual([
      'loss FP32 2',
      'reduced_loss FP32 1',
      'spike_counts_0 INT32 2,2',
      'spike_counts_1 INT32 2,1',
      'grad_layers/0/weight FP32 2,3',
      'grad_layers/0/neuron/tau FP32 1',
      'grad_input FP32 2,3,5',
    ]);
    const data = (name: string) => outputs.find((output) => output.name === name)!.data;
    expect(data('loss')).toEqual(expected.loss);
    expect(data('grad_layers/0/weight')).toEqual((expected.grad['layers/0/weight'] as number[][]).flat());
    expect(data('grad_layers/0/neuron/tau')).toEqual([expected.grad['layers/0/neuron/tau']]);
    // Outputs choose what is computed.
    const chosen = await infer('network_simulate', [input, weight(0), bias, weight(1)], parameters, {
      outputs: [{ name: 'record_layers/1/v' }, { name: 'spike_counts_1' }],
    });
    expect(chosen.outputs.map(({ name }) => name)).toEqual(['record_layers/1/v', 'spike_counts_1']);
    const { sample, neuron, step } = events();
    const sparse = Object.entries({ sample, neuron, step }).map(([name, values]) => ({
      name: `events_${name}`,
      datatype: 'INT64',
      shape: [values.length],
      data: values,
    }));
    const same = await infer('network_grad', [...sparse, weight(0), bias, weight(1)], {
      ...parameters,
      input_shape: '[2, 3, 5]',
      loss: 'spike_count',
    });
    expect(same.outputs.find(({ name }) => name === 'grad_layers/1/weight')!.data).toEqual(
      ((await grad(small)).grad['layers/1/weight'] as number[][]).flat(),
    );
  });

  it('says what is wrong', async () => {
    const errorOf = async (inputs: object[], parameters: object) => {
      const { status, body } = await service.post<{ error: string }>('/v2/models/network_grad/infer', { inputs, parameters });
      expect(status).toBe(400);
      return body.error;
    };
    expect(await errorOf([input, { ...weight(0), name: 'layers/0/wieght' }], {})).toContain('there is no input "layers/0/wieght"');
    expect(await errorOf([input, weight(0)], { layers: '[1]' })).toContain('/layers: must be JSON as text, a list of objects');
    expect(await errorOf([input, weight(0)], { layers: '[{"neuron": {"tau": 1}}]', 'layers/0/neuron/tau': 2 })).toContain(
      'is in "layers" as well',
    );
    expect(await errorOf([input, weight(0)], { 'layers/0/neuron': '{' })).toContain('must be JSON as text');
    expect(await errorOf([input, weight(0)], { 'layers/99/bias': 1 })).toContain('with a layer from 0 to 63');
    expect(await errorOf([input, weight(0)], { reduktion: 'sum' })).toContain('did you mean "reduction"?');
    expect(await errorOf([input, weight(0)], { input_shape: '[1, 1, 1]' })).toContain('is given as events as well');
    expect(await errorOf([weight(1)], {})).toContain('/input: is required');
  });

  it('describes them', async () => {
    const { body } = await service.request<{ inputs: { name: string }[]; outputs: { name: string }[] }>('/v2/models/network_grad');
    expect(body.inputs.map(({ name }) => name)).toContain('layers/1/recurrent');
    expect(body.outputs.map(({ name }) => name)).toContain('grad_layers/0/weight');
  });
});

describe('refusals say what would be right', () => {
  const [hidden, last] = small.layers;
  const layer = (change: object) => ({ layers: [{ ...hidden, ...change }, last] });
  const top = (change: object) => ({ layers: [hidden, { ...last, ...change }] });
  const eventsOf = (change: object, shape: unknown = [2, 3, 5]) => ({
    input: { events: { sample: [0, 1], neuron: [0, 2], step: [0, 4], ...change }, shape },
  });
  const wrt = (...paths: string[]) => ({ wrt: paths });

  it.each<[object, string]>([
    [{ input: [[1, 0]] }, '/input: must have the shape [batch, N_in, T], got [1, 2]'],
    [{ input: [[1, 0]], time_axis: 0 }, '/input: must have the shape [T, batch, N_in], got [1, 2]'],
    [{ input: { shape: [0, 3, 5], data: [] } }, '/input: must have at least one sample, input and step'],
    [{ input: [[[1, null]]] }, '/input/0/0/1: must be a finite number'],
    [layer({ weight: [[1, 2]] }), '/layers/0/weight: has shape [1, 2], but /input has 3 inputs: [N_out, N_in] must be [1, 3]'],
    [top({ weight: [[1, 2, 3]] }), '/layers/1/weight: has shape [1, 3], but layer 0 has 2 neurons: [N_out, N_in] must be [1, 2]'],
    [layer({ weight: [1, 2, 3] }), '/layers/0/weight: must have the shape [N_out, N_in], got [3]'],
    [layer({ weight: { shape: [0, 3], data: [] } }), '/layers/0/weight: must have at least one neuron'],
    [layer({ weight: undefined }), '/layers/0/weight: is required'],
    [
      layer({ bias: [1, 2, 3] }),
      '/layers/0/bias: has shape [3], but /layers/0/weight has shape [2, 3], for 2 neurons: [N_out] must be [2]',
    ],
    [
      layer({ recurrent: [[1, 2]] }),
      '/layers/0/recurrent: has shape [1, 2], but /layers/0/weight has shape [2, 3], for 2 neurons: [N_out, N_out] must be [2, 2]',
    ],
    [layer({ neuron: { tau: [1, 2, 3] } }), '/layers/0/neuron/tau: has shape [3], but the layer has 2 neurons'],
    [layer({ neuron: { tau: [[1, 2]] } }), '/layers/0/neuron/tau: must be a number or one value per neuron, shape [N_out] = [2]'],
    [layer({ neuron: { tau: -1 } }), '/layers/0/neuron/tau: must be above 0, got -1'],
    [layer({ neuron: { taus: 1 } }), '/layers/0/neuron/taus: unknown field "taus"; did you mean "tau"?'],
    [layer({ neuron: { detach_reset: true } }), '/layers/0/neuron/detach_reset: is a field of the layer itself'],
    [layer({ tau: 5 }), '/layers/0/tau: unknown field "tau"; did you mean /layers/0/neuron/tau?'],
    [
      layer({ neuron: { model: 'snntorch.Leaky', beta: 0.9 }, detach_reset: true }),
      '/layers/0/detach_reset: has no effect on snntorch.Leaky',
    ],
    [layer({ neuron: { model: 'snntorch.Leeky' } }), '/layers/0/neuron/model: unknown neuron "snntorch.Leeky"'],
    [layer({ neuron: 'li' }), '/layers/0/neuron: must be an object, got "li"; did you mean {"model": "li"}?'],
    [layer({ neuron: { model: 'li' } }), '/layers/0/neuron/model: is li, which has no spikes, so that layer 1 would get nothing'],
    [
      { ...layer({ neuron: { model: 'snntorch.Leaky', beta: 0.5 } }), dt: undefined },
      "/dt: is required, since the layers' neurons have different ones: 1 ms for snntorch.Leaky, 0.1 ms for lif",
    ],
    [{ dt: 0 }, '/dt: must be > 0, got 0'],
    [layer({ surrogate: 'sigmoyd' }), '/layers/0/surrogate: unknown surrogate "sigmoyd"'],
    [layer({ surrogate: ['sigmoid', 'arctan'] }), '/layers/0/surrogate: must be one surrogate for a layer'],
    [top({ rate_penalty: { weight: 1 } }), '/layers/1/rate_penalty: is of hidden layers'],
    [layer({ rate_penalty: { weight: 1e300 } }), "/layers/0/rate_penalty/weight: must be a finite number within float32's range"],
    [layer({ rate_penalty: { weight: 1, target: -1 } }), '/layers/0/rate_penalty/target: must be >= 0'],
    [layer({ record: ['spikes'] }), '/layers/0/record: unknown field "record"'],
    [{ layers: [] }, '/layers: must NOT have fewer than 1 items'],
    [{ layers: new Array(65).fill(hidden) }, '/layers: must NOT have more than 64 items'],
    [{ forward: 'smooth' }, '/forward: unknown field "forward"'],
    [{ reduction: 'max' }, '/reduction: must be one of "mean", "sum"'],
    [{ loss: { type: 'cotangent', state: { v: 1 } } }, '/loss/state: is of /lif/grad alone'],
    [{ loss: { type: 'cross_entropy', on: 'max_v', labels: [0] } }, '/loss/labels: must be one for each sample, of the shape [2]'],
    [
      { loss: { type: 'cross_entropy', on: 'max_v', labels: [0, 1] } },
      '/loss/labels/1: must be the index of a neuron, a whole number from 0 to 0, got 1',
    ],
    [{ loss: { type: 'cotangent', v: [[1, 2]] } }, '/loss/v: must be a number or of shape'],
    [top({ neuron: { model: 'li' } }), '/loss: is required: li has no spikes'],
    [{ ...top({ neuron: { model: 'li' } }), loss: { type: 'spike_count' } }, '/loss/type: is "spike_count", but li has no spikes'],
    [top({ neuron: { model: 'bindsnet.LIFNodes' } }), '/layers/1/neuron/model: bindsnet.LIFNodes has no gradient'],
    [
      layer({ neuron: { v_threshold: 0 }, surrogate: 'rockpool.StepPWL' }),
      '/layers/0/neuron/v_threshold: must be above 0 for rockpool.StepPWL',
    ],
    [wrt('layers/2/weight'), 'there is no layer 2; the network has the layers 0 to 1'],
    [
      wrt('layers/1/bias'),
      '/wrt/0: must be one of "layers/0/weight", "layers/0/bias", "layers/1/weight", "layers/{l}/neuron/{parameter}", "input", got "layers/1/bias"; layer 1 has no bias',
    ],
    [wrt('layers/0/neuron/tua'), 'lif has no "tua"; the neurons of layer 0 have "tau"'],
    [wrt('layers/0/tau'), 'did you mean "layers/0/neuron/tau"?'],
    [wrt('layers/0/neuron/refractory'), 'refractory is a setting of lif, without a gradient'],
    [wrt('inputs'), 'did you mean "input"?'],
    [wrt('input', 'input'), '/wrt/1: "input" is given twice'],
    [{ wrt: [] }, '/wrt: must name at least one of'],
    [eventsOf({ step: [0, 5] }), '/input/events/step: must hold whole numbers from 0 to 4, since "shape" has 5 steps; event 1 has 5'],
    [
      eventsOf({ neuron: [0.5, 1] }),
      '/input/events/neuron: must hold whole numbers from 0 to 2, since "shape" has 3 inputs; event 0 has 0.5',
    ],
    [eventsOf({ sample: [0] }), '/input/events/neuron: has 2 events, but /input/events/sample has 1'],
    [eventsOf({ sample: [[0], [1]] }), '/input/events/sample: must be flat'],
    [eventsOf({ sample: undefined }), '/input/events/sample: is required'],
    [eventsOf({ samples: [0] }), '/input/events/samples: unknown field "samples"'],
    [{ input: { events: {} } }, '/input/shape: is required'],
    [eventsOf({}, [2, 3]), '/input/shape: must have the shape [batch, N_in, T], got [2, 3]'],
    [eventsOf({}, [2, 3, -5]), '/input/shape: must be the shape [batch, N_in, T] of the input, three whole numbers, got -5 among them'],
    [{ input: { events: [], shape: [1, 1, 1] } }, '/input/events: must be an object'],
  ])('%j', async (change, message) => {
    const problem = await service.refused('/network/grad', { ...small, ...change });
    expect(errorsOf(problem)).toContain(message);
    expect(problem.code).toBe('invalid_request');
  });

  it.each<[object, string]>([
    [{ record: ['layers/0/spike'] }, 'did you mean "layers/0/spikes"?'],
    [{ record: ['spikes'] }, 'did you mean "layers/0/spikes"?'],
    [{ record: ['layers/3/v'] }, 'there is no layer 3'],
    [{ record: ['layers/0/spike_counts'] }, 'spike counts of all layers are answered without being asked for'],
    [{ ...layer({ record: ['v'] }), record: ['layers/0/v'] }, '/layers/0/record: has "v", which /record has as "layers/0/v"; give it once'],
    [layer({ rate_penalty: { weight: 1 } }), '/layers/0/rate_penalty: unknown field "rate_penalty"'],
    [{ loss: { type: 'spike_count' } }, '/loss: unknown field "loss"; it is a field of /lif/grad'],
  ])('in a simulation: %j', async (change, message) => {
    expect(errorsOf(await service.refused('/network/simulate', { ...small, ...change }))).toContain(message);
  });

  it('counts before anything is made', async () => {
    const many = await service.refused('/network/grad', { ...small, ...layer({ weight: { linspace: [0, 1, 1e9] } }) });
    expect(many).toMatchObject({ code: 'too_much_work', status: 413 });
    const none = { sample: [], neuron: [], step: [] };
    const long = await service.refused('/network/simulate', { ...small, input: { events: none, shape: [1e6, 3, 1e6] } });
    expect(long.detail).toContain('1000000 samples x 1000000 steps of a network 3-2-1');
    const recorded = { ...small, input: { events: none, shape: [1e4, 3, 1e4] }, record: ['layers/0/v'] };
    expect((await service.refused('/network/simulate', recorded)).detail).toContain('Recording spike_counts, layers/0/v would take');
  });

  it('names the quantity that leaves its range', async () => {
    const layers = [{ ...hidden, neuron: { tau: 0.1, reset: 'none' } }, last];
    const request = {
      ...small,
      input: { events: { sample: [0], neuron: [0], step: [0] }, shape: [1, 3, 200] },
      layers,
      record: ['layers/0/v'],
    };
    const problem = await service.refused('/network/simulate', request);
    expect(problem.code).toBe('numerical_overflow');
    expect(problem.detail).toMatch(/^\/record\/layers\/0\/v leaves the range of float32 at \[0, \d, \d+\]/);
  });
});

it('notes name the layer', async () => {
  const layers = [
    { ...small.layers[0], neuron: { tau: 0.5 } },
    { ...small.layers[1], neuron: { v_threshold: -1 } },
  ];
  const { meta } = await grad({ ...small, layers });
  expect(meta.notes?.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'long_step /layers/0/neuron/tau',
    'starts_above_threshold /layers/1/neuron/v_init',
  ]);
});
