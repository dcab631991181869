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
    ['a misspelt name in an array', ['erf', { name: 'Sigmoit' }], '/surrogate/1/name: unknown surrogate "Sigmoit"; did you mean "sigmoid"'],
    [
      'a name of two libraries',
      'atan',
      '/surrogate: ambiguous surrogate "atan"; did you mean "snntorch.atan", "spikingjelly.ATan" or "slax.atan"?',
    ],
    [
      'a name of two libraries',
      { name: 'FastSigmoid' },
      '/surrogate/name: ambiguous surrogate "FastSigmoid"; did you mean "snntorch.fast_sigmoid"',
    ],
    ['a name that is like none', 'nonsense', '/surrogate: unknown surrogate "nonsense"; there are "sigmoid", "piecewise_quadratic"'],
    ['what is left out, without its library', 'LSO', "/surrogate: snnTorch's LSO is left out on purpose"],
    ['a name under another word', { method: 'super' }, '/surrogate/method: unknown field "method"; did you mean "name"?'],
    ["another library's name", { method: 'super' }, '/surrogate/method: unknown surrogate "super"; did you mean "norse.superspike"?'],
    [
      "another library's parameter",
      { name: 'sigmoid', slope: 25 },
      '/surrogate/slope: sigmoid has no parameter "slope"; did you mean "alpha"?',
    ],
    ['a parameter that is like none', { name: 'sigmoid', v: 1 }, '/surrogate/v: sigmoid has no parameter "v"; there is only "alpha"'],
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
    [
      'a list for a number',
      { name: 'sigmoid', alpha: [4] },
      '/surrogate/alpha: must be a number from 0.001 to 10000 (default 4), got an array of 1',
    ],
    ['a number for a list', { name: 'table', x: 1, grad: [1, 1] }, '/surrogate/x: must be an array of 2 to 64 numbers, got 1'],
    ['a table of one point', { name: 'table', x: [1], grad: [1] }, '/surrogate/x: must be an array of 2 to 64 numbers, got an array of 1'],
    [
      'a table of many points',
      { name: 'table', x: Array.from({ length: 65 }, (_, i) => i), grad: new Array(65).fill(1) },
      '/surrogate/x: must be an array of 2 to 64 numbers, got an array of 65',
    ],
    ['points without gradients', { name: 'table', x: [0, 1] }, '/surrogate/grad: is required with "x"'],
    ['gradients without points', { name: 'table', grad: [0, 1] }, '/surrogate/x: is required with "grad"'],
    ['a gradient too few', { name: 'table', x: [0, 1, 2], grad: [1, 2] }, '/surrogate/grad: must be as long as "x", 3 numbers, got 2'],
    [
      'points in disorder',
      { name: 'table', x: [0, 2, 1], grad: [1, 1, 1] },
      '/surrogate/x/2: must be above the number before it, 2, got 1',
    ],
    [
      'a point twice',
      ['erf', { name: 'table', x: [0, 0], grad: [1, 1] }],
      '/surrogate/1/x/1: must be above the number before it, 0, got 0',
    ],
    [
      'points that touch',
      { name: 'table', x: [0, 1e-31], grad: [1, 1] },
      '/surrogate/x/1: must be above the number before it, 0 by at least 1e-30, got 1e-31',
    ],
    [
      'a ragged table',
      { name: 'table', x: [0, [1]], grad: [1, 1] },
      '/surrogate/x/1: must be a number from -10000 to 10000, got an array of 1',
    ],
    [
      'a gap in a table',
      { name: 'table', x: [0, 1], grad: [1, null] },
      '/surrogate/grad/1: must be a number from -10000 to 10000, got null',
    ],
    [
      'a point that is text',
      { name: 'table', x: ['0', 1], grad: [1, 1] },
      '/surrogate/x/0: must be a number from -10000 to 10000, got "0"',
    ],
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

describe('a table', () => {
  const table = { name: 'table', x: [-1, -0.25, 0.25, 0.5], grad: [0.2, 1, 1, -0.5] };

  it('is the straight lines through its points, and 0 outside', async () => {
    const x = [-1.001, -1, -0.625, -0.25, 0, 0.25, 0.375, 0.5, 0.501, 3e38];
    for (const dtype of ['float32', 'float64'] as const)
      for (const backend of ['wasm', 'reference'] as const) {
        const { body } = await service.post<GradAnswer<number[]>>('/surrogate/grad', { x, surrogate: table, dtype, backend });
        expect(body.results[0]!.surrogate).toEqual(table);
        expect(body.results[0]!.grad.map((value) => Number(value.toFixed(6)))).toEqual([0, 0.2, 0.6, 1, 1, 1, 0.25, -0.5, 0, 0]);
      }
  });

  it('has the area under them for a value, and 1/2 at 0', async () => {
    const { body } = await service.post<EvalAnswer<number[]>>('/surrogate/eval', {
      x: [-2, -1, -0.25, 0, 0.25, 0.5, 9],
      surrogate: table,
      dtype: 'float64',
    });
    const expected = [-0.2, -0.2, 0.25, 0.5, 0.75, 0.8125, 0.8125];
    for (const [i, value] of body.results[0]!.value!.entries()) expect(value).toBeCloseTo(expected[i]!, 14);
  });

  it('trains neurons, beside other surrogates', async () => {
    const request = { current: [1.2, 2], steps: 50, wrt: ['current', 'tau'] };
    const triangle = { name: 'table', x: [-0.5, 0, 0.5], grad: [0, 2, 0] };
    const { body } = await service.post<{ results: { grad: { current: number[]; tau: number } }[] }>('/lif/grad', {
      ...request,
      surrogate: [triangle, { name: 'piecewise_quadratic', alpha: 2 }],
    });
    const [own, known] = body.results;
    expect(own!.grad.tau).toBeCloseTo(known!.grad.tau, 4);
    for (const [i, value] of own!.grad.current.entries()) expect(value).toBeCloseTo(known!.grad.current[i]!, 3);
  });

  it('is described in the catalogue', async () => {
    const { body } = await service.request<{ parameters: object }>('/surrogates/table');
    expect(body.parameters).toMatchObject({
      x: { default: [-1, 0, 1], minimum: -1e4, maximum: 1e4, min_items: 2, max_items: 64, integer: false },
      grad: { default: [0, 1, 0], min_items: 2, max_items: 64 },
    });
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
