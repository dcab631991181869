import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TickQueue } from '../../src/routes/tick-queue.ts';

/** Keeps the event loop for so long. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('TickQueue', () => {
  it('starts what came in a tick at its end, in order, stage by stage', async () => {
    const queue = new TickQueue();
    const notes: string[] = [];
    const request = async (name: string) => {
      await queue.wait();
      notes.push(`read ${name}`);
      await Promise.resolve();
      notes.push(`run ${name}`);
    };
    const all = Promise.all(['a', 'b', 'c'].map(request));
    await Promise.resolve();
    expect(notes).toEqual([]);
    await all;
    expect(notes).toEqual(['read a', 'read b', 'read c', 'run a', 'run b', 'run c']);
  });

  it('starts fewer in a tick when they take its time, and all of them in the end', async () => {
    const queue = new TickQueue();
    const startedInTick: number[] = [];
    const waiting = Array.from({ length: 60 }, async () => {
      await queue.wait();
      startedInTick[startedInTick.length - 1]!++;
      work(3);
    });
    while (startedInTick.reduce((sum, count) => sum + count, 0) < waiting.length) {
      startedInTick.push(0);
      await tick();
    }
    await Promise.all(waiting);
    const counts = startedInTick.filter((count) => count > 0);
    expect(counts[0]).toBe(16);
    // 3 ms each: as soon as that is known, no more than a few at a time.
    expect(Math.max(...counts.slice(3))).toBeLessThanOrEqual(4);
  });

  it('goes on after a rest', async () => {
    const queue = new TickQueue();
    for (let i = 0; i < 3; i++) {
      await queue.wait();
      await tick();
    }
  });
});
