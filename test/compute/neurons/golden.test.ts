import { afterAll, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { materialize } from '../../../src/compute/numbers.ts';
import type { Dtype, Quantity } from '../../../src/compute/jobs.ts';
import { goldenJobs, goldenNeurons, type GoldenNeuron } from '../support/golden-neurons.ts';
import { inline, resultOf } from '../support/jobs.ts';

/** A case's numbers by name. */
type Numbers = ReadonlyMap<string, readonly number[]>;

function expectedNumbers({ spikes, v, loss, grad, request }: GoldenNeuron): Numbers {
  return new Map<string, readonly number[]>([
    ['v', v.flat()],
    ...(spikes ? [['spikes', spikes.flat()] as const] : []),
    ...(request.wrt.length > 0 ? [['loss', [loss]] as const] : []),
    ...Object.entries(grad).map(([name, values]) => [`grad ${name}`, [values].flat<unknown[], 2>(2) as number[]] as const),
  ]);
}

interface Run {
  readonly dtype: Dtype;
  /** What the current is multiplied by. */
  readonly factor?: number;
}

async function numbersOf(backend: Backend, golden: GoldenNeuron, { dtype, factor = 1 }: Run): Promise<Numbers> {
  const { simulate, grad } = goldenJobs(golden);
  const problem = { ...simulate.problem, current: scaled(simulate.problem.current, factor) };
  const { series } = await resultOf(backend, { ...simulate, problem, dtype });
  const found = new Map(Object.entries(series).map(([name, values]) => [name, Array.from(values)]));
  if (grad === undefined) return found;
  const [gradients] = await resultOf(backend, { ...grad, problem, dtype });
  found.set('loss', [Array.from(gradients!.loss).reduce((a, b) => a + b, 0)]);
  for (const [name, values] of Object.entries(gradients!.grad))
    found.set(`grad ${name}`, typeof values === 'number' ? [values] : [...values]);
  return found;
}

function scaled(quantity: Quantity, factor: number): Quantity {
  return quantity.per === 'scalar' ? quantity : { ...quantity, values: materialize(quantity.values).map((value) => value * factor) };
}

/** The largest difference of each, relative to the largest number of its kind. */
function errors(actual: Numbers, expected: Numbers): Map<string, number> {
  return new Map(
    Array.from(expected, ([name, values]) => {
      const mine = actual.get(name) ?? [];
      expect(mine.length).toBe(values.length);
      const largest = Math.max(...values.map(Math.abs), 1e-300);
      return [name, Math.max(...values.map((value, i) => Math.abs(mine[i]! - value))) / largest];
    }),
  );
}

const reference = new ReferenceBackend();
const wasm = await WasmBackend.create({ ...inline, warmUp: 'minimal' });

describe("the libraries' own numbers", () => {
  afterAll(() => wasm.close());

  describe.each([
    ['reference', reference],
    ['wasm', wasm],
  ] as const)('on %s in float64', (_, backend) => {
    it.each(goldenNeurons)('%s', async (_title, golden) => {
      const found = errors(await numbersOf(backend, golden, { dtype: 'float64' }), expectedNumbers(golden));
      expect([...found].filter(([, error]) => !(error < 1e-9))).toEqual([]);
    });
  });

  // Float32 rounds the current, and everything that is computed from it: each by as much as one rounding of the current, or of the result.
  it.each(goldenNeurons)('on wasm in float32: %s', async (_, golden) => {
    const expected = expectedNumbers(golden);
    const moves = await Promise.all(
      [1 + 2 ** -24, 1 - 2 ** -24].map(async (factor) =>
        errors(await numbersOf(reference, golden, { dtype: 'float64', factor }), expected),
      ),
    );
    const tolerance = 20 * Math.max(2 ** -24, ...moves.flatMap((move) => [...move.values()]));
    const found = errors(await numbersOf(wasm, golden, { dtype: 'float32' }), expected);
    expect(found.get('spikes') ?? 0).toBeLessThan(1e-7);
    expect([...found].filter(([, error]) => !(error <= tolerance))).toEqual([]);
  });
});
