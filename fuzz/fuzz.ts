import { gunzipSync } from 'node:zlib';

import fc from 'fast-check';
import { Pool } from 'undici';

import { loadConfig } from '../src/config.ts';
import { expectationOf } from './expectation.ts';
import { faultOf, type Reply } from './judge.ts';
import { messages, type Message, type OpenApi } from './messages.ts';

/** Limits that keep every request small, for the server and for whoever foretells its answers. */
export const fuzzEnvironment: Readonly<Record<string, string>> = {
  COMPUTE_BACKEND: 'wasm',
  MAX_BODY_BYTES: '1000000',
  MAX_NEURON_STEPS: '20000',
  MAX_REFERENCE_NEURON_STEPS: '20000',
  MAX_RESULT_VALUES: '20000',
  MAX_STREAMED_VALUES: '20000',
};

export interface FuzzOptions {
  readonly url: string;
  readonly count: number;
  readonly seed: number;
  readonly connections?: number;
  /** The number of the only message that is sent, of those that the seed makes. */
  readonly only?: number | undefined;
  /** When to stop, on the clock of `performance.now()`. */
  readonly until?: number;
  readonly onProgress?: (done: number) => Promise<void>;
}

export interface Fault {
  readonly number: number;
  readonly what: string;
  readonly message: Message;
  readonly reply: Reply | undefined;
}

export interface FuzzReport {
  sent: number;
  readonly statuses: Record<string, number>;
  readonly forms: Record<string, number>;
  /** Answers whose every number was compared. */
  compared: number;
  /** Answers of which only the shapes were, since rounding may decide a spike. */
  shapesOnly: number;
  /** Refusals of which the reason was known beforehand. */
  foretold: number;
  readonly faults: Fault[];
}

const batchSize = 250;
const mostFaults = 20;

/** Sends messages to a server that runs with `fuzzEnvironment`, and judges its replies. The same seed makes the same messages. */
export async function fuzz({ url, count, seed, connections = 16, only, until = Infinity, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const { limits } = loadConfig({ ...fuzzEnvironment });
  const pool = new Pool(url, { connections, pipelining: 1 });
  const report: FuzzReport = { sent: 0, statuses: {}, forms: {}, compared: 0, shapesOnly: 0, foretold: 0, faults: [] };
  try {
    const { body: text } = await pool.request({ path: '/openapi.json', method: 'GET' });
    const document = (await text.json()) as OpenApi;
    const arbitrary = messages(document);

    const judge = async (message: Message, number: number): Promise<void> => {
      let reply: Reply | undefined;
      let what: string | undefined;
      try {
        const response = await pool.request({ path: message.path, method: 'POST', headers: message.headers, body: message.body });
        const bytes = Buffer.from(await response.body.arrayBuffer());
        reply = { status: response.statusCode, headers: response.headers, body: response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes };
        const expected = await expectationOf(message, limits);
        what = faultOf(message, reply, expected, document);
        count1(report.statuses, String(reply.status));
        if (reply.status === 200 && expected?.kind === 'answer') report[expected.isOnEdge ? 'shapesOnly' : 'compared']++;
        if (reply.status !== 200 && expected !== undefined) report.foretold++;
      } catch (error) {
        what = `${reply === undefined ? 'no reply' : 'a reply that cannot be judged'}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      }
      report.sent++;
      count1(report.forms, message.form);
      if (what !== undefined) report.faults.push({ number, what, message, reply });
    };

    const firstBatch = only === undefined ? 0 : Math.floor(only / batchSize);
    for (let batch = firstBatch; batch * batchSize < count || only !== undefined; batch++) {
      const numRuns = only === undefined ? Math.min(batchSize, count - batch * batchSize) : batchSize;
      // Multiplied, or neighbouring seeds would share batches.
      const made = fc.sample(arbitrary, { seed: Math.imul(seed, 0x9e3779b1) + batch, numRuns }).map((message, i) => ({ message, number: batch * batchSize + i }));
      const waiting = made.filter(({ number }) => only === undefined || number === only);
      const work = async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await judge(next.message, next.number);
      };
      await Promise.all(Array.from({ length: connections }, work));
      if (only !== undefined || report.faults.length >= mostFaults || performance.now() > until) break;
      await onProgress?.(report.sent);
    }
  } finally {
    await pool.close();
  }
  return report;
}

function count1(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
