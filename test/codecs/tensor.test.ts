import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOf, type Tensor } from '../../src/codecs/ndarray.ts';
import { decodeTensor } from '../../src/codecs/tensor.ts';
import { loadConfig } from '../../src/config/config.ts';
import { materialize, type Values } from '../../src/compute/numbers.ts';
import { InputErrors } from '../../src/errors/input-errors.ts';
import { Problem } from '../../src/errors/problems.ts';

const { limits } = loadConfig({});

function decode(value: unknown): { readonly shape: Tensor['shape']; readonly values: Values } {
  const errors = new InputErrors();
  const tensor = decodeTensor(value, '/x', errors, limits);
  errors.throwIfAny();
  return { shape: tensor!.shape, values: materialize(tensor!.values) };
}

function refusal(value: unknown): Problem {
  try {
    decode(value);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(value)} was accepted`);
}

type Nested = number | Nested[];

function nest(values: readonly number[], shape: readonly number[]): Nested {
  if (shape.length === 0) return values[0]!;
  const [length, ...rest] = shape as [number, ...number[]];
  const stride = sizeOf(rest);
  return Array.from({ length }, (_, i) => nest(values.slice(i * stride, (i + 1) * stride), rest));
}

const numbers = fc.float({ noNaN: true, noDefaultInfinity: true });
/** Shapes whose nested form shows them whole: behind an axis of length 0 nothing can be seen. */
const visible = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const tensors = visible.chain((shape) =>
  fc.tuple(fc.constant(shape), fc.array(numbers, { minLength: sizeOf(shape), maxLength: sizeOf(shape) })),
);

describe('decodeTensor', () => {
  it('reads the same tensor from every form', () => {
    fc.assert(
      fc.property(tensors, ([shape, data]) => {
        const float32 = Buffer.from(Float32Array.from(data).buffer).toString('base64');
        const float64 = Buffer.from(Float64Array.from(data).buffer).toString('base64');
        for (const form of [
          nest(data, shape),
          { shape, data },
          { dtype: 'float32', shape, base64: float32 },
          { dtype: 'float64', shape, base64: float64 },
        ]) {
          const tensor = decode(form);
          expect(tensor.shape).toEqual(shape);
          expect(Array.from(tensor.values)).toEqual(data);
        }
      }),
    );
  });

  it('keeps float64 numbers of JSON', () => {
    expect(decode([0.1, 1e-300]).values).toEqual(Float64Array.of(0.1, 1e-300));
  });

  it.each<[unknown, number[]]>([
    [1.5, []],
    [[], [0]],
    [
      [[], []],
      [2, 0],
    ],
    [{ shape: [], data: [3] }, []],
    [{ shape: [0, 5], data: [] }, [0, 5]],
    [{ dtype: 'float64', shape: [2, 0], base64: '' }, [2, 0]],
    [{ linspace: [0, 1, 0] }, [0]],
  ])('reads the shape of %j', (value, shape) => {
    expect(decode(value).shape).toEqual(shape);
  });

  it('makes linspace as numpy does', () => {
    expect(Array.from(decode({ linspace: [3, 9, 1] }).values)).toEqual([3]);
    expect(Array.from(decode({ linspace: [1, 0, 5] }).values)).toEqual([1, 0.75, 0.5, 0.25, 0]);
    fc.assert(
      fc.property(numbers, numbers, fc.integer({ min: 2, max: 100 }), (first, last, count) => {
        const { values } = decode({ linspace: [first, last, count] });
        expect(values.length).toBe(count);
        // Equal but for the sign of a zero, which is that of 0 * step + first, in numpy too.
        expect(first === values[0]).toBe(true);
        expect(values[count - 1]).toBe(last);
      }),
    );
  });

  it.each<[string, unknown, string, string]>([
    ['null', null, '/x', 'got null'],
    ['a string', '1', '/x', 'got "1"'],
    ['a boolean', true, '/x', 'got true'],
    ['null in a row', [[1, null]], '/x/0/1', 'got null'],
    ['a string in a row', [1, '1'], '/x/1', 'got "1"'],
    ['an infinite number', JSON.parse('[1e999]'), '/x/0', '1e999'],
    ['a number beyond float32', [3.5e38], '/x/0', "float32's range"],
    ['a number that rounds to infinity', 3.4028235677973366e38, '/x', "float32's range"],
    ['a short row', [[1, 2], [3]], '/x/1', 'has length 1, but /x/0 has length 2'],
    [
      'a row deep inside',
      [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      '/x/1/1',
      'has length 2, but /x/0/0 has length 1',
    ],
    ['a number among rows', [[1], 2], '/x/1', 'ragged'],
    ['a row among numbers', [1, [2]], '/x/1', 'ragged'],
    ['a shape that does not fit', { shape: [2, 2], data: [1, 2, 3] }, '/x', '[2, 2] needs 4 values, but data has 3'],
    ['a broken shape', { shape: [-1], data: [] }, '/x/shape/0', 'got -1'],
    ['no shape', { data: [1] }, '/x/shape', 'got undefined'],
    ['nested data', { shape: [1], data: [[1]] }, '/x/data/0', 'got an array of 1'],
    ['bytes that do not fit', { dtype: 'float32', shape: [3], base64: 'AACAPw==' }, '/x', 'needs 12 bytes, but base64 holds 4'],
    ['an unknown dtype', { dtype: 'float8', shape: [1], base64: 'AA==' }, '/x/dtype', '"bfloat16", got "float8"'],
    ['NaN in bytes', { dtype: 'float32', shape: [1], base64: 'AADAfw==' }, '/x/base64', 'NaN'],
    [
      'a float64 beyond float32 in bytes',
      { dtype: 'float64', shape: [1], base64: Buffer.from(Float64Array.of(1e39).buffer).toString('base64') },
      '/x/base64',
      '1e+39',
    ],
    ['a misspelt key', { shape: [1], data: [1], shap: 1 }, '/x/shap', 'did you mean "shape"?'],
    [
      'an unknown key',
      { shape: [1], data: [1], order: 'C' },
      '/x/order',
      'is not a field of this form of tensor, which has "shape", "data"',
    ],
    ['a fraction of a count', { linspace: [0, 1, 2.5] }, '/x/linspace/2', 'whole number'],
    ['a short linspace', { linspace: [0, 1] }, '/x/linspace', '[first, last, count]'],
    ['an empty object', {}, '/x', 'an empty object'],
  ])('refuses %s', (_name, value, path, message) => {
    const { code, errors } = refusal(value);
    expect(code).toBe('invalid_request');
    expect(errors![0]!.path).toBe(path);
    expect(errors![0]!.message).toContain(message);
  });

  it('reports several errors, and stops at 20', () => {
    expect(refusal([null, 1, '2']).errors).toHaveLength(2);
    expect(refusal(new Array(1e6).fill(null)).errors).toHaveLength(20);
  });

  it('does not believe a ragged body about its size', () => {
    const row = new Array(1e5).fill(0);
    expect(refusal([[row], ...new Array<number>(1e5).fill(0)]).errors).toHaveLength(20);
  });

  it('refuses more dimensions than numpy has', () => {
    let deep: Nested = 1;
    for (let i = 0; i < 65; i++) deep = [deep];
    expect(refusal(deep).message).toContain('64 dimensions');
  });

  it('refuses to make more numbers than the limit, and names both', () => {
    const { code, message } = refusal({ linspace: [0, 1, 1e12] });
    expect(code).toBe('too_much_work');
    expect(message).toContain('1000000000000');
    expect(message).toContain(String(limits.resultValues));
  });
});
