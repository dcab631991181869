import { expect, it } from 'vitest';
import { RestartBackoff } from '../../src/processes/restart-backoff.ts';

it('pauses double up to half a minute, and begin again after a quiet minute', () => {
  let now = 0;
  const pause = new RestartBackoff(() => now);
  expect(Array.from({ length: 10 }, () => pause.next())).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  now += 60_000;
  expect(pause.next()).toBe(30_000);
  now += 60_001;
  expect(pause.next()).toBe(100);
});
