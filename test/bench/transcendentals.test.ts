import { expect, it } from 'vitest';
import { defaultSurrogate } from '../../bench/jobs.ts';
import { demandsOf } from '../../bench/transcendentals.ts';

it.each([
  ['arctan', [], false],
  ['sigmoid', ['exp'], false],
  // Its erf is in the primitive alone.
  ['erf', ['exp'], false],
  ['multi_gaussian_grad', ['exp', 'exp', 'exp'], true],
] as const)('what %s asks of a kernel', (name, transcendentals, float64) => {
  expect(demandsOf(defaultSurrogate(name))).toEqual({ transcendentals, float64 });
});
