import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileNumberCodec } from '../../src/codecs/json-numbers/index.ts';
import { InlineJsonReader } from '../../src/codecs/json-reader.ts';
import { loadConfig } from '../../src/config/config.ts';
import { Problem } from '../../src/errors/problems.ts';
import type { BodyForm } from '../../src/requests/bodies/body.ts';
import type { Operation } from '../../src/requests/plan.ts';
import { planOfBody, type JsonParser } from '../../src/requests/bodies/body-to-plan.ts';
import { numRuns } from '../thorough.ts';

const { limits } = loadConfig({});
await compileNumberCodec();
const numbers = new InlineJsonReader();

/** The plan of a body, or its errors. */
function read(operation: Operation, form: BodyForm, text: string, parser?: JsonParser): unknown {
  const bytes = Buffer.from(text);
  try {
    return planOfBody(operation, { form, bytes, jsonBytes: bytes.length, query: {} }, limits, parser);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { code, message, errors } = error;
    return { code, message, errors };
  }
}

const value = fc.oneof(
  { weight: 60, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 'x', true, 1e39, [], [1], {}) },
);
const many = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 66, max: 80 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) });
const list = many.chain((length) => fc.array(value, { minLength: length, maxLength: length }));
const tensor: fc.Arbitrary<unknown> = fc.oneof(
  list,
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), many)
    .chain(([rows, length]) => fc.array(fc.array(value, { minLength: length, maxLength: length }), { minLength: rows, maxLength: rows })),
  fc.tuple(list, list),
  list.map((data) => ({ shape: [data.length], data })),
  fc.tuple(list, fc.jsonValue()).map(([data, shape]) => ({ shape, data })),
  list.map((linspace) => ({ linspace })),
  fc.tuple(list, list).map(([shape, base64]) => ({ dtype: 'float32', shape, base64 })),
  fc.constantFrom(1.5, '1', null),
);
const grad = fc.record(
  { x: tensor, surrogate: fc.oneof(fc.constant('sigmoid'), tensor), cotangent: tensor },
  { requiredKeys: ['x', 'surrogate'] },
);
const neuron = fc.record({ tau: tensor, v_init: tensor }, { requiredKeys: [] });
const loss = fc.oneof(
  fc.record({ type: fc.constant('firing_rate_mse'), target: tensor }),
  fc.record({ type: fc.constant('cotangent'), v: tensor, spikes: tensor }, { requiredKeys: ['type', 'v'] }),
);
const lif = fc.record(
  { current: tensor, steps: fc.oneof(fc.constant(5), tensor), neuron, loss, wrt: fc.oneof(fc.constant(['current', 'tau']), tensor) },
  { requiredKeys: ['current', 'steps'] },
);
const inference = fc.record({
  inputs: fc.array(
    fc.record({
      name: fc.constantFrom('x', 'cotangent'),
      datatype: fc.constant('FP32'),
      shape: fc.oneof(fc.constant([70]), tensor),
      data: tensor,
    }),
    { maxLength: 2 },
  ),
  parameters: fc.constant({ surrogate: 'sigmoid' }),
});

describe('a request whose arrays of numbers are read from the bytes', () => {
  it.each<[string, Operation, BodyForm, fc.Arbitrary<unknown>]>([
    ['gradients of surrogates', 'surrogate_grad', 'json', grad],
    ['gradients through neurons', 'lif_grad', 'json', lif],
    ['the inference protocol', 'surrogate_grad', 'inference', inference],
    ['a frame without bytes behind it', 'surrogate_grad', 'framed', grad],
  ])('is read or refused as by JSON.parse: %s', (_name, operation, form, request) => {
    fc.assert(
      fc.property(request, (data) => {
        const text = JSON.stringify(data);
        expect(read(operation, form, text, numbers), text.slice(0, 300)).toEqual(read(operation, form, text));
      }),
      { numRuns: numRuns(2000) },
    );
  });

  it('gives the same error wherever it is cut off', () => {
    const text = JSON.stringify({ x: Array.from({ length: 100 }, (_, i) => i / 8), surrogate: 'sigmoid' });
    for (let length = 0; length <= text.length; length++) {
      const cut = text.slice(0, length);
      expect(read('surrogate_grad', 'json', cut, numbers)).toEqual(read('surrogate_grad', 'json', cut));
    }
  });
});
