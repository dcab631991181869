// What the reliability runs send, and how they count what comes back.
import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';
import { framedRequest } from './framed-request.ts';

export interface Work {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** `/lif/grad` of so many neurons: bytes in and out. */
export function binaryGradient(neurons: number, steps = 100): Work {
  const current = Float32Array.from({ length: neurons }, (_, b) => 0.5 + (2 * b) / Math.max(1, neurons - 1));
  return { path: '/lif/grad', ...framedRequest({ steps }, 'current', current) };
}

/** JSON in and out. */
export function json(path: string, request: object): Work {
  return { path, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(request)) };
}

/** How requests of one kind went. */
export class Tally {
  readonly byOutcome: Record<string, number> = {};
  readonly acceptedMs: number[] = [];
  readonly refusedMs: number[] = [];
  wrong = 0;

  add(outcome: string, ms: number): void {
    this.byOutcome[outcome] = (this.byOutcome[outcome] ?? 0) + 1;
    if (outcome === '200') this.acceptedMs.push(ms);
    else this.refusedMs.push(ms);
  }

  get accepted(): number {
    return this.acceptedMs.length;
  }

  toString(): string {
    return Object.entries(this.byOutcome).sort().map(([outcome, count]) => `${outcome} (${count} times)`).join(', ');
  }
}

/** Parts of an answer that are the same in every run: everything before `"meta"`, and the bytes behind the JSON. */
type Numbers = readonly Buffer[];

function numbersOf(answer: Buffer, jsonBytes: number): Numbers {
  return [answer.subarray(0, answer.indexOf('"meta"')), answer.subarray(jsonBytes)];
}

function areSame(some: Numbers, others: Numbers): boolean {
  return some.every((part, i) => part.equals(others[i]!));
}

/**
 * Lets this process, the client, go before the server that runs already, where the system allows it: on the same few processors a client that
 * waits for them would measure itself.
 *
 * @returns what puts it back, for the next server to be started as usual.
 */
export function goBeforeServer(): () => void {
  try {
    setPriority(-15);
    return () => { setPriority(0); };
  } catch {
    console.log('The client may not go before the server: what it waits for a processor counts as the server\'s.');
    return () => undefined;
  }
}

/**
 * Sends one request and counts how it went: a status with the problem's code, or the failure of the connection.
 *
 * @param expected the numbers that a 200 has to have.
 * @param from since when it counts as taking time: since it was due, where that was earlier.
 */
export async function sendOnce(pool: Pool, { path, headers, body }: Work, tally: Tally, expected?: Numbers, from = performance.now()): Promise<void> {
  let outcome: string;
  try {
    const answer = await pool.request({ path, method: 'POST', headers, body });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    outcome = String(answer.statusCode);
    if (answer.statusCode === 200) {
      if (expected !== undefined && !areSame(numbersOf(bytes, Number(answer.headers['inference-header-content-length'] ?? bytes.length)), expected)) tally.wrong++;
    } else {
      outcome += ` ${(JSON.parse(bytes.toString()) as { code: string }).code}`;
    }
  } catch (error) {
    outcome = `connection: ${(error as { code?: string }).code ?? String(error)}`;
  }
  tally.add(outcome, performance.now() - from);
}

/** The numbers of a request's answer, from a server at rest. */
export async function expectedOf(pool: Pool, { path, headers, body }: Work): Promise<Numbers> {
  const answer = await pool.request({ path, method: 'POST', headers, body });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${bytes.toString().slice(0, 300)}`);
  return numbersOf(bytes, Number(answer.headers['inference-header-content-length'] ?? bytes.length));
}

/** So many senders, each of which sends when its last request is answered. */
export async function closedLoop(senders: number, seconds: number, send: () => Promise<void>): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  await Promise.all(Array.from({ length: senders }, async () => {
    while (performance.now() < end) await send();
  }));
}

/** When requests of a constant rate are due, in milliseconds from the start. */
export function* evenly(perSecond: number, seconds: number): Generator<number> {
  const everyMs = 1000 / perSecond;
  for (let i = 1; i * everyMs < 1000 * seconds; i++) yield i * everyMs;
}

/** The same of a Poisson process, as of many clients that know nothing of each other. */
export function* byChance(perSecond: number, seconds: number): Generator<number> {
  const gap = () => (-1000 * Math.log(1 - Math.random())) / perSecond;
  for (let at = gap(); at < 1000 * seconds; at += gap()) yield at;
}

/**
 * Sends requests when they are due, whatever becomes of those before; resolves when all are answered.
 *
 * @param arrivals in milliseconds from the start, in order.
 * @param send gets the time at which it was due, on the clock of `performance.now()`.
 */
export async function openLoop(arrivals: Iterable<number>, send: (due: number) => Promise<void>): Promise<void> {
  const start = performance.now();
  const sent: Promise<void>[] = [];
  for (const at of arrivals) {
    while (performance.now() - start < at) await sleep(1);
    sent.push(send(start + at));
  }
  await Promise.all(sent);
}

/** What a process holds now. */
export interface Footprint {
  readonly residentMegabytes: number;
  readonly threads: number;
  readonly descriptors: number;
}

/** Of a process on this machine; Linux only. */
export function footprintOf(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]);
  return { residentMegabytes: field('VmRSS') / 1024, threads: field('Threads'), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Samples a process every so often until it is told to stop. */
export function watch(pid: number, everyMs = 250): { readonly samples: readonly Footprint[]; stop(): void } {
  const samples: Footprint[] = [];
  const timer = setInterval(() => samples.push(footprintOf(pid)), everyMs);
  return { samples, stop: () => { clearInterval(timer); } };
}
