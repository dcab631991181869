import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { ArenaPool } from '../../../src/compute/engine/arena-pool.ts';
import { ComputeError, OutOfMemoryError } from '../../../src/compute/engine/errors.ts';
import { KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import { f32x4 } from '../../../src/compute/backends/wasm/ir/lanes.ts';
import { surrogateGradKernel } from '../../../src/compute/backends/wasm/kernels/surrogate-kernel.ts';
import { WorkerPool } from '../../../src/compute/backends/wasm/threads/worker-pool.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { MemoryBudget } from '../../../src/compute/engine/memory-budget.ts';
import { threadPool } from '../../../src/compute/engine/thread-pool.ts';
import { jobBytes } from '../../../src/compute/job-size.ts';
import { WorkerThreads } from '../../../support/worker-threads.ts';
import { lifProblem, perStep, resultOf } from '../support/jobs.ts';
import { numRuns, oneIn } from '../../thorough.ts';

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

  it('takes bytes from anywhere to anywhere, and nothing beside them', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.nat(9), fc.nat(9), (length, from, to) => {
        const arena = new Arena();
        const source = Uint8Array.from({ length: length + 16 }, (_, i) => 1 + (i % 255));
        const address = arena.allocate(length + 32) + to + 1;
        arena.bytes(address - 1, length + 2).fill(0);
        arena.setBytes(address, source.subarray(from, from + length));
        expect(Buffer.compare(Buffer.from(arena.bytes(address, length)), source.subarray(from, from + length))).toBe(0);
        expect([arena.bytes(address - 1, 1)[0], arena.bytes(address + length, 1)[0]]).toEqual([0, 0]);
      }),
      {
        numRuns: numRuns(50),
        examples: [
          [65_536, 0, 0],
          [65_537, 3, 5],
          [0, 1, 2],
        ],
      },
    );
  });

  it.each([2 ** 32, 2 ** 33, 2 ** 48, 2 ** 53, Infinity])(
    'refuses what a kernel cannot address, and stays as it was: %d bytes',
    (bytes) => {
      const arena = new Arena();
      const address = arena.put('float32', Float64Array.of(1, 2), 2);
      const [top, size] = [arena.mark(), arena.byteLength];
      expect(() => arena.allocate(bytes)).toThrow(OutOfMemoryError);
      expect([arena.mark(), arena.byteLength]).toEqual([top, size]);
      expect(() => arena.put('float32', arena.floats(address, 2), bytes)).toThrow(OutOfMemoryError);
      expect(arena.allocate(8)).toBe(top);
      expect(Array.from(arena.floats(address, 2))).toEqual([1, 2]);
    },
  );

  it('reaches to the last byte of 4 GiB', () => {
    const arena = new Arena();
    arena.extend(2 ** 32 - 64);
    const address = arena.put('float32', Float64Array.of(1, 2), 16);
    expect(address).toBe(2 ** 32 - 64);
    arena.setInteger(2 ** 32 - 4, -1);
    expect(Array.from(arena.bytes(2 ** 32 - 4, 4))).toEqual([255, 255, 255, 255]);
    expect(Array.from(arena.floats(address, 2))).toEqual([1, 2]);
    expect(() => arena.allocate(1)).toThrow(OutOfMemoryError);
  });

  it('grows to what is asked for when another thread has made its memory larger', () => {
    const arena = new Arena();
    arena.memory.grow(2 ** 15);
    arena.extend(2 ** 32 - 2 ** 20);
    expect(arena.byteLength).toBeGreaterThanOrEqual(2 ** 32 - 2 ** 20);
  });

  it('says that there is no memory when the system refuses it', () => {
    const refused = new RangeError('could not allocate memory');
    try {
      vi.spyOn(WebAssembly, 'Memory').mockImplementation(function () {
        throw refused;
      });
      expect(() => new Arena()).toThrow(OutOfMemoryError);
      expect(() => new ArenaPool().acquire()).toThrow(OutOfMemoryError);
    } finally {
      vi.restoreAllMocks();
    }
    const arena = new Arena();
    vi.spyOn(arena.memory, 'grow').mockImplementation(() => {
      throw refused;
    });
    expect(() => arena.allocate(2 ** 21)).toThrow(OutOfMemoryError);
  });
});

