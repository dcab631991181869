import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { Config } from '../config/config.ts';

/** So many bytes written at once stay together in a pipe, whoever else writes into it. */
const unbrokenBytes = 4096;

/** Lines for people on a terminal, JSON elsewhere; written in batches, since a write per request costs as much as a small job. */
export function createLogger({ logLevel, processes }: Pick<Config, 'logLevel' | 'processes'>): Logger {
  if (process.stdout.isTTY) {
    return pino({ level: logLevel }, pretty({ sync: true, ignore: processes === 1 ? 'pid,hostname' : 'hostname' }));
  }
  const batches = processes === 1 ? { minLength: 16_384, maxWrite: 65_536 } : { minLength: unbrokenBytes / 2, maxWrite: unbrokenBytes };
  return pino(
    { level: logLevel, hooks: { streamWrite: asBytes } },
    pino.destination({ dest: 1, sync: false, periodicFlush: 100, contentMode: 'buffer', ...batches }),
  );
}

/** A destination of strings measures all that it has gathered with each line. Pino declares no bytes here, and hands them on. */
function asBytes(line: string): string {
  return Buffer.from(line) as unknown as string;
}
