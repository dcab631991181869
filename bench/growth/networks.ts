import type { Engine } from '../../src/compute/engine/engine.ts';
import { NetworkExchange } from '../network-exchange.ts';
import { drawNetwork, networkRequest, type NetworkSize } from '../networks.ts';
import { inTurns } from '../turns.ts';

export const alongs = ['samples', 'steps', 'density'] as const;

/** Networks that differ in one size alone. */
export interface NetworkSeries {
  readonly along: (typeof alongs)[number];
  readonly sizes: readonly NetworkSize[];
}

export interface TimedNetwork extends NetworkSize {
  /** Weights that are added up going forward: those of every spike, in every step. */
  readonly synapses: number;
  /** Runs a second, forward and backward, by round; the rounds of all sizes are the same. */
  readonly rates: readonly number[];
}

export interface TimedSeries extends Pick<NetworkSeries, 'along'> {
  readonly sizes: readonly TimedNetwork[];
}

const base: NetworkSize = { sizes: [700, 256, 20], samples: 32, steps: 100, density: 0.03, isRecurrent: false };

/** @param quick whether the largest are left out. */
export function networkSeries(quick: boolean): NetworkSeries[] {
  const values = { samples: [1, 4, 16, 64, 256], steps: [10, 30, 100, 300, 1000], density: [0.003, 0.01, 0.03, 0.1, 0.3] };
  return alongs.map((along) => ({
    along,
    sizes: values[along].slice(0, quick ? 3 : undefined).map((value) => ({ ...base, [along]: value })),
  }));
}

/** Times `/network/grad` of all sizes in turns, with events as input. */
export async function measureNetworks(
  engine: Engine,
  series: readonly NetworkSeries[],
  rounds: number,
  turnMilliseconds: number,
): Promise<TimedSeries[]> {
  const exchanges: Record<string, NetworkExchange> = {};
  const synapses: Record<string, number> = {};
  for (const size of series.flatMap(({ sizes }) => sizes)) {
    const key = JSON.stringify(size);
    if (key in exchanges) continue;
    const numbers = drawNetwork(size);
    exchanges[key] = new NetworkExchange(engine, networkRequest(size, numbers, 'events'));
    const { spike_counts } = await exchanges[key].gradient();
    const spikes: readonly (Uint8Array | Int32Array)[] = [numbers.spikes, ...spike_counts.slice(0, -1)];
    synapses[key] = spikes.reduce((sum, counts, layer) => sum + total(counts) * size.sizes[layer + 1]!, 0);
  }
  const rates = await inTurns(exchanges, rounds, turnMilliseconds);
  for (const exchange of Object.values(exchanges)) exchange.close();
  return series.map(({ along, sizes }) => ({
    along,
    sizes: sizes.map((size) => ({ ...size, synapses: synapses[JSON.stringify(size)]!, rates: rates[JSON.stringify(size)]! })),
  }));
}

function total(counts: Uint8Array | Int32Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
