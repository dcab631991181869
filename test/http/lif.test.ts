import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numbers, type Base64Tensor, type LifGradAnswer, type SimulateAnswer } from './answers.ts';
import { errorsOf, Service } from './service.ts';
import { numRuns } from '../thorough.ts';

interface Golden {
  cases: {
    request: Record<string, unknown> & { current: number[] | number[][]; loss?: unknown };
    spike_counts: number[];
    spike_steps: number[][];
    v_final: number[];
    grad: Record<string, number[] | number[][]>;
    margin: number;
  }[];
}

const golden = JSON.parse(readFileSync(new URL('../golden/lif.json', import.meta.url), 'utf8')) as Golden;
const linspace = { linspace: [0.5, 2.5, 50] };

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const simulate = async (body: unknown) => (await service.post<SimulateAnswer>('/lif/simulate', body)).body;
const grad = async (body: unknown) => (await service.post<LifGradAnswer>('/lif/grad', body)).body;

describe('POST /lif/simulate', () => {
  it('answers the anchor: 4 spikes, 80 Hz, at steps 109, 219, 329, 439', async () => {
    const body = await simulate({ current: 1.5, steps: 500, record: ['spike_times', 'spike_counts', 'firing_rates'] });
    expect(body).toEqual({
      spike_times: [[10.9, 21.9, 32.9, 43.9]],
      spike_counts: [4],
      firing_rates: [80],
      meta: { backend: 'wasm', device: 'cpu', dtype: 'float32', elapsed_ms: expect.any(Number) as number },
    });
  });

  it('answers counts and rates unless told otherwise', async () => {
    expect(Object.keys(await simulate({ current: 1.5, steps: 10 }))).toEqual(['spike_counts', 'firing_rates', 'meta']);
  });

  it('answers every record in its shape', async () => {
    const record = ['spike_counts', 'firing_rates', 'spike_times', 'spikes', 'v', 'v_pre', 'v_final'];
    const body = await simulate({
      current: [
        [20, 0, 20],
        [0, 0, 0],
      ],
      dt: 1,
      neuron: { tau: 10 },
      record,
    });
    expect(body).toMatchObject({
      spike_counts: [2, 0],
      firing_rates: [666.6667, 0],
      spike_times: [[0, 2], []],
      spikes: [
        [1, 0, 1],
        [0, 0, 0],
      ],
      v: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      v_pre: [
        [2, 0, 2],
        [0, 0, 0],
      ],
      v_final: [0, 0],
    });
  });

  it('answers base64 with the types of the contract', async () => {
    const record = ['spike_counts', 'firing_rates', 'spike_times', 'spikes', 'v', 'v_final'];
    const request = { current: [1.5, 0], steps: 200, record };
    const plain = await simulate(request);
    const { body } = await service.post<SimulateAnswer<Base64Tensor>>('/lif/simulate', { ...request, encoding: 'base64' });
    expect(body.spike_counts).toMatchObject({ dtype: 'int32', shape: [2] });
    expect(body.firing_rates).toMatchObject({ dtype: 'float32', shape: [2] });
    expect(body.spikes).toMatchObject({ dtype: 'uint8', shape: [2, 200] });
    expect(body.v).toMatchObject({ dtype: 'float32', shape: [2, 200] });
    expect(numbers(body.v!)).toEqual((plain.v as number[][]).flat().map(Math.fround));
    expect(numbers(body.spike_counts!)).toEqual(plain.spike_counts);
    expect(body.spike_times).toEqual(plain.spike_times);
  });

  it('broadcasts neurons as numpy does', async () => {
    const B = async (body: Record<string, unknown>) => ((await simulate({ steps: 3, ...body })).spike_counts as number[]).length;
    expect(await B({ current: 1 })).toBe(1);
    expect(await B({ current: [1] })).toBe(1);
    expect(await B({ current: 1, neuron: { tau: [1, 2, 3] } })).toBe(3);
    expect(await B({ current: [1], neuron: { tau: [1, 2, 3], v_init: [0] } })).toBe(3);
    expect(await B({ current: [1, 2, 3], neuron: { tau: [5] } })).toBe(3);
    expect(await B({ current: [[1, 2, 3]], neuron: { v_threshold: { linspace: [1, 2, 4] } } })).toBe(4);
    expect(await B({ current: [] })).toBe(0);
    expect(await B({ current: [], neuron: { tau: [1] } })).toBe(0);
    expect(await B({ current: { shape: [0, 3], data: [] } })).toBe(0);
  });

  it('runs one step, and no neuron', async () => {
    expect(await simulate({ current: 200, steps: 1, record: ['spikes', 'v'] })).toMatchObject({ spikes: [[1]], v: [[0]] });
    expect(await simulate({ current: [], steps: 5, record: ['spikes', 'spike_times', 'v_final'] })).toMatchObject({
      spikes: [],
      spike_times: [],
      v_final: [],
    });
  });

  it('holds a neuron for the refractory time, rounded to steps', async () => {
    // 0.3 / 0.1 is 2.9999999999999996, and 0.15 / 0.1 is 1.4999999999999998.
    for (const [refractory, every] of [
      [0, 1],
      [0.3, 4],
      [0.15, 3],
      [0.04, 1],
      [1e30, 20],
    ] as const) {
      const body = await simulate({ current: 1e4, steps: 20, neuron: { refractory }, record: ['spike_counts'] });
      expect(body.spike_counts).toEqual([Math.ceil(20 / every)]);
    }
  });

  it.each<[string, object, string]>([
    ['no current', { steps: 1 }, '/current: is required'],
    ['no steps', { current: [1, 2] }, '/steps: is required, since /current is constant in time (shape [2])'],
    ['steps 0', { current: 1, steps: 0 }, '/steps: must be >= 1, got 0'],
    ['negative steps', { current: 1, steps: -5 }, '/steps'],
    ['a fraction of a step', { current: 1, steps: 1.5 }, '/steps: must be a whole number, got 1.5'],
    ['steps as text', { current: 1, steps: '10' }, '/steps: must be a whole number, got "10"'],
    ['steps true', { current: 1, steps: true }, '/steps'],
    ['steps null', { current: 1, steps: null }, '/steps'],
    ['steps that contradict the current', { current: [[1, 2, 3]], steps: 2 }, '/steps: is 2, but /current has 3 steps (shape [1, 3])'],
    ['a current without steps', { current: [[]] }, '/current: must have at least one step'],
    ['a current of three axes with other steps', { current: [[[1]]], steps: 2 }, '/current has 1 steps (shape [1, 1, 1])'],
    ['a ragged current', { current: [[1, 2], [3]] }, '/current/1: ragged: has length 1, but /current/0 has length 2'],
    [
      'neurons that do not fit',
      { current: [1, 2], steps: 1, neuron: { tau: [1, 2, 3] } },
      '/neuron/tau: has shape [3], for 3 neurons, but /current has shape [2], for 2',
    ],
    ['a parameter per step', { current: 1, steps: 1, neuron: { tau: [[1, 2]] } }, 'shape [B]; got shape [1, 2]'],
    ['tau 0', { current: 1, steps: 1, neuron: { tau: [1, 0] } }, '/neuron/tau/1: must be above 0, got 0'],
    ['a tau that is 0 in float32', { current: 1, steps: 1, neuron: { tau: 1e-60 } }, '/neuron/tau: must be above 0'],
    ['dt 0', { current: 1, steps: 1, dt: 0 }, '/dt: must be > 0, got 0'],
    ['dt beyond float32', { current: 1, steps: 1, dt: 1e300 }, '/dt'],
    ['a tensor as dt', { current: 1, steps: 1, dt: [0.1] }, '/dt: must be a number, got an array of 1'],
    ['negative refractoriness', { current: 1, steps: 1, neuron: { refractory: -1 } }, '/neuron/refractory: must be >= 0, got -1'],
    [
      'an unknown reset',
      { current: 1, steps: 1, neuron: { reset: 'hrd' } },
      '/neuron/reset: must be one of "hard", "soft", "none", got "hrd"; did you mean "hard"?',
    ],
    [
      'an unknown neuron field',
      { current: 1, steps: 1, neuron: { v_thresold: 1 } },
      '/neuron/v_thresold: unknown field "v_thresold"; did you mean "v_threshold"?',
    ],
    ['an unknown field', { current: 1, step: 1 }, '/step: unknown field "step"; did you mean "steps"?'],
    ['an unknown record', { current: 1, steps: 1, record: ['spike_count'] }, 'did you mean "spike_counts"?'],
    [
      'input_scaling as a number',
      { current: 1, steps: 1, neuron: { input_scaling: 1 } },
      '/neuron/input_scaling: must be a boolean, got 1',
    ],
    ['neuron null', { current: 1, steps: 1, neuron: null }, '/neuron: must be an object, got null'],
  ])('refuses %s', async (_name, body, message) => {
    const problem = await service.refused('/lif/simulate', body);
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(errorsOf(problem)).toContain(message);
  });

  it('refuses 1e999', async () => {
    expect(errorsOf(await service.refused('/lif/simulate', '{"current": 1e999, "steps": 1}'))).toContain('/current');
    expect(errorsOf(await service.refused('/lif/simulate', '{"current": 1, "steps": 1, "dt": 1e999}'))).toContain('/dt');
    expect(errorsOf(await service.refused('/lif/simulate', '{"current": 1, "steps": 1e999}'))).toContain('/steps');
  });

  it('refuses too much, naming estimate and limit', async () => {
    const work = await service.refused('/lif/simulate', { current: { linspace: [0, 1, 100_000] }, steps: 1e6 });
    expect(work).toMatchObject({ status: 413, code: 'too_much_work' });
    expect(work.detail).toContain('100000000000 neuron-steps (100000 neurons x 1000000 steps); the limit is 10000000000');
    const values = await service.refused('/lif/simulate', { current: { linspace: [0, 1, 1e5] }, steps: 1e4, record: ['v'] });
    expect(values.detail).toContain('The answer would stream an estimated 1000000000 values; the limit is 268435456');
    // One neuron's steps are not cut, so that so long a row is no stream.
    const row = await service.refused('/lif/simulate', { current: 1, steps: 1e9, record: ['v'] });
    expect(row.detail).toContain('Recording v would take an estimated 1000000000 values; the limit is 33554432');
    const repeated = await service.refused('/lif/simulate', {
      current: { shape: [1, 1e4], data: new Array(1e4).fill(0) },
      neuron: { tau: { linspace: [1, 2, 1e5] } },
    });
    expect(repeated.status).toBe(413);
  });

  it('explains an unstable Euler step', async () => {
    const problem = await service.refused('/lif/simulate', {
      current: 1,
      steps: 500,
      dt: 5,
      neuron: { tau: [10, 1], v_threshold: 3e38, reset: 'none' },
      record: ['v'],
    });
    expect(problem).toMatchObject({ status: 400, code: 'numerical_overflow' });
    expect(problem.detail).toMatch(/^\/v leaves the range of float32 at neuron 1, step \d+\. With dt = 5 and tau = 1, dt \/ tau = 5/);
  });
});

