import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { summarise } from '../support/statistics.ts';
import type { JsonFigures, JsonRow } from './json-figures.ts';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { ratios } from './turns.ts';

/** The versions of Node that are compared, and how many times as fast as what is built in the codec is to be on the first. */
const versions = ['20', '24'];
const aims = { parse: 6, print: 5 } as const;

const run = promisify(execFile);
const script = fileURLToPath(new URL('json-figures.ts', import.meta.url));

/** The figures on a version of Node: this one, or one that npm fetches; null where it cannot be had. */
async function figuresOn(version: string): Promise<JsonFigures | null> {
  const own = process.versions.node.split('.')[0] === version;
  const npx = ['--yes', '--ignore-scripts=false', `--package=node@${version}`, '--', 'node'];
  try {
    const { stdout } = await run(own ? process.execPath : 'npx', [...(own ? [] : npx), '--import', 'tsx', script]);
    return JSON.parse(stdout) as JsonFigures;
  } catch (error) {
    console.error(`SKIPPED: Node ${version}: ${(error as Error).message.split('\n')[0]!}`);
    return null;
  }
}

/** How many times as fast as what is built in, round by round. */
const speedups = (row: JsonRow): number[] => ratios(row.builtIn, row.ours);

function rows(what: keyof typeof aims, figures: readonly (JsonFigures | null)[]): string[] {
  const tables = figures.map((one) => one?.[what]);
  const model = tables.find((table) => table !== undefined) ?? [];
  return model.map(({ numbers, bytes }, i) => {
    const cells = tables.flatMap((table) => {
      if (table === undefined) return ['', '', ''];
      const row = table[i]!;
      const { min, median, max } = summarise(speedups(row));
      return [
        summarise(row.ours).median.toFixed(1),
        summarise(row.builtIn).median.toFixed(1),
        `**${median.toFixed(1)}** (${min.toFixed(1)} to ${max.toFixed(1)})`,
      ];
    });
    return `| ${[what, numbers, bytes.toFixed(1), ...cells].join(' | ')} |`;
  });
}

function verdict(what: keyof typeof aims, figures: JsonFigures | null): string {
  if (figures === null) return '';
  const floats = figures[what].filter(({ numbers }) => numbers.startsWith('normal') || numbers.startsWith('uniform'));
  const least = Math.min(...floats.map((row) => summarise(speedups(row)).median));
  return `On Node ${versions[0]!}, ${what} is at least ${least.toFixed(1)} times as fast on floats; the aim is ${aims[what]}: ${least >= aims[what] ? 'met' : '**not met**'}.`;
}

/** Times the codec of JSON's numbers on several versions of Node, and writes the figures into the documentation. */
export async function writeJsonReport(): Promise<void> {
  const figures: (JsonFigures | null)[] = [];
  for (const version of versions) figures.push(await figuresOn(version));
  const columns = figures.flatMap((one, i) => [`${one?.node ?? `Node ${versions[i]!}`}: codec ms`, 'built in ms', 'times as fast']);
  const head = ['', 'numbers', 'bytes each', ...columns];
  const text = [
    `${cpus()[0]?.model ?? 'unknown processor'}. Repeat with \`npm run bench:json\`.`,
    '',
    `| ${head.join(' | ')} |`,
    `|${'---|'.repeat(head.length)}`,
    ...rows('parse', figures),
    ...rows('print', figures),
    '',
    verdict('parse', figures[0]!),
    verdict('print', figures[0]!),
  ].join('\n');
  console.log(text);
  const document = fileURLToPath(new URL('../docs/lab/json-numbers.md', import.meta.url));
  writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'bench:json', text));
  console.log(`\nwritten into ${document}`);
}
