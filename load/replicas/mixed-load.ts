// A mix of small and large requests, JSON and bytes, at a constant rate, each answer's numbers checked.
import type { Pool } from 'undici';
import {
  binaryGradient,
  byChance,
  expectedOf,
  json,
  openLoop,
  recordedSpikes,
  sendOnce,
  Tally,
  type Work,
} from '../../support/load-client.ts';

const x = Array.from({ length: 3000 }, (_, i) => i / 1000 - 1.5);

/** The small ones fit into a balancer's buffer; the large ones have bodies, or an answer, that do not. */
const works = {
  small: [
    json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100, wrt: ['current', 'tau'] }),
    json('/surrogate/grad', { x, surrogate: ['sigmoid', 'erf'] }),
    binaryGradient(1000),
    json('/lif/simulate', { current: { linspace: [0.5, 2.5, 1000] }, steps: 200, record: ['spike_times', 'v_final'] }),
    json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100, dtype: 'float64' }),
  ],
  large: [
    binaryGradient(100_000),
    json('/surrogate/grad', { x: Array.from({ length: 40_000 }, (_, i) => i / 20_000 - 1), surrogate: 'erf' }),
    binaryGradient(30_000, 500),
    recordedSpikes(),
  ],
} satisfies Record<string, readonly Work[]>;
type Size = keyof typeof works;
const sizes = Object.keys(works) as Size[];

/** How many of so many requests are large. */
const largeEvery = 8;

/** What a request is counted as: `excused` where it was in flight when a replica was killed. */
interface Exchange {
  isExcused: boolean;
}

export class MixedLoad {
  /** Of requests that have to be answered, by size. */
  readonly tallies: Readonly<Record<Size, Tally>> = { small: new Tally(), large: new Tally() };
  /** Of requests that were in flight when a replica was killed. */
  readonly excused: Readonly<Record<Size, Tally>> = { small: new Tally(), large: new Tally() };
  readonly #pool: Pool;
  readonly #expected: Readonly<Record<Size, Awaited<ReturnType<typeof expectedOf>>[]>>;
  readonly #inFlight = new Set<Exchange>();
  #isExcusing = false;

  private constructor(pool: Pool, expected: Readonly<Record<Size, Awaited<ReturnType<typeof expectedOf>>[]>>) {
    this.#pool = pool;
    this.#expected = expected;
  }

  /** @param pool of connections to the balancer, which is at rest. */
  static async prepare(pool: Pool): Promise<MixedLoad> {
    const expected = { small: [], large: [] } as Record<Size, Awaited<ReturnType<typeof expectedOf>>[]>;
    for (const size of sizes) for (const work of works[size]) expected[size].push(await expectedOf(pool, work));
    return new MixedLoad(pool, expected);
  }

  /** Sends requests until `done` is settled, and resolves when all are answered. */
  async sendUntil(done: Promise<unknown>, perSecond: number): Promise<void> {
    let goesOn = true;
    const stop = () => {
      goesOn = false;
    };
    done.then(stop, stop);
    function* arrivals(): Generator<number> {
      for (const at of byChance(perSecond, Infinity)) {
        if (!goesOn) return;
        yield at;
      }
    }
    let turn = 0;
    await openLoop(arrivals(), (due) => {
      const i = turn++;
      const size = i % largeEvery === 0 ? 'large' : 'small';
      return this.#send(size, Math.floor(size === 'large' ? i / largeEvery : i) % works[size].length, due);
    });
    await done;
  }

  /** Excuses what is in flight now or is sent until a killed process has ended, whose sockets are open so long. */
  async excuseUntil(ended: Promise<void>): Promise<void> {
    for (const exchange of this.#inFlight) exchange.isExcused = true;
    this.#isExcusing = true;
    await ended;
    this.#isExcusing = false;
  }

  async #send(size: Size, which: number, due: number): Promise<void> {
    const exchange: Exchange = { isExcused: this.#isExcusing };
    const own = new Tally();
    this.#inFlight.add(exchange);
    await sendOnce(this.#pool, works[size][which]!, own, this.#expected[size][which], due);
    this.#inFlight.delete(exchange);
    (exchange.isExcused ? this.excused : this.tallies)[size].addAll(own);
  }
}