describe('ArenaPool', () => {
  it('lends the released arena that fits best, empty, and keeps no more than the budget', () => {
    const store = new ArenaPool(new MemoryBudget(400 * 2 ** 20));
    const dropped: Arena[] = [];
    store.onDrop((arena) => dropped.push(arena));
    const [small, large] = [store.acquire(), store.acquire()];
    const address = large.allocate(10);
    large.allocate(300 * 2 ** 20);
    store.release(large);
    store.release(small);
    expect(store.acquire(2 ** 21)).toBe(large);
    expect(large.allocate(10)).toBe(address);
    store.release(large);
    expect(store.acquire(400 * 2 ** 20)).toBe(large);
    const other = store.acquire(10);
    expect(other).toBe(small);
    other.allocate(200 * 2 ** 20);
    store.release(other);
    expect(dropped).toEqual([other]);
    store.release(large);
    expect(store.acquire()).toBe(large);
  });

  it('frees the memory of arenas that are dropped, which threads have known too', async () => {
    const store = new ArenaPool(new MemoryBudget(0));
    const pool = threadPool('../support/arena-worker', import.meta.url, 2, { arenas: store });
    const resident = () => process.memoryUsage.rss() / 2 ** 20;
    try {
      const before = resident();
      for (let i = 0; i < 8; i++) {
        const arena = store.acquire();
        arena.allocate(200 * 2 ** 20);
        await Promise.all([pool.run(arena.memory), pool.run(arena.memory)]);
        store.release(arena);
      }
      expect(store.keptBytes).toBe(0);
      await expect.poll(() => resident() - before).toBeLessThan(800);
    } finally {
      await pool.close();
    }
  });

  it('drops arenas that were idle for a while, down to a limit', () => {
    vi.useFakeTimers();
    try {
      const store = new ArenaPool(new MemoryBudget(2 ** 30));
      const arenas = Array.from({ length: 4 }, () => store.acquire());
      for (const arena of arenas) arena.allocate(100 * 2 ** 20);
      for (const arena of arenas) store.release(arena);
      vi.advanceTimersByTime(5000);
      store.release(store.acquire());
      expect(store.keptBytes).toBeGreaterThan(400 * 2 ** 20);
      vi.advanceTimersByTime(5000);
      expect(store.keptBytes).toBeLessThan(350 * 2 ** 20);
      vi.advanceTimersByTime(20_000);
      expect(store.keptBytes).toBeLessThan(256 * 2 ** 20);
      expect(store.keptBytes).toBeGreaterThan(100 * 2 ** 20);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a lent arena', () => {
  it.each(oneIn(2, [0, 3]))(
    'takes no more than estimated for a gradient with checkpoints of very many steps, refractory for %d',
    async (refractorySteps) => {
      const backend = await WasmBackend.create({ threads: 2 });
      try {
        const arena = new Arena();
        const before = arena.byteLength;
        const problem = lifProblem(1, 20_000_000, { refractorySteps });
        const job = {
          kind: 'lif_grad',
          problem,
          surrogates: [{ name: 'arctan', parameters: { alpha: 1 } }],
          loss: { type: 'spike_count' },
          wrt: ['current'],
        } as const;
        await backend.run(job, arena);
        expect(arena.byteLength).toBeGreaterThan(4e6);
        expect(arena.byteLength).toBeLessThan(before + jobBytes(job));
      } finally {
        await backend.close();
      }
    },
  );

  it('is computed in: float32 that lie there are not copied, and neither are the results', async () => {
    const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: 0 });
    try {
      const arena = new Arena();
      const address = arena.allocate(4 * 10_001);
      // Not at a multiple of a vector, and with something behind it that is not the job's.
      const current = arena.floats(address + 4, 10_000).fill(1.5);
      arena.floats(address + 4 + 40_000, 1).fill(NaN);
      const job = {
        kind: 'lif_simulate',
        problem: lifProblem(10_000, 50, { current: { per: 'neuron', values: current } }),
        record: new Set(['v_final', 'spike_counts']),
      } as const;
      const { result } = await backend.run(job, arena);
      expect(arena.holds(result.v_final!)).toBe(true);
      const alone = await resultOf(backend, {
        ...job,
        problem: { ...job.problem, current: { per: 'neuron', values: Float32Array.from(current) } },
      });
      expect(arena.holds(alone.v_final!)).toBe(false);
      expect(Array.from(result.v_final!)).toEqual(Array.from(alone.v_final!));
      expect(Array.from(current)).toEqual(Array.from(current, () => 1.5));
    } finally {
      await backend.close();
    }
  });
});

describe('WorkerPool', () => {
  it('rejects for a thread that failed once no thread works on the job any more, and goes on working', async () => {
    const pool = new WorkerPool(2);
    try {
      const cache = await KernelCache.create();
      const kernel = cache.get('sigmoid', () => surrogateGradKernel(f32x4, { name: 'sigmoid', integers: {} }, 'one'));
      const arena = new Arena();
      const top = arena.mark();
      // An argument block beyond the memory: the kernel traps.
      const launch = { kernel, argumentBlock: 0x7fffff00, vectors: 1000, scratchBytes: 1000 };
      await expect(pool.run(arena, launch)).rejects.toThrow(ComputeError);
      expect(arena.mark()).toBe(top);
    } finally {
      await pool.close();
    }
  });
});

describe('WasmBackend', () => {
  it('starts one thread more than the process has processors at most', async () => {
    const threads = new WorkerThreads();
    const backend = await WasmBackend.create({ threads: 1024, inlineNanoseconds: 0 });
    expect(threads.running).toEqual([]);
    await resultOf(backend, { kind: 'lif_simulate', problem: lifProblem(4, 10), record: new Set(['v_final']) });
    expect(threads.running.length).toBeGreaterThanOrEqual(availableParallelism());
    expect(threads.running.length).toBeLessThanOrEqual(availableParallelism() + 1);
    await backend.close();
    threads.close();
  });

  it('answers a small job for which there is no memory with an error that says so', async () => {
    const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: Infinity });
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('failed to grow memory');
    });
    try {
      expect(() => backend.tryRunSync({ kind: 'lif_simulate', problem: lifProblem(2e6, 1), record: new Set(['v_final']) })).toThrow(
        OutOfMemoryError,
      );
    } finally {
      grow.mockRestore();
      await backend.close();
    }
  });
});

