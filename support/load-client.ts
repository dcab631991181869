// What the reliability runs send, and how they count what comes back.
import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Pool } from 'undici';
import { BytesTensor, framedRequest, framedTensors } from './framed-request.ts';

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

/** `/network/grad` of so many samples with a recurrent layer of 100 neurons: bytes in and out. */
export function networkGradient(samples: number, steps = 100): Work {
  const weight = (neurons: number, inputs: number) =>
    new BytesTensor(
      [neurons, inputs],
      Float32Array.from({ length: neurons * inputs }, (_, i) => Math.sin(i) / Math.sqrt(inputs)),
    );
  const input = new BytesTensor(
    [samples, 100, steps],
    Uint8Array.from({ length: samples * 100 * steps }, (_, i) => Number(i % 7 === 0)),
  );
  const layers = [
    { weight: weight(100, 100), recurrent: weight(100, 100), neuron: { tau: 2 } },
    { weight: weight(10, 100), neuron: { model: 'li', tau: 10 } },
  ];
  const labels = Array.from({ length: samples }, (_, sample) => sample % 10);
  return { path: '/network/grad', ...framedTensors({ input, dt: 1, layers, loss: { type: 'cross_entropy', on: 'max_v', labels } }) };
}

/** JSON in and out. */
export function json(path: string, request: object): Work {
  return { path, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(request)) };
}

/** `/lif/simulate` of so many steps that its answer, the spikes of each, is 6 MB of base64. */
export function recordedSpikes(): Work {
  const current = { linspace: [0.5, 2.5, 900] };
  return json('/lif/simulate', { current, steps: 5000, neuron: { tau: 50 }, record: ['spikes'], encoding: 'base64' });
}

/** How requests of one kind went. */
export class Tally {
  readonly byOutcome: Record<string, number> = {};
  readonly acceptedMs: number[] = [];
  readonly refusedMs: number[] = [];
  wrong = 0;

  /** All that these have counted together. */
  static of(...tallies: readonly Tally[]): Tally {
    const sum = new Tally();
    for (const tally of tallies) sum.addAll(tally);
    return sum;
  }

  addAll({ byOutcome, acceptedMs, refusedMs, wrong }: Tally): void {
    for (const [outcome, count] of Object.entries(byOutcome)) this.byOutcome[outcome] = (this.byOutcome[outcome] ?? 0) + count;
    this.acceptedMs.push(...acceptedMs);
    this.refusedMs.push(...refusedMs);
    this.wrong += wrong;
  }

  add(outcome: string, ms: number): void {
    this.byOutcome[outcome] = (this.byOutcome[outcome] ?? 0) + 1;
    if (outcome === '200') this.acceptedMs.push(ms);
    else this.refusedMs.push(ms);
  }

  get accepted(): number {
    return this.acceptedMs.length;
  }

  toString(): string {
    return Object.entries(this.byOutcome)
      .sort()
      .map(([outcome, count]) => `${outcome} (${count} times)`)
      .join(', ');
  }
}

/** Parts of an answer that are the same in every run: everything before `"meta"`, or behind the parameters of `/v2`, and the bytes behind the JSON. */
type Numbers = readonly Buffer[];

function numbersOf(sent: Buffer, headers: Readonly<Record<string, unknown>>): Numbers {
  const coding = headers['content-encoding'];
  const answer = coding === 'gzip' ? gunzipSync(sent) : coding === 'br' ? brotliDecompressSync(sent) : sent;
  const jsonBytes = Number(headers['inference-header-content-length'] ?? answer.length);
  const [meta, outputs] = [answer.indexOf('"meta"'), answer.indexOf('"outputs"')];
  return [answer.subarray(Math.max(0, outputs), meta < 0 ? jsonBytes : meta), answer.subarray(jsonBytes)];
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
    return () => {
      setPriority(0);
    };
  } catch {
    console.log("The client may not go before the server: what it waits for a processor counts as the server's.");
    return () => undefined;
  }
}

/**
 * Sends one request and counts how it went: a status with the problem's code, or the failure of the connection.
 *
 * @param expected the numbers that a 200 has to have.
 * @param from since when it counts as taking time: since it was due, where that was earlier.
 */
export async function sendOnce(
  pool: Pool,
  { path, headers, body }: Work,
  tally: Tally,
  expected?: Numbers,
  from = performance.now(),
): Promise<void> {
  let outcome: string;
  try {
    const answer = await pool.request({ path, method: 'POST', headers, body });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    outcome = String(answer.statusCode);
    if (answer.statusCode === 200) {
      if (expected !== undefined && !areSame(numbersOf(bytes, answer.headers), expected)) tally.wrong++;
    } else if (String(answer.headers['content-type']).includes('json')) {
      outcome += ` ${(JSON.parse(bytes.toString()) as { code?: string }).code ?? 'of /v2'}`;
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
  return numbersOf(bytes, answer.headers);
}

/** So many senders, each of which sends when its last request is answered. */
export async function closedLoop(senders: number, seconds: number, send: () => Promise<void>): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (performance.now() < end) await send();
    }),
  );
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

/** A process and all that it has started, which still run; Linux only. */
export function processTree(pid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [[Number(name), Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1])] as const];
      } catch {
        return [];
      }
    });
  const tree = parents.filter(([process]) => process === pid).map(([process]) => process);
  for (const one of tree) tree.push(...parents.filter(([, parent]) => parent === one).map(([process]) => process));
  return tree;
}

/** Of several processes together. */
export function footprintOfAll(pids: readonly number[]): Footprint {
  const all = pids.flatMap((pid) => {
    try {
      return [footprintOf(pid)];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
  const sum = (field: keyof Footprint) => all.reduce((total, one) => total + one[field], 0);
  return { residentMegabytes: sum('residentMegabytes'), threads: sum('threads'), descriptors: sum('descriptors') };
}

/** What `/metrics` says: the value of a series by its name with its labels, NaN where there is none. */
export async function scrape(url: string): Promise<(series: string) => number> {
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(10_000) });
  const lines = (await response.text()).split('\n');
  return (series) => Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length) ?? NaN);
}

/** What series have to be once no request is there but the scrape. */
const atRest = { surrogate_reserved_bytes: 0, 'surrogate_arena_bytes{state="lent"}': 0, http_requests_in_flight: 1 };

/**
 * Waits until nothing is held: no memory reserved or lent, no request but the scrape in flight.
 *
 * @returns after how many milliseconds that was, or what is still held when the time is over.
 */
export async function untilNothingIsHeld(url: string, limitMs: number): Promise<number | string> {
  const from = performance.now();
  for (;;) {
    const valueOf = await scrape(url);
    const ms = performance.now() - from;
    const held = Object.entries(atRest).filter(([series, value]) => valueOf(series) !== value);
    if (held.length === 0) return ms;
    if (ms > limitMs) return held.map(([series]) => `${series} is ${valueOf(series)}`).join(', ');
    await sleep(20);
  }
}

/** Samples a process every so often until it is told to stop. */
export function watch(pid: number, everyMs = 250): { readonly samples: readonly Footprint[]; stop(): void } {
  const samples: Footprint[] = [];
  const timer = setInterval(() => samples.push(footprintOf(pid)), everyMs);
  return {
    samples,
    stop: () => {
      clearInterval(timer);
    },
  };
}
