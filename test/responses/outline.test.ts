import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferenceAnswer, npyFile } from '../../src/responses/formats.ts';
import {
  answerSize,
  checkAnswerSize,
  requireOneTensor,
  responseOutline,
  type AnswerFormat,
  type ResponseOutline,
} from '../../src/responses/outline.ts';
import { respond, responseTree } from '../../src/responses/response.ts';
import { NotFiniteError } from '../../src/codecs/answer-tree.ts';
import { encodeAnswer, type EncodedAnswer } from '../../src/codecs/answer-json.ts';
import { bytesOf } from '../../src/codecs/chunks.ts';
import { compute } from '../../src/compute/backends/reference/reference-backend.ts';
import { dtypeOf, records } from '../../src/compute/jobs.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { planOf } from '../../src/requests/operations.ts';
import type { Operation } from '../../src/requests/plan.ts';

const limits = { bodyBytes: 1e9, neuronSteps: 1e10, referenceNeuronSteps: 1e10, resultValues: 2 ** 25, streamedValues: 2 ** 28 };

/** Bytes of a computed plan's answer in a format; undefined where the format cannot hold it, or a refusal is answered, since a number is not finite. */
async function answerIn(format: AnswerFormat, outline: ResponseOutline): Promise<number | undefined> {
  const { job, reply } = outline.plan;
  const response = await respond(outline, {
    result: compute(job),
    backend: { name: 'reference', device: 'cpu', dtype: 'float64' },
    queueMs: 0.1234,
    computeMs: 1e6,
    fallback: { from: 'tensorflow', reason: 'not_accepted' },
  });
  const dtype = dtypeOf(job);
  const encode = (): EncodedAnswer | undefined => {
    if (format === 'inference') return inferenceAnswer(response, reply!, dtype);
    if (format !== 'npy') return encodeAnswer(responseTree(response), { encoding: format, dtype });
    try {
      requireOneTensor(outline);
    } catch {
      return undefined;
    }
    return npyFile(response, dtype);
  };
  try {
    const encoded = encode();
    if (encoded === undefined) return undefined;
    let bytes = 0;
    for await (const chunk of bytesOf([...encoded.text, ...encoded.tensors])) bytes += chunk.length;
    return bytes;
  } catch (error) {
    if (error instanceof NotFiniteError) return undefined;
    throw error;
  }
}

const number = fc.oneof(fc.double({ min: -3, max: 3, noNaN: true }), fc.constantFrom(0, 1, -1.2345678e-7));
const filled = (shape: number[]): fc.Arbitrary<object> =>
  fc
    .array(number, { minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) })
    .map((data) => ({ shape, data }));
const tensor = fc
  .array(fc.constantFrom<number>(1, 1, 2, 3, 5, 0), { maxLength: 12 })
  .filter((shape) => shape.reduce((a, b) => a * b, 1) < 200)
  .chain(filled);
const surrogate = fc.array(fc.constantFrom(...catalogue.keys()), { minLength: 1, maxLength: 4 });
const dtype = fc.constantFrom('float32', 'float64');
const lif = fc
  .record({ neurons: fc.constantFrom(0, 1, 2, 7), steps: fc.constantFrom(1, 2, 13) })
  .chain(({ neurons, steps }) =>
    fc.record({
      current: fc.oneof(filled([neurons]), filled([neurons, steps]), filled([1, steps]), fc.constant(30)),
      steps: fc.constant(steps),
      dt: fc.constantFrom(0.1, 1 / 3, 1e-9),
      neuron: fc.record({ tau: fc.constantFrom({ linspace: [1, 20, neurons] }, 10), v_threshold: fc.constantFrom(0.001, 1) }),
      dtype,
    }),
  );
