// Clients that break requests off at any byte, leave while the service works for them, or do not take what they asked for.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { npyHeader } from '../src/codecs/npy.ts';
import { randomNumbers } from './random-numbers.ts';
import { framedRequest } from './framed-request.ts';
import { json, binaryGradient, networkGradient, type Work } from './load-client.ts';

const codings = ['gzip', 'br', 'deflate'] as const;
type Coding = (typeof codings)[number];

/** A request of some kind. */
interface Kind {
  readonly work: Work;
  /** Too long to be sent as it is. */
  readonly isCompressed?: boolean;
}

const all = ['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'];
const text = (path: string, body: string): Work => ({ path, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) });
const repeated = (unit: string, bytes: number) =>
  text('/surrogate/grad', `{"surrogate":"sigmoid","x":[${`${unit},`.repeat(bytes / (unit.length + 1))}${unit}]}`);
const npy = (path: string, values: Float32Array): Work => ({
  path,
  headers: { 'content-type': 'application/x-npy' },
  body: Buffer.concat([npyHeader('float32', [values.length]), Buffer.from(values.buffer)]),
});
const framedInference = (values: Float32Array): Work => {
  const head = Buffer.from(
    JSON.stringify({
      parameters: { surrogate: 'erf', binary_data_output: true },
      inputs: [{ name: 'x', shape: [values.length], datatype: 'FP32', parameters: { binary_data_size: values.byteLength } }],
    }),
  );
  return {
    path: '/v2/models/surrogate_grad/infer',
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
    body: Buffer.concat([head, Buffer.from(values.buffer)]),
  };
};
const points = (count: number) => Float32Array.from({ length: count }, (_, i) => (2 * i) / count - 1);
const series = Array.from({ length: 64 }, (_, i) => ({ name: 'squarewave_fourier_series', n: i + 1 }));

