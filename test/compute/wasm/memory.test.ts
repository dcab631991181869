import { describe, expect, it } from 'vitest';
import { Arena } from '../../../src/compute/arena.ts';
import { ArenaStore } from '../../../src/compute/arena-store.ts';
import { ComputeError } from '../../../src/compute/backend.ts';
import { KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import { f32x4 } from '../../../src/compute/backends/wasm/lanes.ts';
import { surrogateGradKernel } from '../../../src/compute/backends/wasm/surrogate-kernel.ts';
import { WorkerPool } from '../../../src/compute/backends/wasm/worker-pool.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { Recordable } from '../../../src/compute/jobs.ts';
import { lifProblem, perStep, resultOf } from '../support/jobs.ts';

describe('Arena', () => {
  it('grows as it is filled and keeps what is in it', () => {
    const arena = new Arena();
    const first = arena.put('float32', Float64Array.of(1, 2, 3), 4);
    const before = arena.byteLength;
    const second = arena.put('float32', new Float64Array(1e6).fill(7), 1e6);
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

describe('ArenaStore', () => {
  it('hands out what came back, empty, unless it has grown too large', () => {
    const store = new ArenaStore();
    const first = store.take();
    const address = first.allocate(10);
    expect(store.take()).not.toBe(first);
    store.giveBack(first);
    expect(store.take()).toBe(first);
    expect(first.allocate(10)).toBe(address);
    first.allocate(300 * 2 ** 20);
    store.giveBack(first);
    expect(store.take()).not.toBe(first);
  });
});

describe('a lent arena', () => {
  it('is computed in: float32 that lie there are not copied, and neither are the results', async () => {
    const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: 0 });
    try {
      const arena = new Arena();
      const address = arena.allocate(4 * 10_001);
      // Not at a multiple of a vector, and with something behind it that is not the job's.
      const current = arena.floats(address + 4, 10_000).fill(1.5);
      arena.floats(address + 4 + 40_000, 1).fill(NaN);
      const job = { kind: 'lif_simulate', problem: lifProblem(10_000, 50, { current: { per: 'neuron', values: current } }), record: new Set<Recordable>(['v_final', 'spike_counts']) } as const;
      const { result } = await backend.run(job, arena);
      expect(arena.holds(result.v_final!)).toBe(true);
      const alone = await resultOf(backend, { ...job, problem: { ...job.problem, current: { per: 'neuron', values: Float32Array.from(current) } } });
      expect(arena.holds(alone.v_final!)).toBe(false);
      expect(Array.from(result.v_final!)).toEqual(Array.from(alone.v_final!));
      expect(Array.from(current)).toEqual(Array.from(current, () => 1.5));
    } finally {
      await backend.close();
    }
  });
});

describe('WorkerPool', () => {
  it('answers for a thread that failed only when no thread works on the job any more, and works on', async () => {
    const pool = new WorkerPool(2);
    try {
      const cache = await KernelCache.create();
      const kernel = cache.get('sigmoid', () => surrogateGradKernel(f32x4, { name: 'sigmoid', integers: {} }, 'one'));
      const arena = new Arena();
      const top = arena.mark();
      // A job block beyond the memory: the kernel traps.
      const launch = { kernel, job: 0x7fffff00, vectors: 1000, scratchBytes: 1000 };
      await expect(pool.run(arena, launch)).rejects.toThrow(ComputeError);
      expect(arena.mark()).toBe(top);
    } finally {
      await pool.close();
    }
  });
});

describe('KernelCache', () => {
  it('compiles a kernel once and lets the one used longest ago go', async () => {
    const cache = await KernelCache.create(2);
    const printed: string[] = [];
    const get = (name: string) =>
      cache.get(name, () => {
        printed.push(name);
        return surrogateGradKernel(f32x4, { name, integers: {} }, 'one');
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