describe('launches at the same time', () => {
  /** Adds the job's number to each vector's word. */
  const text = `(module (import "env" "memory" (memory 1 65536 shared))
    (func (export "run") (param $job i32) (param $scratch i32) (param $from i32) (param $to i32)
      (loop $next
        (if (i32.lt_u (local.get $from) (local.get $to)) (then
          (drop (i32.atomic.rmw.add (i32.add (local.get $job) (i32.mul (i32.const 4) (i32.add (local.get $from) (i32.const 1)))) (i32.load (local.get $job))))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (br $next))))))`;

  it('each run whole and once, however many there are, also after their kernels were evicted', async () => {
    const pool = new WorkerPool(2);
    const kernel = (await KernelCache.create()).get('add', () => ({ text, layout: undefined as never, operations: {}, unroll: 1 }));
    const vectors = 5000;
    const arenas = Array.from({ length: 12 }, () => new Arena());
    const jobs = arenas.map((arena) => arena.allocate(4 * (1 + vectors)));
    try {
      for (let round = 1; round <= 20; round++) {
        await Promise.all(
          arenas.map(async (arena, i) => {
            arena.integers(jobs[i]!, 1 + vectors).fill(0);
            arena.setInteger(jobs[i]!, round * 100 + i);
            await pool.run(arena, { kernel, argumentBlock: jobs[i]!, vectors, scratchBytes: 16 });
          }),
        );
        for (const [i, arena] of arenas.entries()) {
          expect(arena.integers(jobs[i]! + 4, vectors)).toEqual(new Int32Array(vectors).fill(round * 100 + i));
          if (i % 3 === round % 3) pool.evictKernels(arena);
        }
      }
    } finally {
      await pool.close();
    }
  });

  it('finish before a pool that is closed ends its threads', async () => {
    const pool = new WorkerPool(2);
    const kernel = (await KernelCache.create()).get('add', () => ({ text, layout: undefined as never, operations: {}, unroll: 1 }));
    const arena = new Arena();
    const job = arena.allocate(4 * 5001);
    arena.integers(job, 5001).fill(0);
    arena.setInteger(job, 7);
    const running = pool.run(arena, { kernel, argumentBlock: job, vectors: 5000, scratchBytes: 16 });
    await pool.close();
    await running;
    expect(arena.integers(job + 4, 5000)).toEqual(new Int32Array(5000).fill(7));
  });
});

describe('KernelCache', () => {
  it('compiles a kernel once and evicts the one used longest ago', async () => {
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