/** Every way of asking for much with little, and usual requests. */
const kinds: Readonly<Record<string, () => Kind>> = {
  small: () => ({ work: json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 }) }),
  numbers: () => ({ work: json('/surrogate/grad', { surrogate: 'sigmoid', x: Array.from(points(60_000)) }) }),
  'inflated numbers': () => ({ work: repeated('0.7777777', 40e6), isCompressed: true }),
  'inflated zeros': () => ({ work: repeated('0', 4e6), isCompressed: true }),
  'inflated spaces': () => ({ work: { ...text('/lif/grad', ''), body: Buffer.alloc(1e8, ' ') }, isCompressed: true }),
  'inflated arrays': () => ({ work: repeated('[]', 8e6), isCompressed: true }),
  'inflated v2': () => ({
    work: text(
      '/v2/models/surrogate_grad/infer',
      `{"inputs":[{"name":"x","shape":[4000000],"datatype":"FP32","data":[${'0.5,'.repeat(4e6 - 1)}0.5]}],"parameters":{"surrogate":"erf"}}`,
    ),
    isCompressed: true,
  }),
  'inflated neurons': () => ({ work: text('/lif/grad', `{"current":[${'1.25,'.repeat(2e6)}1.25],"steps":10}`), isCompressed: true }),
  framed: () => ({ work: binaryGradient(150_000, 20) }),
  'framed surrogates': () => ({
    work: { path: '/surrogate/grad', ...framedRequest({ surrogate: ['sigmoid', 'erf'] }, 'x', points(200_000)) },
  }),
  npy: () => ({ work: npy('/surrogate/grad?surrogate=erf', points(150_000)) }),
  v2: () => ({ work: framedInference(points(150_000)) }),
  linspace: () => ({ work: json('/surrogate/grad', { surrogate: ['sigmoid', 'erf'], x: { linspace: [-1, 1, 500_000] } }) }),
  'long linspace': () => ({ work: json('/surrogate/grad', { surrogate: 'sigmoid', x: { linspace: [-1, 1, 2 ** 22] } }) }),
  'dry run': () => ({ work: json('/surrogate/grad', { surrogate: 'sigmoid', x: { linspace: [-1, 1, 2 ** 22] }, dry_run: true }) }),
  'long run': () => ({
    work: json('/lif/simulate', { current: 1.5, steps: 5000, neuron: { tau: { linspace: [5, 20, 1000] } }, record: ['v', 'spikes'] }),
  }),
  'long run in base64': () => ({
    work: json('/lif/simulate', {
      current: 1.5,
      steps: 5000,
      neuron: { tau: { linspace: [5, 20, 1000] } },
      record: ['v'],
      encoding: 'base64',
    }),
  }),
  gradient: () => ({ work: json('/lif/grad', { current: { linspace: [1, 2, 20_000] }, steps: 500, surrogate: ['sigmoid', 'erf'] }) }),
  'float64 gradient': () => ({ work: json('/lif/grad', { current: { linspace: [1, 2, 5000] }, steps: 500, wrt: all, dtype: 'float64' }) }),
  reference: () => ({ work: json('/lif/grad', { current: { linspace: [1, 2, 100] }, steps: 2000, backend: 'reference' }) }),
  'one neuron for ever': () => ({
    work: json('/lif/grad', {
      current: 1,
      steps: 2 ** 31 - 1,
      dtype: 'float64',
      surrogate: { name: 'squarewave_fourier_series', n: 64 },
      wrt: all,
    }),
  }),
  'one neuron for long': () => ({ work: json('/lif/simulate', { current: 1.5, steps: 2 ** 31 - 1 }) }),
  'spike times': () => ({
    work: json('/lif/simulate', { current: 1e6, steps: 1000, neuron: { tau: { linspace: [9, 10, 4000] } }, record: ['spike_times'] }),
  }),
  'many surrogates': () => ({
    work: json('/surrogate/grad', { x: { linspace: [-1, 1, 16_384] }, surrogate: new Array<string>(200).fill('erf') }),
  }),
  'many kernels': () => ({ work: json('/lif/grad', { current: 1, steps: 1, surrogate: series, wrt: ['tau'] }) }),
  'empty rows': () => ({
    work: json('/surrogate/grad', { x: { shape: [65_536, ...new Array<number>(62).fill(1), 0], data: [] }, surrogate: ['erf', 'sigmoid'] }),
  }),
  network: () => ({ work: networkGradient(100) }),
  'network of events': () => ({
    work: json('/network/grad', {
      input: {
        events: { sample: { linspace: [0, 0, 2 ** 21] }, neuron: { linspace: [0, 0, 2 ** 21] }, step: { linspace: [0, 0, 2 ** 21] } },
        shape: [1, 1, 1],
      },
      layers: [{ weight: [[1]] }],
    }),
  }),
  'network of many layers': () => ({
    work: json('/network/grad', {
      input: { events: { sample: [], neuron: [], step: [] }, shape: [100, 2, 1000] },
      layers: new Array(64).fill({
        weight: [
          [1, 1],
          [1, 1],
        ],
        recurrent: [
          [0, 1],
          [1, 0],
        ],
      }),
      dtype: 'float64',
    }),
  }),
  'network of records': () => ({
    work: json('/network/simulate', {
      input: { events: { sample: [0], neuron: [0], step: [0] }, shape: [100, 1, 1000] },
      layers: [{ weight: { shape: [10, 1], data: new Array<number>(10).fill(1) }, record: ['v', 'spikes'] }],
    }),
  }),
  'unknown weights': () => ({ work: json('/network/grad', { input: [[[1]]], layers: [{ weight: { sha256: '0'.repeat(64) } }] }) }),
  refused: () => ({ work: json('/lif/grad', { current: [1, 'x'], steps: 10 }) }),
  'too much': () => ({ work: json('/lif/grad', { current: 1, steps: 1e12 }) }),
  'no JSON': () => ({ work: text('/lif/grad', '{"current": [1, 2') }),
  'no known type': () => ({ work: { ...text('/lif/grad', '{'.repeat(100_000)), headers: { 'content-type': 'text/plain' } } }),
};
export const kindNames: readonly string[] = Object.keys(kinds);

const made = new Map<string, Kind>();
function kindOf(name: string): Kind {
  let kind = made.get(name);
  if (kind === undefined) made.set(name, (kind = kinds[name]!()));
  return kind;
}

const compressed = new Map<string, Buffer>();
function bodyOf(name: string, coding: Coding | undefined): Buffer {
  const { body } = kindOf(name).work;
  if (coding === undefined) return body;
  const key = `${coding} ${name}`;
  let bytes = compressed.get(key);
  if (bytes === undefined) {
    bytes =
      coding === 'br'
        ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
        : coding === 'gzip'
          ? gzipSync(body)
          : deflateSync(body);
    compressed.set(key, bytes);
  }
  return bytes;
}

/** How a client leaves a connection. */
export interface Departure {
  /** How many bytes it sends before. */
  readonly bytes: number;
  /** In how many parts it sends them. */
  readonly parts: number;
  /** How long it stays after that, in milliseconds. */
  readonly staysMs: number;
  readonly isReading: boolean;
  readonly how: 'reset' | 'close' | 'end first';
}

