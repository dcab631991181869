import type { Pool } from 'undici';
import { closedLoop } from '../../load/reliability.ts';
import { send } from './compare.ts';
import type { Call, Work } from './works.ts';

export interface PeerRow {
  readonly work: Work;
  /** Requests a second, round by round. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** The share of numbers that agree. */
  readonly agreement: number;
}

/** Answers a second, with so many requests on their way at any time. */
async function rateOf(pool: Pool, call: Call, connections: number, seconds: number): Promise<number> {
  let answers = 0;
  const from = performance.now();
  await closedLoop(connections, seconds, async () => {
    await send(pool, call);
    answers++;
  });
  return (1000 * answers) / (performance.now() - from);
}

/** Both sides in turns, after a turn each that does not count: compilers and caches have seen the work by then. */
export async function measureWork(work: Work, ours: Pool, theirs: Pool, rounds: number, seconds: number): Promise<Omit<PeerRow, 'agreement'>> {
  const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = -1; round < rounds; round++) {
    const mine = await rateOf(ours, work.ours, work.connections, seconds);
    const other = await rateOf(theirs, work.theirs, work.connections, seconds);
    if (round < 0) continue;
    rates.ours.push(mine);
    rates.theirs.push(other);
  }
  return { work, ...rates };
}
