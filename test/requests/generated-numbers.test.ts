import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { responseOutline } from '../../src/responses/outline.ts';
import { dryRunResponse } from '../../src/responses/response.ts';
import { npyHeader } from '../../src/codecs/npy.ts';
import { materialize } from '../../src/compute/numbers.ts';
import { loadConfig } from '../../src/config/config.ts';
import { Problem } from '../../src/errors/problems.ts';
import type { BodyForm } from '../../src/requests/bodies/body.ts';
import type { Operation, Plans } from '../../src/requests/plan.ts';
import { planOfBody } from '../../src/requests/bodies/body-to-plan.ts';
import { numRuns } from '../thorough.ts';

const { limits } = loadConfig({});

function read<O extends Operation>(operation: O, body: object | Buffer): Plans[O] {
  const form: BodyForm = Buffer.isBuffer(body) ? 'npy' : 'json';
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return planOfBody(operation, { form, bytes, jsonBytes: bytes.length, query: {} }, limits);
}

function problemOf(operation: Operation, body: object): Problem | undefined {
  try {
    read(operation, body);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const many = 2 ** 25;
const line = { linspace: [8, 13, many] };
const neuron = { tau: line, v_threshold: line, v_reset: line, v_rest: line, resistance: line, v_init: line };
const row = { shape: [1, 64], data: Array.from({ length: 64 }, (_, t) => t / 40) };
const fewer = { linspace: [0, 3, 2 ** 23] };
const each = { linspace: [8, 13, 2 ** 19] };

describe('numbers that a request describes', () => {
  const arrays = ['Float32Array', 'Float64Array'] as const;
  const originals = arrays.map((name) => globalThis[name]);
  let allocated = 0;
  beforeEach(() => {
    allocated = 0;
    for (const name of arrays) {
      const counted = new Proxy(globalThis[name], {
        construct(target, args: [unknown], newTarget) {
          const array = Reflect.construct(target, args, newTarget) as Float64Array;
          // A view on a body allocates nothing.
          if (!(args[0] instanceof ArrayBuffer)) allocated += array.length;
          return array;
        },
      });
      Object.assign(globalThis, { [name]: counted });
    }
  });
  afterEach(() => {
    for (const [i, name] of arrays.entries()) Object.assign(globalThis, { [name]: originals[i] });
  });

  const requests: readonly (readonly [string, Operation, object])[] = [
    ['x', 'surrogate_eval', { x: line, surrogate: 'erf', outputs: ['value'] }],
    ['x and its cotangents', 'surrogate_grad', { x: line, surrogate: 'erf', cotangent: line }],
    ['a cotangent for all of x', 'surrogate_grad', { x: line, surrogate: 'erf', cotangent: [1] }],
    ['everything of each neuron', 'lif_simulate', { current: line, steps: 10, neuron, record: ['v_final'] }],
    ['targets', 'lif_grad', { current: fewer, steps: 10, loss: { type: 'firing_rate_mse', target: fewer }, wrt: ['tau'] }],
    [
      'a row of currents, and one of cotangents',
      'lif_grad',
      { current: row, neuron: { tau: each }, loss: { type: 'cotangent', spikes: row, v: row }, wrt: ['tau'] },
    ],
    ['currents in a run that is streamed', 'lif_simulate', { current: row, neuron: { tau: each }, record: ['spikes', 'v'] }],
  ];
  it.each(requests)('are not generated while it is read or described: %s', (_, operation, request) => {
    const plan = read(operation, request);
    const estimate = { backend: { name: 'wasm', device: 'cpu', dtype: 'float32' }, computeMs: 0, queueMs: 0 } as const;
    const answer = dryRunResponse(responseOutline(plan), estimate) as { estimate: { memory_bytes: number } };
    expect(allocated).toBeLessThan(10_000);
    // The memory for them is part of the estimate.
    const counts = Array.from(JSON.stringify(request).matchAll(/"linspace":\[\d+,\d+,(\d+)\]/g), ([, count]) => Number(count));
    expect(answer.estimate.memory_bytes).toBeGreaterThanOrEqual(4 * counts.reduce((sum, count) => sum + count));
  });

  it('are not generated for a request that is refused', () => {
    expect(problemOf('lif_grad', { current: line, steps: 10, neuron, dt: -1 })?.errors).toEqual([
      { path: '/dt', message: expect.any(String) as string },
    ]);
    expect(problemOf('lif_grad', { current: line, steps: 1e6, neuron })?.code).toBe('too_much_work');
    expect(problemOf('surrogate_grad', { x: line, cotangent: { linspace: [0, 1, 7] }, surrogate: 'erf' })?.errors?.[0]?.path).toBe(
      '/cotangent',
    );
    expect(allocated).toBeLessThan(10_000);
  });

  it('in Fortran order are reordered later', () => {
    const size = 2 ** 18;
    const header = npyHeader('float32', [size / 64, 64])
      .toString('latin1')
      .replace("'fortran_order': False", "'fortran_order': True ");
    const plan = read('lif_simulate', Buffer.concat([Buffer.from(header, 'latin1'), Buffer.alloc(4 * size)]));
    expect(plan.job.problem).toMatchObject({ neurons: size / 64, steps: 64 });
    expect(allocated).toBeLessThan(10_000);
  });
});

describe('tau', () => {
  const tauProblem = (tau: object) => problemOf('lif_grad', { current: 1, steps: 3, neuron: { tau } })?.errors;

  it('of a linspace is refused like an array of the same numbers', () => {
    const end = fc.oneof(
      fc.integer({ min: -3, max: 30 }),
      fc.constantFrom(0, 1e-50, 2 ** -150, 2 ** -149, 2 ** -150 * (1 + 2 ** -52), 1e30),
    );
    fc.assert(
      fc.property(end, end, fc.integer({ min: 2, max: 60 }), (first, last, count) => {
        const described = { linspace: [first, last, count] };
        const numbers = Array.from(materialize(read('surrogate_grad', { x: described, surrogate: 'erf' }).job.x));
        expect(tauProblem(described)).toEqual(tauProblem(numbers));
      }),
      { numRuns: numRuns(500) },
    );
  });

  it.each([
    [[1, -1, many], `/neuron/tau/${many / 2}`],
    [[-1, 1e9, many], '/neuron/tau/0'],
    [[5, 0, many], `/neuron/tau/${many - 1}`],
  ])('of a long linspace %j is checked in no time', (linspace, first) => {
    const start = performance.now();
    expect(tauProblem({ linspace })?.[0]?.path).toBe(first);
    expect(performance.now() - start).toBeLessThan(50);
  });
});