/** Chance, as a seed has it. */
export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomNumbers(Math.imul(seed + 1, 0x9e3779b1) >>> 0);
  }

  /** Whether something of this probability happens. */
  of(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number in [0, count). */
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A departure from a connection on which so many bytes were to be sent. */
  departure(bytes: number): Departure {
    return {
      bytes: this.of(0.4) ? this.below(bytes) : bytes,
      parts: this.of(0.2) ? 2 + this.below(4) : 1,
      // Mostly soon: that is while bytes are decompressed, read and computed.
      staysMs: 200 * this.#next() ** 3,
      isReading: this.of(0.5),
      how: this.pick(['reset', 'close', 'end first']),
    };
  }
}

/** Sends bytes and leaves; resolves when the connection is gone. */
export async function sendAndLeave(
  port: number,
  bytes: Uint8Array,
  { bytes: count, parts, staysMs, isReading, how }: Departure,
): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  if (isReading) socket.resume();
  else socket.pause();
  for (let part = 0; part < parts && !socket.destroyed; part++) {
    if (part > 0) await sleep(1);
    socket.write(bytes.subarray(Math.floor((count * part) / parts), Math.floor((count * (part + 1)) / parts)));
  }
  // What was written has left by then, or its client has waited long enough.
  await Promise.race([
    sleep(1000),
    closed,
    new Promise<void>((resolve) => {
      socket.write('', () => {
        resolve();
      });
    }),
  ]);
  if (how === 'end first') socket.end();
  await sleep(staysMs);
  if (how === 'reset') socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** A request as bytes on the wire. */
export function wireBytes({ path, headers, body }: Work, chunks?: Chance): Buffer {
  const fields = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const head = (framing: string) => Buffer.from(`POST ${path} HTTP/1.1\r\nHost: chaos\r\n${fields}${framing}\r\n\r\n`, 'latin1');
  if (chunks === undefined) return Buffer.concat([head(`Content-Length: ${body.length}`), body]);
  const parts: Buffer[] = [head('Transfer-Encoding: chunked')];
  for (let at = 0; at < body.length;) {
    // Beyond some hundred chunks, the rest is one.
    const length = parts.length > 1000 ? body.length : 1 + chunks.below(chunks.pick([3, 1000, 100_000]));
    const part = body.subarray(at, at + length);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/**
 * Messages that are sent in a row are shorter: Node stops reading a connection on which a longer body waits for its turn, and so sees that the
 * client has left only when it writes to it.
 */
const maxPipelinedBytes = 16_000;

/** A message of any kind, in any coding and framing, once or several times in a row. */
function messageOf(name: string, chance: Chance): Buffer {
  const { work, isCompressed } = kindOf(name);
  const coding = isCompressed === true || chance.of(0.3) ? chance.pick(codings) : undefined;
  const answerCoding = chance.of(0.4) ? chance.pick(codings) : undefined;
  const headers = {
    ...work.headers,
    ...(coding !== undefined && { 'content-encoding': coding }),
    ...(answerCoding !== undefined && { 'accept-encoding': answerCoding }),
    ...(chance.of(0.3) && { 'x-request-timeout-ms': String(chance.pick([1, 5, 20, 100])) }),
  };
  const body = bodyOf(name, coding);
  const bytes = wireBytes({ path: work.path, headers, body }, body.length < 1e6 && chance.of(0.25) ? chance : undefined);
  return chance.of(0.15) && bytes.length < maxPipelinedBytes ? Buffer.concat(new Array<Buffer>(16).fill(bytes)) : bytes;
}

export interface Attack {
  readonly port: number;
  readonly seed: number;
  readonly clients: number;
  /** All kinds unless some are named. */
  readonly kinds?: readonly string[];
  /** Asked before each message. */
  readonly goesOn: () => boolean;
}

/**
 * Lets clients send messages and leave. The same seed gives each client the same messages and departures, in the same order.
 *
 * @returns how many messages of each kind there were.
 */
export async function attack({ port, seed, clients, kinds: names = kindNames, goesOn }: Attack): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  // Made beforehand, since compressing some of them takes a second.
  for (const name of names) for (const coding of codings) if (kindOf(name).isCompressed === true) bodyOf(name, coding);
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const chance = new Chance(seed * 1009 + client);
      while (goesOn()) {
        const name = chance.pick(names);
        counts[name] = (counts[name] ?? 0) + 1;
        const message = messageOf(name, chance);
        await sendAndLeave(port, message, chance.departure(message.length));
      }
    }),
  );
  return counts;
}
