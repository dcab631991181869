import { expect, it } from 'vitest';
import { Cache } from '../../src/compute/cache.ts';

it('makes a value once, and again when so many others were asked for since', () => {
  const cache = new Cache<string, string>(3);
  const made: string[] = [];
  const get = (key: string) => cache.get(key, () => (made.push(key), `value of ${key}`));
  for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) expect(get(key)).toBe(`value of ${key}`);
  expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.has(key))).toEqual(['a', 'b', 'd']);
});
