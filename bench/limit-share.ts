import type { LifRow, SurrogateRow } from './benchmark.ts';
import { ratios } from './turns.ts';

type Timed = Pick<LifRow, 'one' | 'peak' | 'limit'> & Partial<Pick<SurrogateRow, 'copy'>>;

/** Neuron-steps or values in a vector. */
const lanes = 4;

/** The most that the machine could do in each round, and what stands in the way of more. */
export function limitRates({ peak, copy, limit }: Timed): { rates: number[]; by: string } {
  const computing = peak.map((rate) => (lanes * rate) / limit.least);
  if (copy === undefined) return { rates: computing, by: limit.by };
  const rates = computing.map((rate, round) => Math.min(rate, copy[round]!));
  const boundByMemory = rates.filter((rate, round) => rate === copy[round]).length > rates.length / 2;
  return { rates, by: boundByMemory ? 'memory' : limit.by };
}

/** What is reached of it, round by round. */
export function shareOfLimit(row: Timed): number[] {
  return ratios(row.one, limitRates(row).rates);
}
