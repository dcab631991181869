import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { summarise } from '../support/statistics.ts';
import { float64Figures, type Float64Row, type Float64Setting } from './float64-figures.ts';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { otherLoad } from './other-load.ts';
import { markdownTable, spread } from '../support/markdown-table.ts';
import { ratios } from './turns.ts';

const setting: Float64Setting = { neurons: 16_384, steps: 100, values: 200_000, rounds: 7, turnMilliseconds: 10 };

/** The figures as a table, as lines. */
export function float64Table(rows: readonly Float64Row[]): string[] {
  const head = ['job', 'G/s in float64', 'in float32', 'float64 to float32', 'float64 to the reference'];
  return markdownTable(
    head,
    rows.map(({ name, float64, float32, reference }) => {
      const giga = [float64, float32].map((rates) => (summarise(rates).median / 1e9).toFixed(3));
      return [name, ...giga, spread(ratios(float64, float32), 2), spread(ratios(float64, reference), 0)];
    }),
  );
}

/** Times float64 kernels, and writes the figures into the documentation. */
export async function writeFloat64Report(): Promise<void> {
  const othersBusy = otherLoad();
  const rows = await float64Figures(setting);
  const text = [
    `${cpus()[0]?.model ?? 'unknown processor'}; Node ${process.version}. ${setting.neurons} neurons and ${setting.steps} steps, or ${setting.values} values; neuron-steps, or values, per second. ${setting.rounds} rounds.`,
    `Other processes kept ${othersBusy().toFixed(2)} cores busy meanwhile. Repeat with \`npm run bench:float64\`.`,
    '',
    ...float64Table(rows),
  ].join('\n');
  console.log(text);
  const document = fileURLToPath(new URL('../docs/lab/float64.md', import.meta.url));
  writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'bench:float64', text));
  console.log(`\nwritten into ${document}`);
}
