import { setTimeout as sleep } from 'node:timers/promises';
import type { Piscina } from 'piscina';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closePool, runStoppable, threadPool } from '../../../src/compute/engine/thread-pool.ts';
import type { CountingTask } from '../support/stoppable-worker.ts';

let pool: Piscina;
let counter: Int32Array<SharedArrayBuffer>;
beforeEach(() => {
  pool = threadPool('../support/stoppable-worker', import.meta.url, 1, { minThreads: 1 });
  counter = new Int32Array(new SharedArrayBuffer(4));
});
afterEach(() => pool.destroy());

const run = (kind: CountingTask['kind'], signal?: AbortSignal) => runStoppable<string>(pool, { counter: counter.buffer, kind }, signal);
const count = () => Atomics.load(counter, 0);
const gone = new Error('gone');

/** Asserts that no thread counts any more. */
async function expectStill(): Promise<void> {
  const before = count();
  await sleep(100);
  expect(count()).toBe(before);
}

it('a pool that is closed while its thread starts lets it load its module', async () => {
  const starting = threadPool('../support/stoppable-worker', import.meta.url, 1, { minThreads: 1 });
  let hasLoaded = false;
  starting.on('workerCreate', () => {
    hasLoaded = true;
  });
  await closePool(starting);
  expect(hasLoaded).toBe(true);
});

describe('runStoppable', () => {
  it('resolves with the result of the task, with a signal or without', async () => {
    expect(await run('once')).toBe('done');
    expect(await run('once', new AbortController().signal)).toBe('done');
    await expect(run('once', AbortSignal.abort(gone))).rejects.toBe(gone);
    expect(count()).toBe(2);
  });

  it('stops a task that checks the flag, and keeps its thread', async () => {
    await run('once');
    const [thread] = pool.threads;
    const controller = new AbortController();
    const running = run('obedient', controller.signal);
    await expect.poll(count).toBeGreaterThan(1);
    controller.abort(gone);
    await expect(running).rejects.toBe(gone);
    await expectStill();
    expect(await run('once')).toBe('done');
    expect(pool.threads).toEqual([thread]);
  });

  it('terminates the thread of a task that does not, and settles when it has ended', async () => {
    const controller = new AbortController();
    const running = run('deaf', controller.signal);
    await expect.poll(count).toBeGreaterThan(1);
    const ended = new Promise((resolve) => {
      pool.threads[0]!.once('exit', resolve);
    });
    controller.abort(gone);
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    await expect(running).rejects.toBe(gone);
    expect(hasEnded).toBe(true);
    await expectStill();
    expect(await run('once')).toBe('done');
  });

  it('settles at once for a task that has not begun, which never begins later', async () => {
    const first = new AbortController();
    const running = run('obedient', first.signal);
    await expect.poll(count).toBeGreaterThan(1);
    const second = new AbortController();
    const other = { counter: new SharedArrayBuffer(4), kind: 'once' as const };
    const waiting = runStoppable(pool, other, second.signal);
    second.abort(gone);
    await expect(waiting).rejects.toBe(gone);
    first.abort(gone);
    await expect(running).rejects.toBe(gone);
    await run('once');
    expect(new Int32Array(other.counter)[0]).toBe(0);
  });
});
