import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numbers, type Base64Tensor } from './answers.ts';
import { frame, unframe } from './framing.ts';
import { Service } from './service.ts';

interface Item<T> {
  surrogate: { name: string };
  error?: { code: string; detail: string };
  grad?: T;
  loss?: number[];
}
interface Answer<T> {
  results: Item<T>[];
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const post = async <T>(path: string, body: object) => service.post<Answer<T>>(path, body);

/** Gradients of these grow through the reset in 300 steps: of the one in the middle beyond float32's range. */
const comparison = { current: [1.5], steps: 300, surrogate: ['snntorch.atan', 'snntorch.spike_rate_escape', 'snntorch.sigmoid'] };
const failed = {
  surrogate: { name: 'snntorch.spike_rate_escape', beta: 1, slope: 25 },
  error: {
    code: 'numerical_overflow',
    detail:
      '/results/1/grad/current leaves the range of float32 at neuron 0. It has most likely grown from step to step through the reset: "detach_reset": true stops that, and so does a surrogate with a lower peak.',
  },
};

describe('a list of surrogates is answered item by item', () => {
  it('on /lif/grad', async () => {
    const { status, body } = await post<{ current: number[] }>('/lif/grad', comparison);
    expect(status).toBe(200);
    expect(body.results.map(({ surrogate, grad }) => [surrogate.name, grad?.current])).toEqual([
      ['snntorch.atan', [5.177998]],
      ['snntorch.spike_rate_escape', undefined],
      ['snntorch.sigmoid', [18.731266]],
    ]);
    expect(body.results[1]).toEqual(failed);
  });

  it('in base64', async () => {
    const { body } = await post<{ current: Base64Tensor }>('/lif/grad', { ...comparison, encoding: 'base64' });
    expect(body.results[1]).toEqual(failed);
    expect(numbers(body.results[2]!.grad!.current)).toEqual([Math.fround(18.731266)]);
  });

  it('in framed bytes, whose tensors are those of the results that are there', async () => {
    const response = await service.send('/lif/grad', frame(comparison), { accept: 'application/octet-stream' });
    expect(response.status).toBe(200);
    const { results } = await unframe<Answer<{ current: { values: number[] } }>>(response);
    expect(results[1]).toEqual(failed);
    expect([results[0], results[2]].map((result) => result!.grad!.current.values)).toEqual(
      [5.177998, 18.731266].map((value) => [Math.fround(value)]),
    );
  });

  it('on /lif/jvp', async () => {
    const { current, ...others } = comparison;
    const { status, body } = await post('/lif/jvp', { current, ...others, tangents: { current: [1] } });
    expect(status).toBe(200);
    expect(body.results.map(({ loss, error }) => loss?.length ?? error?.code)).toEqual([1, 'numerical_overflow', 1]);
    expect(body.results[1]!.error!.detail).toMatch(
      /^\/results\/1\/spikes leaves the range of float32 at neuron 0, step \d+\. .*"detach_reset": true/,
    );
  });

  const steep = { name: 'sigmoid', alpha: 40 };
  it('on /surrogate/grad, of any size', async () => {
    for (const count of [2, 30_000]) {
      for (const encoding of ['json', 'base64'] as const) {
        const x = { linspace: [0, 1, count] };
        const { status, body } = await post('/surrogate/grad', { x, surrogate: [steep, 'sigmoid'], cotangent: 3e38, encoding });
        expect(status).toBe(200);
        expect(body.results[0]).toEqual({
          surrogate: steep,
          error: { code: 'numerical_overflow', detail: '/results/0/grad leaves the range of float32 at element [0] of x.' },
        });
        expect(body.results[1]!.grad).toBeDefined();
      }
    }
  });

  it('as one error where none of them could be computed', async () => {
    const surrogate = ['snntorch.spike_rate_escape', 'snntorch.spike_rate_escape'];
    for (const request of [
      { ...comparison, surrogate },
      { ...comparison, surrogate: surrogate[0] },
    ]) {
      const problem = await service.refused('/lif/grad', request);
      expect(problem).toMatchObject({ status: 400, code: 'numerical_overflow' });
      expect(problem.detail).toBe(failed.error.detail.replace('/results/1', '/results/0'));
    }
  });
});

describe('growth through the reset is named', () => {
  const detailOf = async (changes: object) =>
    (await service.refused('/lif/grad', { current: 1.5, steps: 300, surrogate: 'snntorch.spike_rate_escape', ...changes })).detail;

  it('with the field that the model has for it', async () => {
    const neuron = { model: 'spikingjelly.LIFNode', tau: 100 };
    expect(await detailOf({ neuron })).toContain('"neuron": {"detach_reset": true} stops that');
  });

  it('but not where the reset is detached, or the inputs themselves are too large', async () => {
    const { status } = await post('/lif/grad', { current: 1.5, steps: 300, surrogate: 'snntorch.spike_rate_escape', detach_reset: true });
    expect(status).toBe(200);
    const loss = { type: 'cotangent', v: 3e38 };
    expect(await detailOf({ loss, neuron: { reset: 'none' } })).toContain('scale them down');
    expect(await detailOf({ loss, current: 0.9, surrogate: 'sigmoid' })).toMatch(/^\/results\/0\/loss .* scale them down\.$/);
  });
});
