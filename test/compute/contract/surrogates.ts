import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import { isThorough, oneIn } from '../../thorough.ts';
import { resultOf, scaledSurrogate } from '../support/jobs.ts';

const reference = new ReferenceBackend();

/** Both signs, from 1e-8 to 1e4, dense where the curves bend. */
const x = Float64Array.from(
  [
    0,
    ...Array.from({ length: 1200 }, (_, i) => 10 ** (i / 100 - 8)).flatMap((value) => [value, -value]),
    ...Array.from({ length: 1201 }, (_, i) => i / 200 - 3),
    ...Array.from({ length: 4001 }, (_, i) => i / 20 - 100),
    1e4,
    -1e4,
  ],
  Math.fround,
);

/**
 * Largest relative errors where the value is above a thousandth of its largest, and below that down to 1e-30. Where float64
 * itself has cancelled to nothing, within 1e-13 of the largest value, there is no relative error to speak of.
 */
function relativeErrors(actual: ArrayLike<number>, expected: ArrayLike<number>, cancels: boolean): { high: number; low: number } {
  let largest = 0;
  for (const value of Array.from(expected)) largest = Math.max(largest, Math.abs(value));
  let high = 0;
  let low = 0;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(expected[i]!);
    const error = Math.abs(actual[i]! - expected[i]!) / size;
    if (!Number.isFinite(actual[i]!)) return { high: Infinity, low: Infinity };
    if (size > largest / 1000) high = Math.max(high, error);
    else if (size > (cancels ? largest * 1e-13 : 1e-30)) low = Math.max(low, error);
  }
  return { high, low };
}

const digitsLost =
  'grad loses digits in float32: write it without differences that cancel (of |x|, by stepFromTail, log1p and exp of what is negative; see building-blocks.ts), or set gradNeedsFloat64 in its formula, at the price of speed';

const extremes = Float64Array.from(
  [0, -0, 1e-45, 1e-38, 1e-20, 1, 1e4, 1e10, 1e19, 1e20, 3.4028234663852886e38].flatMap((value) => [value, -value]),
);

/**
 * Holds a float32 back-end to float64: every surrogate of the catalogue, its gradient and its value.
 *
 * @param factors - of the parameters, with which numbers are compared, and with which they only have to be finite.
 * @param isDear whether names that share a formula are tried with other factors than 1 only once, unless ALL_COMBINATIONS is set; and where tests are not thorough, only a part of the formulas is.
 */
export function itComputesSurrogates(
  open: () => Promise<Backend>,
  factors = { agree: [1, 0.3, 3.7, 11.3], finite: [1e-6, 0.3, 1, 3, 1e9] },
  isDear = false,
): void {
  const triedFormulas = new Set<unknown>();
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.close());

  const all = [...catalogue.values()];
  const firsts = all.filter(({ grad }, i) => all.findIndex((other) => other.grad === grad) === i);
  describe.each(isDear && !isThorough ? oneIn(3, firsts) : all)('$name', (definition) => {
    // Only a difference of terms can cross zero between samples and leave float64 with nothing but its rounding error.
    const crossesZero = (values: ArrayLike<number>) => Math.min(...Array.from(values)) < 0;

    const isTried = isDear && !process.env.ALL_COMBINATIONS && triedFormulas.has(definition.grad);
    triedFormulas.add(definition.grad);

    it.each(isTried ? [1] : factors.agree)('agrees with float64, parameters times %d', async (factor) => {
      const surrogates = [scaledSurrogate(definition, factor)];
      const gradJob = { kind: 'surrogate_grad', x, surrogates, cotangent: 1 } as const;
      const evalJob = { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } } as const;
      const [actual, expected] = [(await resultOf(backend, gradJob))[0]!, (await resultOf(reference, gradJob))[0]!];
      const gradient = relativeErrors(actual.grad, expected.grad, crossesZero(expected.grad));
      expect(gradient.high, digitsLost).toBeLessThan(2e-6);
      expect(gradient.low, digitsLost).toBeLessThan(2e-5);

      const [actualEval, expectedEval] = [(await resultOf(backend, evalJob))[0]!, (await resultOf(reference, evalJob))[0]!];
      const value = relativeErrors(actualEval.value!, expectedEval.value!, crossesZero(expectedEval.value!));
      expect(value.high).toBeLessThan(2e-6);
      expect(value.low).toBeLessThan(2e-5);
      expect(actualEval.spike).toEqual(expectedEval.spike);
    });

    it.each(isTried ? [] : factors.finite)('is finite for every finite x, parameters times %d', async (factor) => {
      const surrogates = [scaledSurrogate(definition, factor)];
      const { grad } = (await resultOf(backend, { kind: 'surrogate_grad', x: extremes, surrogates, cotangent: 1 }))[0]!;
      const { value } = (
        await resultOf(backend, { kind: 'surrogate_eval', x: extremes, surrogates, outputs: { spike: true, value: true } })
      )[0]!;
      expect(Array.from(grad).filter((y) => !Number.isFinite(y))).toEqual([]);
      expect(Array.from(value!).filter((y) => !Number.isFinite(y))).toEqual([]);
    });
  });

  describe('cotangents', () => {
    const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];

    it('multiply the gradient, one for all or one for each', async () => {
      const points = Float64Array.of(-0.5, 0, 0.25, 1, 2);
      const grad = async (cotangent: number | Float64Array) =>
        (await resultOf(backend, { kind: 'surrogate_grad', x: points, surrogates, cotangent }))[0]!.grad;
      const plain = await grad(1);
      expect(Array.from(await grad(-3))).toEqual(Array.from(plain, (y) => Math.fround(-3 * y)));
      const factors = Float64Array.of(1, 2, 0, -1, 0.5);
      expect(Array.from(await grad(factors))).toEqual(Array.from(plain, (y, i) => Math.fround(factors[i]! * y)));
    });

    it('that carry a gradient out of float32 are not hidden', async () => {
      const job = {
        kind: 'surrogate_grad',
        x: Float64Array.of(0),
        surrogates: [{ name: 'sigmoid', parameters: { alpha: 25 } }],
        cotangent: 1e38,
      } as const;
      expect((await resultOf(backend, job))[0]!.grad[0]).toBe(Infinity);
    });
  });

  it.each([0, 1, 3, 4, 5, 15, 16, 17, 1000])('gives %d values the same, whatever stands beside them', async (length) => {
    const surrogates = [
      { name: 'arctan', parameters: { alpha: 1 } },
      { name: 'q_pseudo_spike', parameters: { alpha: 2 } },
    ];
    const points = x.subarray(0, length);
    const whole = await resultOf(backend, { kind: 'surrogate_grad', x, surrogates, cotangent: 1 });
    const part = await resultOf(backend, { kind: 'surrogate_grad', x: points, surrogates, cotangent: 1 });
    expect(part.map(({ grad }) => Array.from(grad))).toEqual(whole.map(({ grad }) => Array.from(grad.subarray(0, length))));
  });
}
