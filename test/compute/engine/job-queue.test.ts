import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OverloadError } from '../../../src/compute/engine/overload.ts';
import { JobQueue, type Entry } from '../../../src/compute/engine/job-queue.ts';

/** A line in front of something that takes `pace` times as long as estimated, on a clock of its own. */
function simulation(options: { concurrency: number; maxQueueWaitMs?: number; pace?: number }) {
  let now = 0;
  const line = new JobQueue({ ...options, now: () => now });
  const events: { at: number; act: () => void }[] = [];
  const later = (at: number, act: () => void) => {
    const i = events.findIndex((event) => event.at > at);
    events.splice(i < 0 ? events.length : i, 0, { at, act });
  };
  const order: string[] = [];
  const waits: Record<string, number> = {};
  const turnedAway: Record<string, unknown> = {};
  const come = (at: number, name: string, entry: Entry, fails = false) => {
    later(at, () => {
      line
        .take(entry, async (waitedMs) => {
          order.push(name);
          waits[name] = waitedMs;
          await new Promise<void>((resolve) => {
            later(now + entry.estimateMs * (options.pace ?? 1), resolve);
          });
          if (fails) throw new Error('broken');
        })
        .catch((error: unknown) => {
          turnedAway[name] = error;
        });
    });
  };
  const run = async () => {
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      now = event.at;
      event.act();
      // Everything that follows from it, before the clock goes on.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { line, come, later, run, order, waits, turnedAway };
}

describe('WaitingLine', () => {
  it('lets so many in at a time, those of one length in the order in which they come, and goes on after one that failed', async () => {
    const { line, come, run, order, waits, turnedAway } = simulation({ concurrency: 2 });
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) come(i, name, { estimateMs: 10 }, name === 'a');
    await run();
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    expect(waits).toEqual({ a: 0, b: 0, c: 8, d: 8 });
    expect(turnedAway).toEqual({ a: new Error('broken') });
    expect(line.length).toBe(0);
    expect(line.backlogMs).toBe(0);
  });

  it('does not let a short one wait behind long ones', async () => {
    const { come, run, order, waits } = simulation({ concurrency: 1 });
    for (let i = 0; i < 10; i++) come(i, `long ${i}`, { estimateMs: 100 });
    come(20, 'short', { estimateMs: 1 });
    await run();
    expect(order[1]).toBe('short');
    expect(waits.short).toBe(80);
  });

  it('lets no stream of short ones keep a long one waiting for ever', async () => {
    const { come, run, waits } = simulation({ concurrency: 1 });
    come(0, 'first', { estimateMs: 10 });
    come(1, 'long', { estimateMs: 50 });
    for (let i = 0; i < 400; i++) come(2 + 5 * i, `short ${i}`, { estimateMs: 5 });
    await run();
    expect(waits.long).toBeLessThan(10 * 50 + 20);
  });

  it('turns away who would have to wait for too long, says for how long, and lets those in that would not', async () => {
    const { come, run, order, turnedAway } = simulation({ concurrency: 1, maxQueueWaitMs: 250 });
    for (let i = 0; i < 6; i++) come(i, `${i}`, { estimateMs: 100 });
    come(10, 'short', { estimateMs: 1 });
    await run();
    expect(order).toEqual(['0', 'short', '1', '2']);
    expect(Object.keys(turnedAway)).toEqual(['3', '4', '5']);
    const error = turnedAway['3'] as OverloadError;
    expect(error).toBeInstanceOf(OverloadError);
    expect(error.of).toBe('time');
    expect(error.retryAfterMs).toBe(297);
    expect(error.message).toBe('about 0.30 s of work wait already');
  });

  it('counts what runs for longer than was estimated, and turns others away for it', async () => {
    const { line, come, later, run, order, turnedAway } = simulation({ concurrency: 1, maxQueueWaitMs: 250, pace: 100 });
    come(0, 'stuck', { estimateMs: 10 });
    let backlogMs = 0;
    later(205, () => {
      backlogMs = line.backlogMs;
    });
    come(210, 'in time', { estimateMs: 10 });
    come(400, 'too late', { estimateMs: 1 });
    await run();
    expect(backlogMs).toBe(195);
    expect(order).toEqual(['stuck', 'in time']);
    expect(turnedAway['too late']).toBeInstanceOf(OverloadError);
  });

  it('lets what is longer than the longest wait run when nothing else does, and what belongs to something that has begun always', async () => {
    const { come, run, order } = simulation({ concurrency: 1, maxQueueWaitMs: 10 });
    come(0, 'long', { estimateMs: 1000 });
    come(1, 'begun', { estimateMs: 100, neverShed: true });
    await run();
    expect(order).toEqual(['long', 'begun']);
  });

  it.each([0.1, 3])('learns that things take %d of what was estimated', async (pace) => {
    const { line, come, run } = simulation({ concurrency: 2, pace });
    for (let i = 0; i < 100; i++) come(i, `${i}`, { estimateMs: 20 });
    await run();
    // Two at a time, neither of which slows the other here.
    expect(Math.abs(line.pace - pace / 2)).toBeLessThan(0.1 * pace);
  });

  it('gives up the place of one that is stopped while it waits', async () => {
    const { line, come, later, run, order, turnedAway } = simulation({ concurrency: 1 });
    const controller = new AbortController();
    come(0, 'a', { estimateMs: 10 });
    come(1, 'b', { estimateMs: 10, signal: controller.signal });
    come(2, 'c', { estimateMs: 10, signal: AbortSignal.abort(new Error('before')) });
    come(3, 'd', { estimateMs: 10 });
    later(5, () => {
      controller.abort(new Error('gone'));
    });
    await run();
    expect(order).toEqual(['a', 'd']);
    expect(turnedAway).toEqual({ b: new Error('gone'), c: new Error('before') });
    expect(line.length).toBe(0);
  });

  it('never lets more in than at once, loses nobody, and keeps who was let in within its limit', async () => {
    const entries = fc.array(fc.record({ at: fc.nat(500), estimateMs: fc.integer({ min: 1, max: 50 }) }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 3 }), async (given, concurrency) => {
        const { come, run, order, waits, turnedAway } = simulation({ concurrency, maxQueueWaitMs: 200 });
        for (const [i, { at, estimateMs }] of given.entries()) come(at, `${i}`, { estimateMs });
        await run();
        expect(order.length + Object.keys(turnedAway).length).toBe(given.length);
        for (const error of Object.values(turnedAway)) expect(error).toBeInstanceOf(OverloadError);
        for (const waited of Object.values(waits)) expect(waited).toBeLessThan(2 * 200);
      }),
      { numRuns: 50 },
    );
  });

  it('does not learn from what failed, and little from one that took very long', async () => {
    const broken = simulation({ concurrency: 1, pace: 1000 });
    broken.come(0, 'broken', { estimateMs: 10 }, true);
    await broken.run();
    expect(broken.line.pace).toBe(1);
    const slow = simulation({ concurrency: 1, pace: 1000 });
    slow.come(0, 'held up', { estimateMs: 10 });
    await slow.run();
    expect(slow.line.pace).toBeGreaterThan(1);
    expect(slow.line.pace).toBeLessThanOrEqual(4);
  });
});
