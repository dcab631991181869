import { gunzipSync } from 'node:zlib';

import fc from 'fast-check';
import { Pool } from 'undici';

import { Chance, sendAndLeave, wireBytes } from '../support/leaving-clients.ts';
import { untilNothingIsHeld } from '../support/load-client.ts';
import { loadConfig } from '../src/config/config.ts';
import { endMessages, endsEnvironment } from './ends.ts';
import { expectationOf } from './expectation.ts';
import type { Limits } from '../src/config/limits.ts';
import { faultOf, type Reply } from './judge.ts';
import { messages, type Message, type OpenApi } from './messages.ts';

/** Limits that keep every request small, for the server and for whoever foretells its answers. */
export const fuzzEnvironment: Readonly<Record<string, string>> = {
  COMPUTE_BACKEND: 'wasm',
  MAX_BODY_BYTES: '1000000',
  // A busy machine takes seconds to compile what the first messages need, and to be refused for that is no fault.
  MAX_QUEUE_MS: '60000',
  MAX_NEURON_STEPS: '20000',
  MAX_REFERENCE_NEURON_STEPS: '20000',
  MAX_RESULT_VALUES: '20000',
  MAX_STREAMED_VALUES: '20000',
};

export interface FuzzOptions {
  readonly url: string;
  /** Of a server that runs with `endsEnvironment` and gets a part of the messages: those at the ends of their ranges. */
  readonly endsUrl: string;
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
  /** Messages that were broken off, or whose reply was not read. */
  left: number;
  readonly faults: Fault[];
  /** What a server still held a second after the last message. */
  readonly held: string[];
}

const batchSize = 250;
const endsEvery = 8;
const maxFaults = 20;
const partLeft = 0.1;
/** Of a long answer no more is read. */
const maxRead = 4e6;

/** Sends messages to servers that run with `fuzzEnvironment` and `endsEnvironment`, and judges the replies. The same seed makes the same messages. */
export async function fuzz({
  url,
  endsUrl,
  count,
  seed,
  connections = 16,
  only,
  until = Infinity,
  onProgress,
}: FuzzOptions): Promise<FuzzReport> {
  // A server that hangs is a fault as well.
  const targetOf = (target: string, environment: Readonly<Record<string, string>>): Target => ({
    pool: new Pool(target, { connections, pipelining: 1, headersTimeout: 20_000, bodyTimeout: 20_000 }),
    port: Number(new URL(target).port),
    limits: loadConfig({ ...environment }).limits,
  });
  const [usual, ends] = [targetOf(url, fuzzEnvironment), targetOf(endsUrl, endsEnvironment)];
  const { pool } = usual;
  const report: FuzzReport = { sent: 0, statuses: {}, forms: {}, compared: 0, shapesOnly: 0, foretold: 0, left: 0, faults: [], held: [] };
  try {
    const { body: text } = await pool.request({ path: '/openapi.json', method: 'GET' });
    const document = (await text.json()) as OpenApi;
    const arbitrary = messages(document);

    const judge = async ({ pool: to, limits }: Target, message: Message, number: number): Promise<void> => {
      let reply: Reply | undefined;
      let what: string | undefined;
      try {
        const response = await to.request({ path: message.path, method: 'POST', headers: message.headers, body: message.body });
        const bytes = await readSome(response.body);
        if (bytes === undefined) {
          report.left++;
        } else {
          reply = {
            status: response.statusCode,
            headers: response.headers,
            body: response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes,
          };
          const expected = await expectationOf(message, limits);
          what = faultOf(message, reply, expected, document);
          if (reply.status === 200 && expected?.kind === 'answer') report[expected.isOnEdge ? 'shapesOnly' : 'compared']++;
          if (reply.status !== 200 && expected !== undefined) report.foretold++;
        }
        count1(report.statuses, String(response.statusCode));
      } catch (error) {
        what = `${reply === undefined ? 'no reply' : 'a reply that cannot be judged'}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      }
      if (what !== undefined) report.faults.push({ number, what, message, reply });
    };

    const leave = async ({ port }: Target, { path, headers, body }: Message, chance: Chance): Promise<void> => {
      const bytes = wireBytes({ path, headers, body }, chance.of(0.3) ? chance : undefined);
      await sendAndLeave(port, bytes, chance.departure(bytes.length));
      report.left++;
    };

    const send = async (message: Message, number: number): Promise<void> => {
      const target = isOfEnds(number) ? ends : usual;
      const chance = new Chance(seed * 7919 + number);
      if (only === undefined && chance.of(partLeft)) await leave(target, message, chance);
      else await judge(target, message, number);
      report.sent++;
      count1(report.forms, message.form);
    };

    const firstBatch = only === undefined ? 0 : Math.floor(only / batchSize);
    for (let batch = firstBatch; batch * batchSize < count || only !== undefined; batch++) {
      const numRuns = only === undefined ? Math.min(batchSize, count - batch * batchSize) : batchSize;
      // Multiplied, or neighbouring seeds would share batches.
      const made = fc
        .sample(isOfEnds(batch * batchSize) ? endMessages : arbitrary, { seed: Math.imul(seed, 0x9e3779b1) + batch, numRuns })
        .map((message, i) => ({ message, number: batch * batchSize + i }));
      const waiting = made.filter(({ number }) => only === undefined || number === only);
      const work = async () => {
        for (let next = waiting.pop(); next !== undefined && report.faults.length < maxFaults; next = waiting.pop())
          await send(next.message, next.number);
      };
      await Promise.all(Array.from({ length: connections }, work));
      if (only !== undefined || report.faults.length >= maxFaults || performance.now() > until) break;
      await onProgress?.(report.sent);
    }
    for (const [which, target] of [
      ['of small limits', url],
      ['of usual limits', endsUrl],
    ] as const) {
      const held = await untilNothingIsHeld(target, 1000).catch((error: unknown) => `no answer from /metrics: ${String(error)}`);
      if (typeof held === 'string') report.held.push(`the server ${which}: ${held}`);
    }
  } finally {
    await Promise.all([usual.pool.destroy(), ends.pool.destroy()]);
  }
  return report;
}

interface Target {
  readonly pool: Pool;
  readonly port: number;
  readonly limits: Limits;
}

/** Whether a message of this number is one at the ends of its ranges. */
function isOfEnds(number: number): boolean {
  return Math.floor(number / batchSize) % endsEvery === endsEvery - 1;
}

/** A reply's bytes; undefined when they are more than is read. */
async function readSome(body: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxRead) return undefined;
  }
  return Buffer.concat(chunks);
}

function count1(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
