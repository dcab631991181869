import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { replaceBetweenMarkers } from '../support/markers.ts';

const file = new URL('../docs/reliability.md', import.meta.url);

/** What a run finds: lines to be read, and what of its aims did not hold. */
export class Findings {
  readonly #lines: string[] = [];
  readonly #failures: string[] = [];

  say(line: string): void {
    this.#lines.push(line);
    console.log(line);
  }

  /** @param failure what it means when it does not hold. */
  check(holds: boolean, failure: string): void {
    if (!holds) this.#failures.push(failure);
  }

  /** Tells of failures, which the exit code does too, and writes the lines into their section of docs/reliability.md where that is wanted. */
  finish(name: 'soak' | 'chaos' | 'chaos:replicas' | 'load:loop', write: boolean): void {
    if (write) {
      const where = `${cpus()[0]!.model}, ${cpus().length} cores shared by server and client; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}. Repeat with \`npm run ${name} -- --write\`.`;
      writeFileSync(file, replaceBetweenMarkers(readFileSync(file, 'utf8'), name, [where, '', ...this.#lines].join('\n')));
    }
    for (const failure of this.#failures) console.error(`FAILED: ${failure}`);
    process.exitCode = this.#failures.length > 0 ? 1 : 0;
  }
}
