import type { AddressInfo } from 'node:net';

import type { Logger } from 'pino';

import type { Config } from '../config/config.ts';
import { version } from '../version.ts';

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
