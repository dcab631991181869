// Times the kernels beside a plain loop, the machine's peak and a copy, then float64's, then the codec of JSON's numbers, and writes the figures into the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import { benchmark, type Setting } from './benchmark.ts';
import { writeFloat64Report } from './float64-report.ts';
import { writeJsonReport } from './json-report.ts';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { otherLoad } from './other-load.ts';
import { report } from './report.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    neurons: { type: 'string' },
    steps: { type: 'string', default: '100' },
    values: { type: 'string' },
    rounds: { type: 'string' },
    surrogates: { type: 'string' },
  },
});

const { quick } = options;
const setting: Setting = {
  neurons: Number(options.neurons ?? (quick ? 4096 : 65536)),
  steps: Number(options.steps),
  values: Number(options.values ?? (quick ? 1e5 : 1e6)),
  surrogates: options.surrogates?.split(',') ?? (quick ? ['sigmoid', 'arctan'] : [...catalogue.keys()]),
  threads: availableParallelism(),
  rounds: Number(options.rounds ?? (quick ? 3 : 7)),
  turnMilliseconds: quick ? 2 : 10,
};

function conditions(othersBusy: number): string[] {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return [
    `${model}, ${setting.threads} cores; Node ${process.version}, V8 ${process.versions.v8}. ${setting.rounds} rounds.`,
    `Other processes kept ${othersBusy.toFixed(2)} cores busy meanwhile; the figures for all cores are worth something only near 0.`,
    'Repeat with `npm run bench`.',
  ];
}

const start = performance.now();
const othersBusy = otherLoad();
const results = await benchmark(setting, (line) => {
  console.error(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}`);
});
const text = [...conditions(othersBusy()), '', ...report(results)].join('\n');
console.log(text);

// Only a whole run is worth keeping.
if (process.argv.length === 2) {
  const document = fileURLToPath(new URL('../docs/lab/kernels.md', import.meta.url));
  writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'bench', text));
  console.log(`\nwritten into ${document}`);
  await writeFloat64Report();
  await writeJsonReport();
}
