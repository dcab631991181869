/** One of the things that are timed against each other. */
export interface Contender {
  /** What one run gets done, in the unit of its rate. */
  readonly work: number;
  run(): void | Promise<void>;
}

async function seconds(contender: Contender, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    const running = contender.run();
    // A turn of the event loop would be counted against those that need none.
    if (running !== undefined) await running;
  }
  return (performance.now() - start) / 1000 / runs;
}

/**
 * Lets the contenders take turns, A B A B, so that what slows the machine down for a while slows all of them down and the ratios
 * of a round hold. One turn is as many runs as fill `milliseconds`.
 *
 * @returns for each contender its work per second in every round
 */
export async function inTurns<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  rounds: number,
  milliseconds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const runs = {} as Record<Name, number>;
  const rates = {} as Record<Name, number[]>;
  for (const name of names) {
    // The first run finds cold caches and, the first time, slow code; the second says how many fill a turn.
    await seconds(contenders[name], 1);
    runs[name] = Math.max(1, Math.ceil(milliseconds / 1000 / (await seconds(contenders[name], 1))));
    rates[name] = [];
  }
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const rate = contenders[name].work / (await seconds(contenders[name], runs[name]));
      if (round >= 0) rates[name].push(rate);
    }
  }
  return rates;
}

/** Round by round. */
export function ratios(rates: readonly number[], others: readonly number[]): number[] {
  return rates.map((rate, round) => rate / others[round]!);
}
