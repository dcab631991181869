import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArenaPool } from '../../../src/compute/engine/arena-pool.ts';
import { ComputeError, OverloadError } from '../../../src/compute/engine/errors.ts';
import { MemoryBudget, MemoryLimitError } from '../../../src/compute/engine/memory-budget.ts';
import { RequestScope } from '../../../src/compute/engine/request-scope.ts';
import { numRuns } from '../../thorough.ts';

const gone = new Error('the client has gone away');

function poolOf(limitBytes?: number): ArenaPool {
  return new ArenaPool(new MemoryBudget(limitBytes));
}

/** A promise, and what settles it. */
function task() {
  let settle!: { resolve: () => void; reject: (error: Error) => void };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

describe('a scope that has ended', () => {
  it('throws its reason for everything that is acquired or run', () => {
    const pool = poolOf();
    const scope = new RequestScope(pool);
    scope.end(gone);
    expect(() => scope.memory.arena).toThrow(gone);
    expect(() => {
      scope.memory.reserve(1);
    }).toThrow(gone);
    expect(() => scope.memory.tryReserve(1)).toThrow(gone);
    expect(() => scope.run(() => 1)).toThrow(gone);
    expect(scope.signal.aborted).toBe(true);
    expect(scope.signal.reason).toBe(gone);
    const reasons: Error[] = [];
    scope.onEnd((reason) => reasons.push(reason));
    expect(reasons).toEqual([gone]);
    expect([pool.budget.usedBytes, pool.lentBytes]).toEqual([0, 0]);
  });

  it('has ended once: a later end has no effect', () => {
    const scope = new RequestScope(poolOf());
    let calls = 0;
    scope.onEnd(() => {
      calls++;
    });
    scope.end(gone);
    scope.end(new Error('answered'));
    expect(calls).toBe(1);
    expect(scope.signal.reason).toBe(gone);
  });

  it('does not call removed listeners', () => {
    const scope = new RequestScope(poolOf());
    const listener = () => {
      throw new Error('called');
    };
    scope.onEnd(listener);
    scope.offEnd(listener);
    scope.end(gone);
  });
});

describe('memory', () => {
  it('is released when the last task has settled, not before', async () => {
    const pool = poolOf();
    const scope = new RequestScope(pool);
    const { arena } = scope.memory;
    scope.memory.reserve(1000);
    const [first, second] = [task(), task()];
    const running = [scope.run(() => first.promise), scope.run(() => second.promise)];
    scope.end(gone);
    for (const one of running) await expect(one).rejects.toBe(gone);
    expect([pool.budget.usedBytes, pool.lentBytes]).toEqual([1000, arena.byteLength]);
    first.resolve();
    await sleep(0);
    expect(pool.budget.usedBytes).toBe(1000);
    second.reject(new Error('late'));
    await sleep(0);
    expect([pool.budget.usedBytes, pool.lentBytes]).toEqual([0, 0]);
    expect(pool.acquire()).toBe(arena);
  });

  it('is poisoned after its release where the pool is configured to', () => {
    const scope = new RequestScope(new ArenaPool(new MemoryBudget(), true));
    const late = scope.memory.arena.floats(scope.memory.arena.allocate(400), 100).fill(1);
    scope.end(gone);
    expect(late.every(Number.isNaN)).toBe(true);
  });

  it('is released at once when no task runs', async () => {
    const pool = poolOf();
    const scope = new RequestScope(pool);
    scope.memory.reserve(1000);
    await scope.run(async () => sleep(1));
    scope.end(gone);
    expect(pool.budget.usedBytes).toBe(0);
  });

  it('in which a back-end failed is not reused', async () => {
    const pool = poolOf();
    const scope = new RequestScope(pool);
    const { arena } = scope.memory;
    await expect(scope.run(() => Promise.reject(new ComputeError('failed')))).rejects.toThrow('failed');
    scope.end(gone);
    expect(pool.keptBytes).toBe(0);
    expect(pool.acquire()).not.toBe(arena);
  });

  it('is kept while a stream is produced, and released when the consumer stops', async () => {
    const pool = poolOf();
    const scope = new RequestScope(pool);
    scope.memory.reserve(10);
    const cleanedUp = task();
    const stream = scope.stream(
      (async function* () {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          await cleanedUp.promise;
        }
      })(),
    );
    expect(await stream.next()).toEqual({ value: 0, done: false });
    scope.end(gone);
    const returned = stream.return();
    await sleep(0);
    expect(pool.budget.usedBytes).toBe(10);
    cleanedUp.resolve();
    await returned;
    expect(pool.budget.usedBytes).toBe(0);
  });

  it('is not touched by a stream that begins after the end', async () => {
    const scope = new RequestScope(poolOf());
    const stream = scope.stream(
      (async function* () {
        yield await Promise.resolve(1);
      })(),
    );
    scope.end(gone);
    await expect(stream.next()).rejects.toBe(gone);
  });

  it('is refused when others hold too much of it, and beyond the whole budget', () => {
    const pool = poolOf(100);
    const [first, second] = [new RequestScope(pool), new RequestScope(pool)];
    first.memory.reserve(60);
    expect(second.memory.tryReserve(41)).toBe(false);
    expect(() => {
      second.memory.reserve(41);
    }).toThrow(OverloadError);
    second.memory.reserve(40);
    expect(() => {
      second.memory.reserve(61);
    }).toThrow(MemoryLimitError);
    first.end(gone);
    second.memory.reserve(60);
    second.end(gone);
    expect(pool.budget.usedBytes).toBe(0);
  });

  it('is released after any order of reservations, tasks and the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('reserve', 'arena', 'start', 'settle', 'fail', 'end'), { maxLength: 30 }),
        async (steps) => {
          const pool = poolOf(1000);
          const scope = new RequestScope(pool);
          const tasks: ReturnType<typeof task>[] = [];
          for (const step of steps) {
            try {
              if (step === 'reserve') scope.memory.reserve(100);
              if (step === 'arena') scope.memory.arena.allocate(10);
              if (step === 'start') {
                const one = task();
                Promise.resolve(scope.run(() => one.promise)).catch(() => undefined);
                tasks.push(one);
              }
            } catch (error) {
              expect(scope.ended || error instanceof OverloadError || error instanceof MemoryLimitError).toBe(true);
            }
            if (step === 'settle') tasks.pop()?.resolve();
            if (step === 'fail') tasks.pop()?.reject(new ComputeError('failed'));
            if (step === 'end') scope.end(gone);
            await Promise.resolve();
            if (scope.tasks > 0 && scope.ended) expect(pool.lentBytes > 0).toBe(scope.arena !== undefined);
          }
          scope.end(gone);
          for (const one of tasks) one.resolve();
          await sleep(0);
          expect([scope.tasks, pool.budget.usedBytes, pool.lentBytes]).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: numRuns(200) },
    );
  });
});

describe('a deadline', () => {
  const late = new Error('late');

  it('ends the scope, and rejects its tasks', async () => {
    const scope = new RequestScope(poolOf());
    scope.setDeadline(10, () => late);
    const { promise, resolve } = task();
    await expect(scope.run(() => promise)).rejects.toBe(late);
    expect(scope.ended).toBe(true);
    resolve();
  });

  it('has no effect once it is cleared', async () => {
    const scope = new RequestScope(poolOf());
    scope.setDeadline(10, () => late);
    scope.watchDeadline();
    scope.clearDeadline();
    await sleep(30);
    expect(scope.ended).toBe(false);
  });
});
