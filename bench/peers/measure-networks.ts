import type { Engine } from '../../src/compute/engine/engine.ts';
import { framedTensors } from '../../support/framed-request.ts';
import { NetworkExchange } from '../network-exchange.ts';
import { drawNetwork, networkRequest, type InputForm, type NetworkSize } from '../networks.ts';
import { inTurns, type Contender } from '../turns.ts';
import { checkAgreement } from './compare.ts';
import { Connection, prepare } from './connection.ts';
import { startNetworkPeers } from './network-peers.ts';

/** A network, and how many times as fast as each peer the kernels are to be. */
export interface NetworkWork extends NetworkSize {
  readonly aims: Readonly<Record<string, number>>;
}

export const networkWorks: readonly NetworkWork[] = [
  { sizes: [700, 256, 20], steps: 100, samples: 32, density: 0.03, isRecurrent: false, aims: { PyTorch: 8, 'JAX, hoisted': 3 } },
  { sizes: [700, 256, 20], steps: 100, samples: 32, density: 0.03, isRecurrent: true, aims: { PyTorch: 3, 'JAX, hoisted': 1.5 } },
  { sizes: [784, 1000, 10], steps: 25, samples: 128, density: 0.13, isRecurrent: false, aims: { PyTorch: 4, 'JAX, hoisted': 3 } },
];

export interface NetworkRow {
  readonly work: NetworkWork;
  readonly form: InputForm;
  /** Milliseconds by round: of the kernels in this process, over HTTP, and of each peer. */
  readonly kernel: readonly number[];
  readonly http: readonly number[];
  readonly peers: Readonly<Record<string, readonly number[]>>;
  /** The least share of gradients that agree with a peer's, 1 without peers. */
  readonly agreement: number;
}

/**
 * All sides in turns, a row for each form of the input.
 *
 * @param modules of Python, each of which has its peers.
 * @param milliseconds of a turn.
 * @throws {Error} when the sides have other numbers.
 */
export async function measureNetwork(
  work: NetworkWork,
  engine: Engine,
  url: string,
  modules: readonly string[],
  { rounds, milliseconds }: { readonly rounds: number; readonly milliseconds: number },
): Promise<NetworkRow[]> {
  const numbers = drawNetwork(work);
  const python = modules.length === 0 ? undefined : await startNetworkPeers(modules, work, numbers);
  const connection = await Connection.to(url);
  const rows: NetworkRow[] = [];
  try {
    for (const form of ['bytes', 'bits', 'events'] as const) {
      const request = networkRequest(work, numbers, form);
      const exchange = new NetworkExchange(engine, request);
      const framed = { path: '/network/grad', ...framedTensors(request) };
      const ours = await gradientOverHttp(url, framed);
      const answers = {
        kernel: { grad: concatenated(Object.values((await exchange.gradient()).grad) as Float32Array[]) },
        ...python?.answers,
      };
      const shares = Object.entries(answers).map(([name, theirs]) =>
        checkAgreement(`${titleOf(work)} and ${name}`, { grad: ours }, theirs),
      );
      const prepared = prepare(framed);
      const sides: Record<string, Contender> = {
        kernel: exchange,
        http: { work: 1, run: () => connection.send(prepared) },
        ...Object.fromEntries(Object.keys(python?.answers ?? {}).map((name) => [name, { work: 1, run: () => python!.run(name) }])),
      };
      const rates = await inTurns(sides, rounds, milliseconds);
      exchange.close();
      const { kernel, http, ...peers } = Object.fromEntries(
        Object.entries(rates).map(([name, perSecond]) => [name, perSecond.map((rate) => 1000 / rate)]),
      );
      rows.push({ work, form, kernel: kernel!, http: http!, peers, agreement: Math.min(...shares) });
    }
  } finally {
    connection.close();
    await python?.stop();
  }
  return rows;
}

/** How a network is called: `700-256-20`, an `r` behind a layer with recurrent weights. */
export function titleOf({ sizes, samples, steps, density, isRecurrent }: NetworkSize): string {
  const layers = sizes.map((size, index) => `${size}${isRecurrent && index === 1 ? 'r' : ''}`).join('-');
  return `${layers}, ${steps} steps, ${samples} samples, ${Number((100 * density).toPrecision(3))} % active`;
}

interface Announced {
  readonly binary_data_size: number;
}

/** The gradients of an answer in bytes, in the order of their names. @throws {Error} when it is no 200. */
async function gradientOverHttp(
  url: string,
  { path, headers, body }: { path: string; headers: Readonly<Record<string, string>>; body: Buffer },
) {
  const response = await fetch(url + path, { method: 'POST', headers, body: Uint8Array.from(body) });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${path} was answered ${response.status}: ${bytes.toString().slice(0, 300)}`);
  const jsonBytes = Number(response.headers.get('inference-header-content-length'));
  const { grad } = JSON.parse(bytes.subarray(0, jsonBytes).toString()) as { grad: Record<string, Announced> };
  // They are the answer's last tensors.
  const gradBytes = Object.values(grad).reduce((sum, { binary_data_size }) => sum + binary_data_size, 0);
  return new Float32Array(Uint8Array.from(bytes.subarray(bytes.length - gradBytes)).buffer);
}

function concatenated(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
