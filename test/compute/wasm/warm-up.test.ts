import { setImmediate as endOfTick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ArenaPool } from '../../../src/compute/engine/arena-pool.ts';
import { WasmBackend, type WasmOptions } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { firstJobs, otherJobs } from '../../../src/compute/backends/wasm/warm-up-jobs.ts';
import type { Job } from '../../../src/compute/jobs.ts';

/** Only jobs whose kernels are compiled are estimated to take less. */
const compileMs = 10;
const first = [...firstJobs()];
const others = [...otherJobs()];

async function withBackend(options: WasmOptions, test: (backend: WasmBackend) => Promise<void>): Promise<void> {
  const backend = await WasmBackend.create({ threads: 1, ...options });
  try {
    await test(backend);
  } finally {
    await backend.close();
  }
}

const missing = (backend: WasmBackend, jobs: readonly Job[]) => jobs.filter((job) => backend.estimateMs(job) > compileMs).length;

describe('warm()', () => {
  it("compiles a first request's kernels, and no others when it is to be minimal", () =>
    withBackend({ warmUp: 'minimal' }, async (backend) => {
      expect(missing(backend, first)).toBe(first.length);
      await backend.warm();
      expect(missing(backend, first)).toBe(0);
      const before = missing(backend, others);
      expect(before).toBeGreaterThan(100);
      for (let tick = 0; tick < 50; tick++) await endOfTick();
      expect(missing(backend, others)).toBe(before);
    }));

  it('compiles the other usual ones in the background, at most one a tick, and takes no arena for it', () => {
    const arenas = new ArenaPool();
    return withBackend({ arenas }, async (backend) => {
      await backend.warm();
      let left = missing(backend, others);
      expect(left).toBeGreaterThan(100);
      while (left > 0) {
        await endOfTick();
        const now = missing(backend, others);
        expect(left - now).toBeLessThanOrEqual(1);
        left = now;
        expect(arenas.lentBytes + arenas.keptBytes).toBe(0);
      }
    });
  });

  it('stops when the back-end is closed, before it is warm and after', async () => {
    const closedEarly = await WasmBackend.create({ threads: 1 });
    const warming = closedEarly.warm();
    await closedEarly.close();
    await warming;
    expect(missing(closedEarly, first)).toBeGreaterThan(0);

    const closedLater = await WasmBackend.create({ threads: 1 });
    await closedLater.warm();
    await closedLater.close();
    const then = missing(closedLater, others);
    expect(then).toBeGreaterThan(100);
    for (let tick = 0; tick < 50; tick++) await endOfTick();
    expect(missing(closedLater, others)).toBe(then);
  });
});
