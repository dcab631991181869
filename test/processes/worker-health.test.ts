import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RestartBackoff, startWatchdog } from '../../src/processes/worker-health.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Watches a process that answers nothing; returns when it was taken for hung, in seconds. */
async function hungAfter(isStarting: () => boolean): Promise<number> {
  const onHang = vi.fn();
  const end = startWatchdog(() => new Promise(() => undefined), isStarting, onHang);
  let seconds = 0;
  for (; onHang.mock.calls.length === 0 && seconds < 300; seconds++) await vi.advanceTimersByTimeAsync(1000);
  end();
  return seconds;
}

it('a process that answers nothing is taken for hung within 20 seconds', async () => {
  expect(await hungAfter(() => false)).toBeLessThanOrEqual(20);
});

it('a process that has not been ready yet may compile for most of a minute', async () => {
  const seconds = await hungAfter(() => true);
  expect(seconds).toBeGreaterThan(45);
  expect(seconds).toBeLessThan(90);
});

it('a process that answers now and then is not hung', async () => {
  let asked = 0;
  const onHang = vi.fn();
  const end = startWatchdog(
    () => (++asked % 4 === 0 ? Promise.resolve() : new Promise(() => undefined)),
    () => false,
    onHang,
  );
  await vi.advanceTimersByTimeAsync(120_000);
  end();
  expect(onHang).not.toHaveBeenCalled();
});

it('pauses double up to half a minute, and begin again after a quiet minute', () => {
  let now = 0;
  const pause = new RestartBackoff(() => now);
  expect(Array.from({ length: 10 }, () => pause.next())).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  now += 60_000;
  expect(pause.next()).toBe(30_000);
  now += 60_001;
  expect(pause.next()).toBe(100);
});
