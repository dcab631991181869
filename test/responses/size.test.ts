import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerFields } from '../../src/responses/answer.ts';
import { inferenceAnswer } from '../../src/responses/inference.ts';
import { metaNode } from '../../src/responses/meta.ts';
import { npyChunks } from '../../src/responses/npy.ts';
import { answerSize, checkAnswerSize, type AnswerFormat } from '../../src/responses/size.ts';
import { encodeAnswer, type EncodedAnswer } from '../../src/codecs/answer-json.ts';
import { bytesOf } from '../../src/codecs/chunks.ts';
import { compute } from '../../src/compute/backends/reference/reference-backend.ts';
import { differentiable, dtypeOf, recordable } from '../../src/compute/jobs.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { requireOneTensor } from '../../src/requests/npy-request.ts';
import { planOf } from '../../src/requests/operations.ts';
import type { Operation, Plan } from '../../src/requests/plan.ts';

const limits = { bodyBytes: 1e9, neuronSteps: 1e10, referenceNeuronSteps: 1e10, resultValues: 2 ** 25, streamedValues: 2 ** 28 };

/** A computed plan's answer in a format; undefined where it has no such form. */
async function answerIn(format: AnswerFormat, operation: Operation, plan: Plan): Promise<number | undefined> {
  const meta = metaNode({
    backend: { name: 'reference', device: 'cpu', dtype: 'float64' },
    queueMs: 0.1234,
    computeMs: 1e6,
    fallback: { from: 'tensorflow', reason: 'not_accepted' },
  });
  const fields = { ...((await answerFields<never>(operation as never, plan as never, compute(plan.job) as never)) as object), meta };
  const dtype = dtypeOf(plan.job);
  const encode = (): EncodedAnswer | undefined => {
    if (format === 'inference') return inferenceAnswer(operation, fields, plan.reply!, dtype);
    if (format !== 'npy') return encodeAnswer(fields, { encoding: format, dtype });
    try {
      requireOneTensor(plan);
    } catch {
      return undefined;
    }
    return { text: [], tensors: npyChunks(fields, dtype) };
  };
  const encoded = encode();
  if (encoded === undefined) return undefined;
  let bytes = 0;
  for await (const chunk of bytesOf([...encoded.text, ...encoded.tensors])) bytes += chunk.length;
  return bytes;
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
const requests: fc.Arbitrary<[Operation, object]> = fc.oneof(
  fc
    .record({ x: tensor, surrogate, dtype, outputs: fc.subarray(['spike', 'value'], { minLength: 1 }) })
    .map((request): [Operation, object] => ['surrogate_eval', request]),
  fc.record({ x: tensor, surrogate, dtype }).map((request): [Operation, object] => ['surrogate_grad', request]),
  fc
    .tuple(lif, fc.subarray([...recordable], { minLength: 1 }))
    .map(([request, record]): [Operation, object] => ['lif_simulate', { ...request, record }]),
  fc
    .tuple(lif, surrogate, fc.subarray([...differentiable], { minLength: 1 }))
    .map(([request, chosen, wrt]): [Operation, object] => ['lif_grad', { ...request, surrogate: chosen, wrt }]),
);

describe('the size of an answer', () => {
  it.each(['json', 'base64', 'framed', 'npy', 'inference'] as const)('is no less than its bytes (%s)', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        requests,
        fc.constantFrom<readonly string[] | 'all'>([], 'all', ['grad', 'loss', 'spike_times']),
        async ([operation, request], binary) => {
          const plan = {
            ...planOf(operation, request, limits),
            ...(format === 'inference' && { reply: { id: '\u0001"ü', binary, json: [] } }),
          };
          const bytes = await answerIn(format, operation, plan);
          if (bytes !== undefined) expect(answerSize<never>(operation as never, plan as never, format).bytes).toBeGreaterThanOrEqual(bytes);
        },
      ),
    );
  });

  it.each(['json', 'base64', 'framed', 'npy'] as const)('is at most three times that of ordinary numbers (%s)', async (format) => {
    const x = Array.from({ length: 5000 }, (_, i) => 3 * Math.sin(i));
    for (const request of [
      { x, surrogate: 'sigmoid' },
      { x: { shape: [1250, 2, 2], data: x }, surrogate: 'arctan' },
    ]) {
      const plan = planOf('surrogate_grad', request, limits);
      expect(answerSize('surrogate_grad', plan, format).bytes).toBeLessThanOrEqual(3 * (await answerIn(format, 'surrogate_grad', plan))!);
    }
  });

  it('leaves apart what is computed while the answer leaves', () => {
    const plan = planOf('lif_simulate', { current: { linspace: [0, 2, 10_000] }, steps: 1000, record: ['v', 'v_final'] }, limits);
    const { bytes, streamedBytes } = answerSize('lif_simulate', plan, 'json');
    expect(streamedBytes).toBeGreaterThan(1e8);
    expect(bytes - streamedBytes).toBeLessThan(1e6);
  });

  it('counts rows without numbers by their brackets, and refuses more of them than numbers may be answered', () => {
    const x = { shape: [65_536, ...new Array<number>(62).fill(1), 0], data: [] };
    const few = planOf('surrogate_eval', { x, surrogate: 'erf' }, limits);
    expect(() => {
      checkAnswerSize('surrogate_eval', few, 'json', limits);
    }).not.toThrow();
    const many = planOf('surrogate_eval', { x, surrogate: new Array(1024).fill('erf') }, limits);
    expect(() => {
      checkAnswerSize('surrogate_eval', many, 'json', limits);
    }).toThrow(/an estimated \d+ bytes; the limit is 1074790400/);
    expect(() => {
      checkAnswerSize('surrogate_eval', many, 'framed', limits);
    }).not.toThrow();
  });
});
