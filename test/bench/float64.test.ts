import { expect, it } from 'vitest';
import { float64Figures } from '../../bench/float64-figures.ts';
import { float64Table } from '../../bench/float64-report.ts';

// That everything runs and is printed; what it takes is no matter for a test.
it('a small run fills the table of float64', async () => {
  const rows = await float64Figures({ neurons: 70, steps: 5, values: 50, rounds: 1, turnMilliseconds: 0.1 });
  expect(rows.map(({ float64, float32, reference }) => [float64, float32, reference].every(([rate]) => rate! > 0))).toEqual(
    rows.map(() => true),
  );
  const lines = float64Table(rows);
  expect(lines).toHaveLength(2 + rows.length);
  expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
});
