import { expect, it } from 'vitest';
import { RequestWindows } from '../../src/processes/request-windows.ts';

it("a client's window begins with its first request, and another when it is over", () => {
  let now = 50;
  const windows = new RequestWindows(1000, 10, () => now);
  expect(windows.count('a')).toEqual({ current: 1, ttl: 1000 });
  now += 400;
  expect(windows.count('a')).toEqual({ current: 2, ttl: 600 });
  expect(windows.count('b')).toEqual({ current: 1, ttl: 1000 });
  now += 600;
  expect(windows.count('a')).toEqual({ current: 1, ttl: 1000 });
  expect(windows.count('b')).toEqual({ current: 2, ttl: 400 });
});

it('those that came last are remembered', () => {
  const windows = new RequestWindows(1000, 2, () => 0);
  for (const client of ['a', 'b', 'a', 'c']) windows.count(client);
  expect(windows.count('a').current).toBe(3);
  expect(windows.count('b').current).toBe(1);
});
