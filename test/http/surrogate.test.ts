import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numbers, type Base64Tensor, type EvalAnswer, type GradAnswer } from './answers.ts';
import { errorsOf, Service } from './service.ts';

interface Golden {
  x: number[];
  cases: { surrogate: { name: string }; value: number[] | null; grad: number[]; at_kink: number[] }[];
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

describe('POST /surrogate/grad', () => {
  it('answers the anchor: sigmoid with alpha 4 at 0 is 1', async () => {
    const { status, headers, body } = await service.post<GradAnswer>('/surrogate/grad', { x: 0, surrogate: { name: 'sigmoid', alpha: 4 } });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('server-timing')).toMatch(/^decode;dur=[\d.]+, queue;dur=[\d.]+, compute;dur=[\d.]+, encode;dur=[\d.]+$/);
    expect(body.results).toEqual([{ surrogate: { name: 'sigmoid', alpha: 4 }, grad: 1 }]);
    expect(body.meta).toEqual({ backend: 'wasm', device: 'cpu', dtype: 'float32', elapsed_ms: expect.any(Number) as number });
  });

  it('answers the golden gradients, in one request for all', async () => {
    const golden = JSON.parse(readFileSync(new URL('../golden/surrogates.json', import.meta.url), 'utf8')) as Golden;
    const { body } = await service.post<GradAnswer<number[]>>('/surrogate/grad', {
      x: golden.x,
      surrogate: golden.cases.map(({ surrogate }) => surrogate),
    });
    for (const [i, { surrogate, grad, at_kink: kinks }] of golden.cases.entries()) {
      expect(body.results[i]!.surrogate).toEqual(surrogate);
      const scale = Math.max(...grad.map(Math.abs));
      for (const [j, expected] of grad.entries()) {
        if (!kinks.includes(j))
          expect(Math.abs(body.results[i]!.grad[j]! - expected), `${surrogate.name} at ${golden.x[j]!}`).toBeLessThan(1e-5 * scale);
      }
    }
  });

  it('keeps the shape of x, in every form', async () => {
    const forms = [
      {
        x: [
          [0, 0],
          [0, 0],
        ],
        grad: [
          [1, 1],
          [1, 1],
        ],
      },
      { x: { shape: [1, 2], data: [0, 0] }, grad: [[1, 1]] },
      { x: { dtype: 'float64', shape: [1], base64: 'AAAAAAAAAAA=' }, grad: [1] },
      { x: { linspace: [0, 0, 3] }, grad: [1, 1, 1] },
      { x: [], grad: [] },
      { x: [[], []], grad: [[], []] },
      { x: -0, grad: 1 },
    ];
    for (const { x, grad } of forms) {
      const { body } = await service.post<GradAnswer>('/surrogate/grad', { x, surrogate: 'sigmoid' });
      expect(body.results[0]!.grad).toEqual(grad);
    }
  });

  it('multiplies by the cotangent, which broadcasts to x', async () => {
    const x = [
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (const [cotangent, grad] of [
      [
        2,
        [
          [2, 2, 2],
          [2, 2, 2],
        ],
      ],
      [
        [1, 2, 3],
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
      ],
      [
        [[1], [2]],
        [
          [1, 1, 1],
          [2, 2, 2],
        ],
      ],
      [
        { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
    ]) {
      const { body } = await service.post<GradAnswer>('/surrogate/grad', { x, surrogate: 'sigmoid', cotangent });
      expect(body.results[0]!.grad).toEqual(grad);
    }
    const problem = await service.refused('/surrogate/grad', { x, surrogate: 'sigmoid', cotangent: [1, 2] });
    expect(errorsOf(problem)).toBe('/cotangent: has shape [2], which does not broadcast to the shape [2, 3] of /x');
  });

  it('answers in base64 when asked', async () => {
    const x = { linspace: [-1, 1, 7] };
    const plain = await service.post<GradAnswer<number[]>>('/surrogate/grad', { x, surrogate: 'arctan' });
    const { body } = await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', { x, surrogate: 'arctan', encoding: 'base64' });
    expect(body.results[0]!.grad).toMatchObject({ dtype: 'float32', shape: [7] });
    expect(numbers(body.results[0]!.grad)).toEqual(plain.body.results[0]!.grad.map(Math.fround));
  });

  it('says which element overflows', async () => {
    const problem = await service.refused('/surrogate/grad', {
      x: [[1, 0]],
      surrogate: { name: 'sigmoid', alpha: 40 },
      cotangent: [[1, 3e38]],
    });
    expect(problem.code).toBe('numerical_overflow');
    expect(problem.detail).toContain('/results/0/grad leaves the range of float32 at element [0, 1]');
  });
});

describe('POST /surrogate/eval', () => {
  it('answers spike and value', async () => {
    const { body } = await service.post<EvalAnswer>('/surrogate/eval', { x: [-1, 0, 1], surrogate: ['sigmoid', 'relu_grad'] });
    expect(body.results.map(({ surrogate }) => surrogate.name)).toEqual(['sigmoid', 'relu_grad']);
    for (const { spike, value } of body.results) {
      expect(spike).toEqual([0, 1, 1]);
      expect((value as number[])[1]).toBe(0.5);
    }
  });

  it('answers only the outputs that are asked for', async () => {
    for (const outputs of [['spike'], ['value']]) {
      const { body } = await service.post<EvalAnswer>('/surrogate/eval', { x: 1, surrogate: 'erf', outputs });
      expect(Object.keys(body.results[0]!)).toEqual(['surrogate', ...outputs]);
    }
    for (const outputs of [[], ['spke'], ['spike', 'spike'], 'spike', [1]]) {
      expect((await service.refused('/surrogate/eval', { x: 1, surrogate: 'erf', outputs })).status).toBe(400);
    }
  });

  it('answers spikes as uint8 in base64', async () => {
    const { body } = await service.post<EvalAnswer<Base64Tensor>>('/surrogate/eval', {
      x: [-1, 0, 1],
      surrogate: 'erf',
      encoding: 'base64',
    });
    expect(body.results[0]!.spike).toEqual({ dtype: 'uint8', shape: [3], base64: 'AAEB' });
    expect(body.results[0]!.value).toMatchObject({ dtype: 'float32', shape: [3] });
  });
});

describe('a surrogate', () => {
  it.each<[string, unknown, string]>([
    ['a misspelt name', 'sigmod', '/surrogate: unknown surrogate "sigmod"; did you mean "sigmoid"?'],
    ['a misspelt name in an array', ['erf', { name: 'Sigmoid' }], '/surrogate/1/name: unknown surrogate "Sigmoid"; did you mean "sigmoid"'],
    ['a name without its library', 'ATan', '"spikingjelly.ATan"'],
    ['what is left out on purpose', 'snntorch.triangular', 'left out on purpose'],
    ['an unknown parameter', { name: 'sigmoid', alpa: 1 }, '/surrogate/alpa: sigmoid has no parameter "alpa"; did you mean "alpha"?'],
    ['a parameter of none', { name: 'snntorch.straight_through_estimator', alpha: 1 }, 'has no parameter "alpha", and no other'],
    ['a parameter out of range', { name: 'sigmoid', alpha: -1 }, '/surrogate/alpha: must be a number from'],
    ['a parameter that is text', { name: 'sigmoid', alpha: '4' }, 'got "4"'],
    ['a fraction for a whole number', { name: 'squarewave_fourier_series', n: 1.5 }, 'a whole number from 1 to 64'],
    ['no name', { alpha: 4 }, '/surrogate/name'],
    ['null', null, 'got null'],
    ['an empty array', [], 'at least one'],
    ['an inherited property', { name: 'sigmoid', toString: 1 }, 'has no parameter "toString"'],
  ])('is refused for %s', async (_name, surrogate, message) => {
    const problem = await service.refused('/surrogate/grad', { x: 0, surrogate });
    expect(problem.code).toBe('invalid_request');
    expect(errorsOf(problem)).toContain(message);
    expect(problem.detail).toContain(problem.errors![0]!.message);
  });

  it('is answered with every parameter filled in', async () => {
    const { body } = await service.post<GradAnswer>('/surrogate/grad', {
      x: 0,
      surrogate: [{ name: 'multi_gaussian_grad', sigma: 0.25 }, 'spikingjelly.SquarewaveFourierSeries'],
    });
    expect(body.results.map(({ surrogate }) => surrogate)).toEqual([
      { name: 'multi_gaussian_grad', h: 0.15, s: 6, sigma: 0.25, scale: 0.5 },
      { name: 'spikingjelly.SquarewaveFourierSeries', n: 2, T_period: 8 },
    ]);
  });
});

it('errors in several fields are reported together', async () => {
  const problem = await service.refused('/surrogate/grad', {
    x: [null, '1'],
    surrogate: ['a', { name: 'erf', alpha: 0 }],
    cotangent: true,
  });
  expect(problem.errors!.map(({ path }) => path)).toEqual(['/x/0', '/x/1', '/surrogate/0', '/surrogate/1/alpha', '/cotangent']);
});

it('a request for too much names the estimate and the limit', async () => {
  const small = await Service.start({ MAX_NEURON_STEPS: '100', MAX_RESULT_VALUES: '50' });
  try {
    const work = await small.refused('/surrogate/grad', { x: { linspace: [0, 1, 40] }, surrogate: ['erf', 'erf', 'erf'] });
    expect(work).toMatchObject({ status: 413, code: 'too_much_work' });
    expect(work.detail).toContain('estimated 120 neuron-steps');
    expect(work.detail).toContain('the limit is 100');
    const values = await small.refused('/surrogate/eval', { x: { linspace: [0, 1, 40] }, surrogate: 'erf' });
    expect(values.detail).toContain('estimated 80 values; the limit is 50');
    const made = await small.refused('/surrogate/eval', { x: { linspace: [0, 1, 51] }, surrogate: 'erf' });
    expect(made.detail).toContain('linspace at /x would take an estimated 51 values; the limit is 50');
  } finally {
    await small.stop();
  }
});
