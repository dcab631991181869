import { stayAwake } from '../../support/measure.ts';
import { closedLoop } from '../../support/load-client.ts';
import { Connection, prepare } from './connection.ts';
import type { Call, Work } from './works.ts';

export interface PeerRow {
  readonly work: Work;
  /** Requests a second, round by round. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** Of a server that takes our request and answers as many bytes as ours, and does nothing. */
  readonly bare: readonly number[];
  /** The share of numbers that agree. */
  readonly agreement: number;
}

/** Where the sides are. */
export interface Sides {
  readonly ours: string;
  readonly theirs: string;
  readonly bare: string;
}

/** Below so many bytes of a body the client looks for answers all the time: to wake it takes as long as a small job. */
const maxPolled = 64 * 1024;

/** Answers a second, with so many requests on their way at any time. */
async function rateOf(url: string, call: Call, connections: number, seconds: number): Promise<number> {
  const request = prepare(call);
  const free = await Promise.all(Array.from({ length: connections }, () => Connection.to(url)));
  const all = [...free];
  const sleepAgain = call.body.length < maxPolled ? stayAwake() : undefined;
  let answers = 0;
  const from = performance.now();
  try {
    await closedLoop(connections, seconds, async () => {
      const connection = free.pop()!;
      await connection.send(request);
      free.push(connection);
      answers++;
    });
    return (1000 * answers) / (performance.now() - from);
  } finally {
    sleepAgain?.();
    for (const connection of all) connection.close();
  }
}

/**
 * All sides in turns, after a turn each that does not count: compilers and caches have seen the work by then.
 *
 * @param answerBytes of ours.
 */
export async function measureWork(
  work: Work,
  sides: Sides,
  answerBytes: number,
  rounds: number,
  seconds: number,
): Promise<Omit<PeerRow, 'agreement'>> {
  const nothing: Call = { ...work.ours, path: '/', headers: { 'x-answer-bytes': String(answerBytes) } };
  const rates: Record<keyof Sides, number[]> = { ours: [], theirs: [], bare: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [side, call] of [
      ['ours', work.ours],
      ['theirs', work.theirs],
      ['bare', nothing],
    ] as const) {
      const rate = await rateOf(sides[side], call, work.connections, seconds);
      if (round >= 0) rates[side].push(rate);
    }
  }
  return { work, ...rates };
}
