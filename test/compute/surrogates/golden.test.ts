import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { fromRequest, golden } from '../support/golden.ts';

const backend = new ReferenceBackend();
const { x, cases } = golden('surrogates.json');
const points = Float64Array.from(x);

/** Relative, or absolute where the numbers are small. */
function expectEqual(actual: number, expected: number, where: string): void {
  expect(Math.abs(actual - expected), where).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
}

describe("braintools' numbers", () => {
  it.each(cases.map((golden) => ({ name: JSON.stringify(golden.surrogate), golden })))('$name', ({ golden: expected }) => {
    const surrogates = [fromRequest(expected.surrogate)];
    const evaluated = backend.run({ kind: 'surrogate_eval', x: points, surrogates, outputs: { spike: true, value: true } });
    const differentiated = backend.run({ kind: 'surrogate_grad', x: points, surrogates, cotangent: 1 });
    const { spike, value } = evaluated.result[0]!;
    const { grad } = differentiated.result[0]!;

    expect([...spike!]).toEqual(expected.spike);
    x.forEach((at, i) => {
      if (expected.value) expectEqual(value![i]!, expected.value[i]!, `value at ${at}`);
      if (!expected.at_kink.includes(i)) expectEqual(grad[i]!, expected.grad[i]!, `grad at ${at}`);
    });
  });
});

describe('the reference back-end', () => {
  const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];

  it('multiplies by the cotangent, one for all or one for each', () => {
    const job = { kind: 'surrogate_grad', x: Float64Array.of(0, 0.5, -0.5), surrogates } as const;
    const [ones] = backend.run({ ...job, cotangent: 1 }).result;
    expect(ones!.grad[0]).toBe(1);
    const [twos] = backend.run({ ...job, cotangent: 2 }).result;
    const [each] = backend.run({ ...job, cotangent: Float32Array.of(1, 2, -3) }).result;
    expect([...twos!.grad]).toEqual([...ones!.grad].map((g) => 2 * g));
    expect([...each!.grad]).toEqual([...ones!.grad].map((g, i) => g * [1, 2, -3][i]!));
  });

  it('gives only the outputs that are asked for', () => {
    const job = { kind: 'surrogate_eval', x: Float64Array.of(-1, -0, 0, 1), surrogates } as const;
    expect(backend.run({ ...job, outputs: { spike: true, value: false } }).result).toEqual([{ spike: Uint8Array.of(0, 1, 1, 1) }]);
    expect(Object.keys(backend.run({ ...job, outputs: { spike: false, value: true } }).result[0]!)).toEqual(['value']);
  });

  it('answers an empty x', () => {
    const { result } = backend.run({ kind: 'surrogate_grad', x: new Float64Array(0), surrogates, cotangent: 1 });
    expect(result[0]!.grad).toHaveLength(0);
  });
});
