import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAnswer, type AnswerForm } from '../../src/codecs/answer-json.ts';
import { AnswerNumber, AnswerRows, AnswerTensor, NotFiniteError, type AnswerNode } from '../../src/codecs/answer-tree.ts';

/** The text of an answer. */
const encodeJson = (node: AnswerNode, as: AnswerForm): Buffer =>
  Buffer.concat(
    encodeAnswer(node, as).text.flatMap((chunk) => (typeof chunk === 'function' ? [...(chunk() as Iterable<Uint8Array>)] : [chunk])),
  );
const form: AnswerForm = { encoding: 'json', dtype: 'float32' };
const json = (node: AnswerNode): string => encodeJson(node, form).toString();
const numbers = fc.float({ noNaN: true, noDefaultInfinity: true });

describe('encodeJson', () => {
  it('writes tensors as nested arrays', () => {
    const values = Float32Array.of(1, 2.5, -0.1, 4, 5, 6);
    expect(json({ a: new AnswerTensor(values, [6]) })).toBe('{"a":[1,2.5,-0.1,4,5,6]}');
    expect(json(new AnswerTensor(values, [1, 2, 3]))).toBe('[[[1,2.5,-0.1],[4,5,6]]]');
    expect(json(new AnswerTensor(values.slice(0, 1), []))).toBe('1');
    expect(json(new AnswerTensor(new Float32Array(0), [0]))).toBe('[]');
    expect(json(new AnswerTensor(new Float32Array(0), [2, 0]))).toBe('[[],[]]');
    expect(json(new AnswerTensor(new Float32Array(0), [0, 3]))).toBe('[]');
    expect(json(new AnswerRows(Float64Array.of(10.9, 109 * 0.1, 3), Int32Array.of(0, 2, 2, 3), 'offsets'))).toBe('[[10.9,10.9],[],[3]]');
  });

  it('writes what is no tensor as JSON.stringify does', () => {
    const number = fc.oneof(
      fc.nat({ max: 2e9 }),
      fc.integer(),
      fc.constantFrom(-0, 1e9, 999_999_999, 1e21),
      fc.integer({ min: -3e9, max: 3e9 }).map((thousandths) => thousandths / 1000),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
    const scalars = fc.record({ number, text, yes: fc.boolean(), list: fc.array(fc.oneof(number, text, fc.boolean())) });
    fc.assert(
      fc.property(scalars, (fields) => {
        expect(json({ ...fields, empty: {} })).toBe(JSON.stringify({ ...fields, empty: {} }));
      }),
    );
  });

  it('reads back as the same float32, in either encoding', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (values) => {
        const tensor = new AnswerTensor(values, [values.length]);
        expect(Float32Array.from(JSON.parse(json(tensor)) as number[])).toEqual(values);
        const { dtype, shape, base64 } = JSON.parse(encodeJson(tensor, { ...form, encoding: 'base64' }).toString()) as {
          dtype: string;
          shape: number[];
          base64: string;
        };
        expect({ dtype, shape }).toEqual({ dtype: 'float32', shape: [values.length] });
        expect(new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)).toEqual(values);
      }),
    );
  });

  it('writes float64 values as float32', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const value = (a + b) / 3;
        expect(json(new AnswerNumber(value))).toBe(json(new AnswerNumber(Math.fround(value))));
      }),
    );
  });

  it('writes float64 with all its digits where that is asked for, in either encoding', () => {
    fc.assert(
      fc.property(fc.float64Array({ noNaN: true, noDefaultInfinity: true }), (values) => {
        const answer = {
          tensor: new AnswerTensor(values, [values.length]),
          rows: new AnswerRows(values, Int32Array.of(0, values.length), 'offsets'),
          number: new AnswerNumber(values[0] ?? 0.1),
        };
        const plain = JSON.parse(encodeJson(answer, { encoding: 'json', dtype: 'float64' }).toString()) as {
          tensor: number[];
          rows: number[][];
          number: number;
        };
        expect(Float64Array.from(plain.tensor)).toEqual(values);
        expect(Float64Array.from(plain.rows[0]!)).toEqual(values);
        expect(plain.number).toBe(values[0] ?? 0.1);
        const { tensor } = JSON.parse(encodeJson(answer, { encoding: 'base64', dtype: 'float64' }).toString()) as {
          tensor: { dtype: string; base64: string };
        };
        expect(tensor.dtype).toBe('float64');
        expect(new Float64Array(Uint8Array.from(Buffer.from(tensor.base64, 'base64')).buffer)).toEqual(values);
      }),
    );
  });

  it('leaves whole numbers as they are in float64', () => {
    const answer = { counts: new AnswerTensor(Int32Array.of(1, 20), [2]), spikes: new AnswerTensor(Uint8Array.of(0, 1), [2]) };
    expect(encodeJson(answer, { encoding: 'json', dtype: 'float64' }).toString()).toBe('{"counts":[1,20],"spikes":[0,1]}');
    expect(JSON.parse(encodeJson(answer, { encoding: 'base64', dtype: 'float64' }).toString())).toMatchObject({
      counts: { dtype: 'int32' },
      spikes: { dtype: 'uint8' },
    });
  });

  it('writes everything else as JSON.stringify does', () => {
    const node = { text: 'a "ü" \n', number: 0.1 + 0.2, flag: true, list: [1, 'x', []], empty: {} };
    expect(json(node)).toBe(JSON.stringify(node));
  });

  it('grows for long answers, and hands over bytes that later answers leave alone', () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i / 7);
    const first = encodeJson(new AnswerTensor(values, [3, 100_000]), form);
    const copy = Buffer.from(first);
    encodeJson(new AnswerTensor(values.fill(9), [300_000]), form);
    expect(first.equals(copy)).toBe(true);
    expect((JSON.parse(first.toString()) as number[][]).map((row) => row.length)).toEqual([100_000, 100_000, 100_000]);
  });

  it.each(['json', 'base64'] as const)('names the number that is not finite (%s)', (encoding) => {
    const values = Float64Array.of(1, 2, 3, 4, 1e39, 6);
    const answer = { results: [{ grad: { current: new AnswerTensor(values, [2, 3]) } }] };
    expect(() => encodeJson(answer, { ...form, encoding })).toThrow(new NotFiniteError('/results/0/grad/current', [1, 1], 'float32'));
    expect(json([1])).toBe('[1]');
    expect(JSON.parse(encodeJson(answer, { encoding: 'json', dtype: 'float64' }).toString())).toEqual({
      results: [
        {
          grad: {
            current: [
              [1, 2, 3],
              [4, 1e39, 6],
            ],
          },
        },
      ],
    });
    values[2] = Infinity;
    expect(() => encodeJson(answer, { encoding, dtype: 'float64' })).toThrow(
      new NotFiniteError('/results/0/grad/current', [0, 2], 'float64'),
    );
  });
});