const networkRequests = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 30 }), dtype, fc.boolean())
  .chain(([samples, neurons, steps, type, timeFirst]) => {
    const wave = (length: number) => Array.from({ length }, (_, i) => 1e3 * Math.sin(i));
    const shape = timeFirst ? [steps, samples, 2] : [samples, 2, steps];
    const network = {
      input: { shape, data: wave(2 * samples * steps) },
      time_axis: timeFirst ? 0 : -1,
      layers: [{ weight: { shape: [neurons, 2], data: wave(2 * neurons) }, neuron: { tau: 7 } }],
      dtype: type,
    };
    const recorded = fc.subarray(['spikes', 'v', 'v_final'], { minLength: 1 }).map((record) => record.map((name) => `layers/0/${name}`));
    const wrt = fc.subarray(['layers/0/weight', 'layers/0/neuron/tau', 'input'], { minLength: 1 });
    return fc.oneof(
      recorded.map((record): [Operation, object] => ['network_simulate', { ...network, record }]),
      wrt.map((names): [Operation, object] => ['network_grad', { ...network, wrt: names, loss: { type: 'v_mse', target: 1 } }]),
    );
  });
const requests: fc.Arbitrary<[Operation, object]> = fc.oneof(
  networkRequests,
  fc
    .record({ x: tensor, surrogate, dtype, outputs: fc.subarray(['spike', 'value'], { minLength: 1 }) })
    .map((request): [Operation, object] => ['surrogate_eval', request]),
  fc.record({ x: tensor, surrogate, dtype }).map((request): [Operation, object] => ['surrogate_grad', request]),
  fc
    .tuple(lif, fc.subarray(Object.keys(records), { minLength: 1 }))
    .map(([request, record]): [Operation, object] => ['lif_simulate', { ...request, record }]),
  fc
    .tuple(lif, surrogate, fc.subarray(['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'], { minLength: 1 }))
    .map(([request, chosen, wrt]): [Operation, object] => ['lif_grad', { ...request, surrogate: chosen, wrt }]),
);

describe('the size of an answer', () => {
  it.each(['json', 'base64', 'framed', 'npy', 'inference'] as const)('is an upper bound of its bytes (%s)', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        requests,
        fc.constantFrom<readonly string[] | 'all'>([], 'all', ['grad', 'loss', 'spike_times']),
        async ([operation, request], binary) => {
          const outline = responseOutline({
            ...planOf(operation, request, limits),
            ...(format === 'inference' && { reply: { id: '\u0001"ü', binary, json: [] } }),
          });
          const bytes = await answerIn(format, outline);
          if (bytes !== undefined) expect(answerSize(outline, format).bytes).toBeGreaterThanOrEqual(bytes);
        },
      ),
    );
  });

  it.each(['json', 'base64', 'framed', 'npy'] as const)('is at most three times the bytes of ordinary numbers (%s)', async (format) => {
    const x = Array.from({ length: 5000 }, (_, i) => 3 * Math.sin(i));
    for (const request of [
      { x, surrogate: 'sigmoid' },
      { x: { shape: [1250, 2, 2], data: x }, surrogate: 'arctan' },
    ]) {
      const outline = responseOutline(planOf('surrogate_grad', request, limits));
      expect(answerSize(outline, format).bytes).toBeLessThanOrEqual(3 * (await answerIn(format, outline))!);
    }
  });

  it('separates the bytes that are computed while the answer is sent', () => {
    const plan = planOf('lif_simulate', { current: { linspace: [0, 2, 10_000] }, steps: 1000, record: ['v', 'v_final'] }, limits);
    const { bytes, streamedBytes } = answerSize(responseOutline(plan), 'json');
    expect(streamedBytes).toBeGreaterThan(1e8);
    expect(bytes - streamedBytes).toBeLessThan(1e6);
  });

  it('counts the brackets of empty rows, and refuses too many of them', () => {
    const x = { shape: [65_536, ...new Array<number>(62).fill(1), 0], data: [] };
    const few = responseOutline(planOf('surrogate_eval', { x, surrogate: 'erf' }, limits));
    expect(() => {
      checkAnswerSize(few, 'json', limits);
    }).not.toThrow();
    const many = responseOutline(planOf('surrogate_eval', { x, surrogate: new Array(1024).fill('erf') }, limits));
    expect(() => {
      checkAnswerSize(many, 'json', limits);
    }).toThrow(/an estimated \d+ bytes; the limit is 1074790400/);
    expect(() => {
      checkAnswerSize(many, 'framed', limits);
    }).not.toThrow();
  });
});
