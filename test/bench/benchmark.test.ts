import { expect, it } from 'vitest';
import { benchmark } from '../../bench/benchmark.ts';
import { benchmarkedNeurons } from '../../bench/neuron-jobs.ts';
import { report } from '../../bench/report.ts';

// That everything runs and is printed; what it takes is no matter for a test.
it('a small run fills every table', async () => {
  const noted: string[] = [];
  const surrogates = ['sigmoid', 'erf', 'arctan', 'squarewave_fourier_series'];
  const setting = { neurons: 70, steps: 5, values: 50, surrogates, threads: 2, rounds: 1, turnMilliseconds: 0.1 };
  const results = await benchmark(setting, (line) => noted.push(line));
  const text = report(results).join('\n');
  expect(noted).toHaveLength(2 + 2 * surrogates.length + benchmarkedNeurons.length);
  expect(results.forward.one).toHaveLength(1);
  expect(results.agreement.error).toBeLessThan(1e-5);
  for (const name of surrogates) expect(text.split(`\n| \`${name}\` |`)).toHaveLength(3);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});
