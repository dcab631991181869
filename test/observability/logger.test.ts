import { pino } from 'pino';
import { expect, it } from 'vitest';
import { logReady, urlOf } from '../../src/observability/logger.ts';
import { version } from '../../src/version.ts';

it.each([
  ['127.0.0.1', 'IPv4', 'http://127.0.0.1:3000'],
  ['192.0.2.1', 'IPv4', 'http://192.0.2.1:3000'],
  ['0.0.0.0', 'IPv4', 'http://localhost:3000'],
  ['::', 'IPv6', 'http://localhost:3000'],
  ['::1', 'IPv6', 'http://[::1]:3000'],
])('a server that listens on %s is found at its URL', (address, family, url) => {
  expect(urlOf({ address, family, port: 3000 })).toBe(url);
});

it.each([
  [{ docs: true, processes: 1 }, / is ready after \d+ ms: http:\/\/x, the API at http:\/\/x\/docs$/],
  [{ docs: false, processes: 4 }, /, 4 processes, is ready after \d+ ms: http:\/\/x$/],
])('the log says what is ready, after how long and where: %o', (config, message) => {
  const lines: string[] = [];
  logReady(pino({}, { write: (line: string) => void lines.push(line) }), config, 'http://x');
  const line = JSON.parse(lines[0]!) as Record<string, unknown>;
  expect(line).toMatchObject({ version, processes: config.processes, url: 'http://x', msg: expect.stringMatching(message) as string });
  expect(line.ready_ms).toBeGreaterThan(0);
});
