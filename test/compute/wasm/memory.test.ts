import { describe, expect, it } from 'vitest';
import { Arena } from '../../../src/compute/backends/wasm/arena.ts';
import { ArenaPool } from '../../../src/compute/backends/wasm/arena-pool.ts';
import { KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import { surrogateGradKernel } from '../../../src/compute/backends/wasm/surrogate-kernel.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { lifProblem, perStep, resultOf } from './support.ts';

describe('Arena', () => {
  it('grows as it is filled and keeps what is in it', () => {
    const arena = new Arena();
    const first = arena.putFloats(Float64Array.of(1, 2, 3), 4);
    const before = arena.byteLength;
    const second = arena.putFloats(new Float64Array(1e6).fill(7), 1e6);
    expect(arena.byteLength).toBeGreaterThan(before);
    expect(Array.from(arena.floats(first, 4))).toEqual([1, 2, 3, 0]);
    expect(arena.floats(second, 1e6).every((value) => value === 7)).toBe(true);
  });

  it('gives no two allocations the same bytes, until it is reset', () => {
    const arena = new Arena();
    const [first, second] = [arena.allocate(10), arena.allocate(10)];
    expect(second).toBeGreaterThanOrEqual(first + 10);
    arena.reset();
    expect(arena.allocate(10)).toBe(first);
  });

  it('refuses what a kernel cannot address', () => {
    expect(() => new Arena().allocate(2 ** 32)).toThrow(RangeError);
  });
});

describe('ArenaPool', () => {
  it('lends to a few at a time, in order', async () => {
    const pool = new ArenaPool();
    const lent = [await pool.take(), await pool.take()];
    const order: number[] = [];
    const waiting = [1, 2].map(async (who) => {
      const arena = await pool.take();
      order.push(who);
      return arena;
    });
    expect(order).toEqual([]);
    pool.giveBack(lent[0]!);
    expect(await waiting[0]).toBe(lent[0]);
    expect(order).toEqual([1]);
    pool.giveBack(lent[1]!);
    expect(await waiting[1]).toBe(lent[1]);
  });
});

describe('KernelCache', () => {
  it('compiles a kernel once and lets the one used longest ago go', async () => {
    const cache = await KernelCache.create(2);
    const printed: string[] = [];
    const get = (name: string) =>
      cache.get(name, () => {
        printed.push(name);
        return surrogateGradKernel({ name, integers: {} }, 'one');
      });
    const first = get('sigmoid');
    get('arctan');
    expect(get('sigmoid')).toBe(first);
    get('erf');
    expect(get('sigmoid')).toBe(first);
    get('arctan');
    expect(printed).toEqual(['sigmoid', 'arctan', 'erf', 'arctan']);
  });
});

describe('memory of a job', () => {
  it('does not grow with B x T unless that was asked for', async () => {
    const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: 0 });
    try {
      const problem = lifProblem(4000, 20_000);
      const job = {
        kind: 'lif_grad',
        problem,
        surrogates: [{ name: 'leaky_relu', parameters: { alpha: 0.1, beta: 1 } }],
        loss: { type: 'spike_count' },
        detachReset: false,
        wrt: ['current'],
      } as const;
      await resultOf(backend, { ...job, problem: lifProblem(4000, 100) });
      // Shared WebAssembly memory counts in the resident set only.
      const before = process.memoryUsage.rss();
      await resultOf(backend, job);
      // 4000 x 20,000 float32 would be 320 MB.
      expect(process.memoryUsage.rss() - before).toBeLessThan(64e6);
    } finally {
      await backend.close();
    }
  });
});

it('says what is wrong when a number leaves float32: the result is not finite, and no error', async () => {
  const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: Number.MAX_VALUE });
  try {
    // Forward Euler with dt/tau = 30 swings wider with every step.
    const problem = lifProblem(1, 200, { dt: 300, reset: 'none', current: perStep(1, 200, () => 1) });
    const { v_final } = await resultOf(backend, { kind: 'lif_simulate', problem, record: new Set(['v_final']) });
    expect(Number.isFinite(v_final![0])).toBe(false);
  } finally {
    await backend.close();
  }
});
