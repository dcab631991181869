import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { replaceBetweenMarkers } from '../bench/markers.ts';

const file = new URL('../docs/reliability.md', import.meta.url);

/** Writes what a run found into its section of docs/reliability.md. */
export function writeSection(name: 'soak' | 'chaos', lines: readonly string[]): void {
  const where = `${cpus()[0]!.model}, ${cpus().length} cores shared by server and client; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}. Repeat with \`npm run ${name} -- --write\`.`;
  writeFileSync(file, replaceBetweenMarkers(readFileSync(file, 'utf8'), name, [where, '', ...lines].join('\n')));
}
