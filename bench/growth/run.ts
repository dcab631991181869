// Times jobs of growing size through the engine and weighs each in a process of its own, and writes tables and a picture into the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawFigure } from '../../src/plot/draw.ts';
import { replaceBetweenMarkers } from '../../support/markers.ts';
import type { NetworkSize } from '../networks.ts';
import { otherLoad } from '../other-load.ts';
import { warmEngine } from './engine.ts';
import { hasArena } from './exchange.ts';
import { growthFigure } from './figure.ts';
import { memoryOf, type JobMemory, type Occupied } from './memory.ts';
import { measureNetworks, networkSeries } from './networks.ts';
import { networkReport } from './network-report.ts';
import { growthReport } from './report.ts';
import { measureTimes, type Setting } from './time.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const { quick } = options;

const setting: Setting = {
  neurons: decades(quick ? 4 : 7),
  stepsOfNeurons: 100,
  steps: decades(quick ? 3 : 5),
  neuronsOfSteps: [1, 1000],
  rounds: quick ? 2 : 5,
  turnMilliseconds: quick ? 5 : 20,
};

/** 1, 10, and so on up to ten to the given power. */
function decades(highest: number): number[] {
  return Array.from({ length: highest + 1 }, (_, power) => 10 ** power);
}

const othersBusy = otherLoad();
const engine = await warmEngine();
const times = await measureTimes(engine, setting);
const networks = await measureNetworks(engine, networkSeries(quick), setting.rounds, setting.turnMilliseconds);
await engine.close();
const busy = othersBusy();

const memory: Occupied[] = [];
for (const size of [...times.byNeurons, ...times.bySteps.filter(({ steps }) => steps !== setting.stepsOfNeurons)]) {
  if (hasArena(size)) memory.push(await memoryOf(size));
}

const networkMemory: (NetworkSize & JobMemory)[] = [];
for (const size of networkSeries(quick)[0]!.sizes) networkMemory.push(await memoryOf(size));

const growth = { ...times, memory };
const where = [
  `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores; Node ${process.version}. ${setting.rounds} rounds.`,
  `Other processes kept ${busy.toFixed(2)} cores busy meanwhile. Repeat with \`npm run bench:growth\`.`,
  '',
];
const text = [...where, ...growthReport(growth)].join('\n');
const networkText = [...where, ...networkReport(networks, networkMemory)].join('\n');
console.log(`${text}\n\n${networkText}`);

if (!quick) {
  const path = (name: string) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  const document = replaceBetweenMarkers(readFileSync(path('lab/growth.md'), 'utf8'), 'bench:growth', text);
  writeFileSync(path('lab/growth.md'), replaceBetweenMarkers(document, 'bench:growth networks', networkText));
  writeFileSync(path('images/growth.svg'), drawFigure(growthFigure(growth), { file: 'opaque' }));
  console.log(`\nwritten into ${path('lab/growth.md')} and ${path('images/growth.svg')}`);
}
