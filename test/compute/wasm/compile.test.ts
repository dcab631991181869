import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { SurrogateGradJob } from '../../../src/compute/jobs.ts';
import { resultOf } from '../support/jobs.ts';

/** As many kernels as it has surrogates: one for each number of terms. */
function series(from: number, to: number): SurrogateGradJob {
  const surrogates = Array.from({ length: to - from }, (_, i) => ({
    name: 'squarewave_fourier_series',
    parameters: { n: from + i, t_period: 8 },
  }));
  return { kind: 'surrogate_grad', x: Float64Array.of(-0.5, 0.1, 0.7), surrogates, cotangent: 1 };
}

const { Module } = WebAssembly;
let compiled = 0;
class CountedModule extends Module {
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super(bytes);
    compiled++;
  }
}

let backend: WasmBackend;
let ticks: { most: number };
let looking: NodeJS.Immediate;
beforeEach(async () => {
  backend = await WasmBackend.create({ threads: 1 });
  WebAssembly.Module = CountedModule;
  compiled = 0;
  ticks = { most: 0 };
  let before = 0;
  const look = () => {
    ticks.most = Math.max(ticks.most, compiled - before);
    before = compiled;
    looking = setImmediate(look);
  };
  look();
});
afterEach(async () => {
  clearImmediate(looking);
  WebAssembly.Module = Module;
  await backend.close();
});

describe('kernels that are new', () => {
  it('are compiled one a tick', async () => {
    const computed = backend.run(series(1, 20));
    expect(compiled).toBe(1);
    const { result } = await computed;
    expect(compiled).toBe(19);
    expect(ticks.most).toBe(1);
    // Now that they are there, they run at once, to the same numbers.
    const again = backend.tryRunSync(series(1, 20));
    expect(again?.result).toEqual(result);
    expect(compiled).toBe(19);
  });

  it('are one for each length of a table, whatever its points', async () => {
    const table = (...grad: number[]) => ({ name: 'table', parameters: { x: grad.map((_, i) => i), grad } });
    const surrogates = [table(1, 2), table(3, 4), table(1, 2, 3), table(2, 3, 1)];
    const results = await resultOf(backend, { kind: 'surrogate_grad', x: Float64Array.of(0.5), surrogates, cotangent: 1 });
    expect(compiled).toBe(2);
    expect(results.map(({ grad }) => grad[0])).toEqual([1.5, 3.5, 1.5, 2.5]);
  });

  it('are compiled one a tick for several jobs together', async () => {
    const computed = Array.from({ length: 10 }, (_, i) => backend.run(series(1 + i, 2 + i)));
    expect(computed.filter((one) => !(one instanceof Promise))).toHaveLength(1);
    const results = await Promise.all(computed.map((one) => Promise.resolve(one)));
    expect(compiled).toBe(10);
    expect(ticks.most).toBe(1);
    expect(results.map(({ result }) => result[0])).toEqual(await resultOf(backend, series(1, 11)));
  });

  it('are compiled no further once their job is stopped', async () => {
    const controller = new AbortController();
    const stopped = expect(backend.run(series(1, 40), undefined, controller.signal)).rejects.toThrow('enough');
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 5);
    await stopped;
    const then = compiled;
    expect(then).toBeLessThan(39);
    for (let tick = 0; tick < 10; tick++) await new Promise((resolve) => setImmediate(resolve));
    expect(compiled).toBe(then);
  });

  it('count in what a job is estimated to take, each once', async () => {
    const job = series(1, 11);
    const twice = { ...job, surrogates: [...job.surrogates, ...job.surrogates] };
    expect(backend.estimateMs(job)).toBeGreaterThan(100);
    expect(backend.estimateMs(twice)).toBeLessThan(1.1 * backend.estimateMs(job));
    await backend.run(job);
    expect(backend.estimateMs(twice)).toBeLessThan(1);
  });
});
