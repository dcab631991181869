import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OverloadError } from '../../../src/compute/engine/errors.ts';
import { JobQueue, type QueuedJob } from '../../../src/compute/engine/job-queue.ts';
import { numRuns } from '../../thorough.ts';

/** A queue of jobs that take `pace` times as long as estimated, on a simulated clock. */
function simulation(options: { concurrency: number; maxQueueWaitMs?: number; pace?: number }) {
  let now = 0;
  const queue = new JobQueue({ ...options, now: () => now });
  const events: { at: number; act: () => void }[] = [];
  const later = (at: number, act: () => void) => {
    const i = events.findIndex((event) => event.at > at);
    events.splice(i < 0 ? events.length : i, 0, { at, act });
  };
  const order: string[] = [];
  const waits: Record<string, number> = {};
  const rejected: Record<string, unknown> = {};
  const add = (at: number, name: string, job: QueuedJob, fails = false) => {
    later(at, () => {
      queue
        .take(job, async (waitedMs) => {
          order.push(name);
          waits[name] = waitedMs;
          await new Promise<void>((resolve) => {
            later(now + job.estimateMs * (options.pace ?? 1), resolve);
          });
          if (fails) throw new Error('broken');
        })
        .catch((error: unknown) => {
          rejected[name] = error;
        });
    });
  };
  const run = async () => {
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      now = event.at;
      event.act();
      // Runs all that follows from the event before the clock advances.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { queue, add, later, run, order, waits, rejected };
}

describe('JobQueue', () => {
  it('runs up to its concurrency at a time, jobs of equal length in their order of arrival, also after one that failed', async () => {
    const { queue, add, run, order, waits, rejected } = simulation({ concurrency: 2 });
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) add(i, name, { estimateMs: 10 }, name === 'a');
    await run();
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    expect(waits).toEqual({ a: 0, b: 0, c: 8, d: 8 });
    expect(rejected).toEqual({ a: new Error('broken') });
    expect(queue.length).toBe(0);
    expect(queue.backlogMs).toBe(0);
  });

  it('lets short jobs overtake long ones', async () => {
    const { add, run, order, waits } = simulation({ concurrency: 1 });
    for (let i = 0; i < 10; i++) add(i, `long ${i}`, { estimateMs: 100 });
    add(20, 'short', { estimateMs: 1 });
    await run();
    expect(order[1]).toBe('short');
    expect(waits.short).toBe(80);
  });

  it('does not let a stream of short jobs starve a long one', async () => {
    const { add, run, waits } = simulation({ concurrency: 1 });
    add(0, 'first', { estimateMs: 10 });
    add(1, 'long', { estimateMs: 50 });
    for (let i = 0; i < 400; i++) add(2 + 5 * i, `short ${i}`, { estimateMs: 5 });
    await run();
    expect(waits.long).toBeLessThan(10 * 50 + 20);
  });

  it('rejects jobs that would wait too long, with the time to wait, and accepts those that would not', async () => {
    const { add, run, order, rejected } = simulation({ concurrency: 1, maxQueueWaitMs: 250 });
    for (let i = 0; i < 6; i++) add(i, `${i}`, { estimateMs: 100 });
    add(10, 'short', { estimateMs: 1 });
    await run();
    expect(order).toEqual(['0', 'short', '1', '2']);
    expect(Object.keys(rejected)).toEqual(['3', '4', '5']);
    const error = rejected['3'] as OverloadError;
    expect(error).toBeInstanceOf(OverloadError);
    expect(error.of).toBe('time');
    expect(error.retryAfterMs).toBe(297);
    expect(error.message).toBe('about 0.30 s of work wait already');
  });

  it('counts a job that runs longer than estimated, and rejects others for it', async () => {
    const { queue, add, later, run, order, rejected } = simulation({ concurrency: 1, maxQueueWaitMs: 250, pace: 100 });
    add(0, 'stuck', { estimateMs: 10 });
    let backlogMs = 0;
    later(205, () => {
      backlogMs = queue.backlogMs;
    });
    add(210, 'in time', { estimateMs: 10 });
    add(400, 'too late', { estimateMs: 1 });
    await run();
    expect(backlogMs).toBe(195);
    expect(order).toEqual(['stuck', 'in time']);
    expect(rejected['too late']).toBeInstanceOf(OverloadError);
  });

  it('runs a job longer than the limit when it is idle, and one that is never shed always', async () => {
    const { add, run, order } = simulation({ concurrency: 1, maxQueueWaitMs: 10 });
    add(0, 'long', { estimateMs: 1000 });
    add(1, 'begun', { estimateMs: 100, neverShed: true });
    await run();
    expect(order).toEqual(['long', 'begun']);
  });

  it.each([0.1, 3])('learns that things take %d of what was estimated', async (pace) => {
    const { queue, add, run } = simulation({ concurrency: 2, pace });
    for (let i = 0; i < 100; i++) add(i, `${i}`, { estimateMs: 20 });
    await run();
    // Two at a time, neither of which slows the other here.
    expect(Math.abs(queue.pace - pace / 2)).toBeLessThan(0.1 * pace);
  });

  it('removes a job that is aborted while it waits', async () => {
    const { queue, add, later, run, order, rejected } = simulation({ concurrency: 1 });
    const controller = new AbortController();
    add(0, 'a', { estimateMs: 10 });
    add(1, 'b', { estimateMs: 10, signal: controller.signal });
    add(2, 'c', { estimateMs: 10, signal: AbortSignal.abort(new Error('before')) });
    add(3, 'd', { estimateMs: 10 });
    later(5, () => {
      controller.abort(new Error('gone'));
    });
    await run();
    expect(order).toEqual(['a', 'd']);
    expect(rejected).toEqual({ b: new Error('gone'), c: new Error('before') });
    expect(queue.length).toBe(0);
  });

  it('never exceeds its concurrency, loses no job, and keeps accepted ones within its limit', async () => {
    const entries = fc.array(fc.record({ at: fc.nat(500), estimateMs: fc.integer({ min: 1, max: 50 }) }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 3 }), async (given, concurrency) => {
        const { add, run, order, waits, rejected } = simulation({ concurrency, maxQueueWaitMs: 200 });
        for (const [i, { at, estimateMs }] of given.entries()) add(at, `${i}`, { estimateMs });
        await run();
        expect(order.length + Object.keys(rejected).length).toBe(given.length);
        for (const error of Object.values(rejected)) expect(error).toBeInstanceOf(OverloadError);
        for (const waited of Object.values(waits)) expect(waited).toBeLessThan(2 * 200);
      }),
      { numRuns: numRuns(50) },
    );
  });

  it('does not learn from failed jobs, and little from one that took very long', async () => {
    const broken = simulation({ concurrency: 1, pace: 1000 });
    broken.add(0, 'broken', { estimateMs: 10 }, true);
    await broken.run();
    expect(broken.queue.pace).toBe(1);
    const slow = simulation({ concurrency: 1, pace: 1000 });
    slow.add(0, 'held up', { estimateMs: 10 });
    await slow.run();
    expect(slow.queue.pace).toBeGreaterThan(1);
    expect(slow.queue.pace).toBeLessThanOrEqual(4);
  });
});