describe('POST /lif/grad', () => {
  it('answers the anchor: mean 2.0763, max 3.0740, min 1.6188', async () => {
    const { results, meta } = await grad({ current: linspace, steps: 100 });
    const gradient = results[0]!.grad.current as number[];
    expect(results[0]!.surrogate).toEqual({ name: 'sigmoid', alpha: 4 });
    expect((gradient.reduce((sum, one) => sum + one, 0) / 50).toFixed(4)).toBe('2.0763');
    expect(Math.max(...gradient).toFixed(4)).toBe('3.0740');
    expect(Math.min(...gradient).toFixed(4)).toBe('1.6188');
    expect(results[0]!.loss).toEqual(results[0]!.spike_counts);
    expect(meta.backend).toBe('wasm');
  });

  it('answers the golden gradients, numbers as sums over neurons', async () => {
    for (const { request, spike_counts: counts, grad: expected, margin } of golden.cases) {
      if (margin < 1e-5) continue;
      const { results } = await grad({ ...request, wrt: Object.keys(expected) });
      expect(results[0]!.spike_counts).toEqual(counts);
      for (const [name, values] of Object.entries(expected)) {
        const answered = results[0]!.grad[name]!;
        const wanted = typeof answered === 'number' ? [(values as number[]).reduce((sum, one) => sum + one, 0)] : values.flat();
        const got = typeof answered === 'number' ? [answered] : (answered as number[] | number[][]).flat();
        expect(got).toHaveLength(wanted.length);
        const scale = Math.max(1, ...wanted.map(Math.abs));
        for (const [i, value] of got.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-4 * scale);
      }
    }
  });

  it('gives a gradient the shape in which its quantity was given', async () => {
    const shape = (value: unknown): number[] => (Array.isArray(value) ? [value.length, ...(value.length > 0 ? shape(value[0]) : [])] : []);
    const oneOf = (B: number, T: number) =>
      fc.constantFrom<[number[], unknown]>(
        [[], 1.2],
        [[1], [1.3]],
        [[B], new Array(B).fill(1.4)],
        [[1, T], [new Array(T).fill(1.1)]],
        [[B, T], new Array(B).fill(new Array(T).fill(1.7))],
      );
    await fc.assert(
      fc.asyncProperty(
        oneOf(3, 4),
        fc.constantFrom<[number[], unknown]>([[], 5], [[1], [5]], [[3], [5, 6, 7]]),
        async ([currentShape, current], [tauShape, tau]) => {
          const { results } = await grad({
            current,
            ...(currentShape.length < 2 && { steps: 4 }),
            neuron: { tau, v_rest: [0, 0, 0] },
            wrt: ['current', 'tau', 'v_rest', 'v_reset'],
          });
          const { grad: gradients } = results[0]!;
          expect(shape(gradients.current)).toEqual(currentShape);
          expect(shape(gradients.tau)).toEqual(tauShape);
          expect(shape(gradients.v_rest)).toEqual([3]);
          expect(shape(gradients.v_reset)).toEqual([]);
        },
      ),
      { numRuns: numRuns(30) },
    );
  });

  it('sums over what was broadcast', async () => {
    const currents = [1.2, 1.6, 2.1];
    const each = await grad({ current: currents, steps: 40, neuron: { tau: [5, 5, 5] }, wrt: ['tau'] });
    const shared = await grad({ current: currents, steps: 40, neuron: { tau: [5] }, wrt: ['tau'] });
    const number = await grad({ current: currents, steps: 40, neuron: { tau: 5 }, wrt: ['tau'] });
    const sum = (each.results[0]!.grad.tau as number[]).reduce((total, one) => total + one, 0);
    expect((shared.results[0]!.grad.tau as number[])[0]).toBeCloseTo(sum, 4);
    expect(number.results[0]!.grad.tau).toBeCloseTo(sum, 4);

    const row = [new Array(40).fill(1.5)];
    const rows = await grad({ current: [...row, ...row, ...row], neuron: { tau: [4, 5, 6] } });
    const one = await grad({ current: row, neuron: { tau: [4, 5, 6] } });
    const summed = (rows.results[0]!.grad.current as number[][]).reduce(
      (total, gradient) => total.map((value, t) => value + gradient[t]!),
      new Array<number>(40).fill(0),
    );
    const [answered] = one.results[0]!.grad.current as number[][];
    for (const [t, value] of summed.entries()) expect(answered![t]).toBeCloseTo(value, 4);
  });

  it('takes the three losses', async () => {
    const count = await grad({ current: [1.5, 2], steps: 200, loss: { type: 'spike_count' } });
    const rate = await grad({ current: [1.5, 2], steps: 200, loss: { type: 'firing_rate_mse', target: [50, 100] } });
    const cotangent = await grad({ current: [1.5, 2], steps: 200, loss: { type: 'cotangent', spikes: 1 } });
    expect(cotangent.results[0]!.grad).toEqual(count.results[0]!.grad);
    const counts = count.results[0]!.spike_counts as number[];
    expect(rate.results[0]!.loss).toEqual(counts.map((spikes, i) => ((spikes / 20) * 1000 - [50, 100][i]!) ** 2));
    const both = await grad({
      current: [1.5, 2],
      steps: 3,
      loss: {
        type: 'cotangent',
        spikes: [[1, 2, 3]],
        v: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    });
    expect(both.results[0]!.loss).toHaveLength(2);
  });

  it('answers for several surrogates in order, and none, one and many neurons', async () => {
    const { results } = await grad({ current: 1.5, steps: 20, surrogate: ['erf', { name: 'arctan', alpha: 2 }], wrt: ['tau', 'current'] });
    expect(results.map(({ surrogate }) => surrogate)).toEqual([
      { name: 'erf', alpha: 1 },
      { name: 'arctan', alpha: 2 },
    ]);
    expect(Object.keys(results[0]!.grad)).toEqual(['tau', 'current']);
    expect(results[0]!.grad.current).toEqual(expect.any(Number));
    const none = await grad({ current: [], steps: 20, wrt: ['current', 'tau'] });
    expect(none.results[0]).toMatchObject({ loss: [], spike_counts: [], grad: { current: [], tau: 0 } });
  });

  it('answers base64, numbers staying numbers', async () => {
    const { body } = await service.post<LifGradAnswer<Base64Tensor>>('/lif/grad', {
      current: linspace,
      steps: 100,
      wrt: ['current', 'tau'],
      encoding: 'base64',
    });
    const [result] = body.results;
    expect(result!.loss).toMatchObject({ dtype: 'float32', shape: [50] });
    expect(result!.spike_counts).toMatchObject({ dtype: 'int32', shape: [50] });
    expect(result!.grad.current).toMatchObject({ dtype: 'float32', shape: [50] });
    expect(result!.grad.tau).toEqual(expect.any(Number));
  });

  it.each<[string, object, string]>([
    [
      'an unknown quantity',
      { wrt: ['curent'] },
      '/wrt/0: must be one of "current", "tau", "v_threshold", "v_reset", "v_rest", "resistance", "v_init", got "curent"; did you mean "current"?',
    ],
    ['a quantity twice', { wrt: ['tau', 'tau'] }, '/wrt/1: "tau" is given twice'],
    ['wrt as text', { wrt: 'tau' }, '/wrt: must be an array'],
    ['a loss without type', { loss: {} }, '/loss/type'],
    [
      'an unknown loss',
      { loss: { type: 'mse' } },
      '/loss/type: must be one of "spike_count", "firing_rate_mse", "cotangent", "cross_entropy", "first_spike_time_mse", "van_rossum", "v_mse", got "mse"',
    ],
    ['a loss as text', { loss: 'spike_count' }, '/loss: must be an object, got "spike_count"'],
    ['a rate loss without target', { loss: { type: 'firing_rate_mse' } }, '/loss/target: is required'],
    [
      'a target that does not fit',
      { loss: { type: 'firing_rate_mse', target: [1, 2, 3] } },
      '/loss/target: has shape [3], for 3 neurons, but the request has 2',
    ],
    ['an empty cotangent', { loss: { type: 'cotangent' } }, 'needs "spikes", "v" or both'],
    [
      'a cotangent of the wrong length',
      { loss: { type: 'cotangent', v: [[1, 2, 3]] } },
      '/loss/v: must be a number or of shape [B, T] = [2, 10], got shape [1, 3]',
    ],
    [
      'a cotangent for other neurons',
      { loss: { type: 'cotangent', v: { shape: [3, 10], data: new Array(30).fill(0) } } },
      '/loss/v: has shape [3, 10], for 3 neurons',
    ],
    ['a field of another loss', { loss: { type: 'spike_count', target: 1 } }, '/loss/target: unknown field "target"'],
    ['detach_reset as text', { detach_reset: 'true' }, '/detach_reset: must be a boolean, got "true"'],
    ['an unknown encoding', { encoding: 'base46' }, '/encoding: must be one of "json", "base64", got "base46"; did you mean "base64"?'],
    ['record', { record: ['v'] }, '/record: unknown field "record"'],
    [
      'a threshold of 0 for a surrogate that scales with it',
      { surrogate: ['sigmoid', 'sinabs.SingleExponential'], neuron: { v_threshold: [1, 0] } },
      '/neuron/v_threshold: must be above 0 for sinabs.SingleExponential, which scales with it, got 0',
    ],
  ])('refuses %s', async (_name, fields, message) => {
    const problem = await service.refused('/lif/grad', { current: [1, 2], steps: 10, ...fields });
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(errorsOf(problem)).toContain(message);
  });

  it('counts surrogates as work', async () => {
    const problem = await service.refused('/lif/grad', { current: 1, steps: 2e9, surrogate: new Array(6).fill('erf') });
    expect(problem.detail).toContain('12000000000 neuron-steps (1 neurons x 2000000000 steps x 6 surrogates)');
  });
});
