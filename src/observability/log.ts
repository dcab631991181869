import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { Config } from '../config/config.ts';

/** Writes of at most this many bytes into a pipe are atomic: lines of several processes do not mix. */
const maxAtomicBytes = 4096;

/** Logs lines for people on a terminal and JSON elsewhere, in batches: a write per request costs as much as a small job. */
export function createLogger({ logLevel, processes }: Pick<Config, 'logLevel' | 'processes'>): Logger {
  if (process.stdout.isTTY) {
    return pino({ level: logLevel }, pretty({ sync: true, ignore: processes === 1 ? 'pid,hostname' : 'hostname' }));
  }
  const batches = processes === 1 ? { minLength: 16_384, maxWrite: 65_536 } : { minLength: maxAtomicBytes / 2, maxWrite: maxAtomicBytes };
  return pino(
    // Given strings, a destination measures its whole batch again with each line: 6 µs a line instead of 3. Pino's types know only strings.
    { level: logLevel, hooks: { streamWrite: (line) => Buffer.from(line) as never } },
    pino.destination({ dest: 1, sync: false, periodicFlush: 100, contentMode: 'buffer', ...batches }),
  );
}
