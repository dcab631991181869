import type { AddressInfo } from 'node:net';

import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { Config } from '../config/config.ts';
import { version } from '../version.ts';

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

/** The URL of a server that listens on this address; `localhost` where that is every address of the machine. */
export function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Logs what is ready, how long after the start of the process, and where. */
export function logReady(logger: Logger, { docs, processes }: Pick<Config, 'docs' | 'processes'>, url: string): void {
  const ms = Math.round(performance.now());
  const places = docs ? `${url}, the API at ${url}/docs` : url;
  const workers = processes === 1 ? '' : `, ${processes} processes,`;
  logger.info(
    { version, processes, url, ready_ms: ms },
    `surrogate-gradient-service ${version}${workers} is ready after ${ms} ms: ${places}`,
  );
}
