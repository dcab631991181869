import type { Engine } from '../../src/compute/engine/engine.ts';
import { inTurns } from '../turns.ts';
import { Exchange, passes, type Pass, type Size } from './exchange.ts';

export interface Timed extends Size {
  /** Neuron-steps a second, by round; the rounds of all sizes are the same. */
  readonly rates: readonly number[];
}

/** The last size that runs where the request is, and the first that threads run. */
export interface Switch {
  readonly pass: Pass;
  readonly below: Timed;
  readonly at: Timed;
}

export interface Times {
  readonly byNeurons: readonly Timed[];
  readonly bySteps: readonly Timed[];
  readonly switches: readonly Switch[];
}

export interface Setting {
  /** Each with `stepsOfNeurons` steps. */
  readonly neurons: readonly number[];
  readonly stepsOfNeurons: number;
  /** Each with each of `neuronsOfSteps` neurons. */
  readonly steps: readonly number[];
  readonly neuronsOfSteps: readonly number[];
  readonly rounds: number;
  readonly turnMilliseconds: number;
}

/** Times all sizes in turns. */
export async function measureTimes(
  engine: Engine,
  { neurons, stepsOfNeurons, steps, neuronsOfSteps, rounds, turnMilliseconds }: Setting,
): Promise<Times> {
  const byNeurons = passes.flatMap((pass) => neurons.map((count): Size => ({ pass, neurons: count, steps: stepsOfNeurons })));
  const bySteps = passes.flatMap((pass) =>
    neuronsOfSteps.flatMap((count) => steps.map((length): Size => ({ pass, neurons: count, steps: length }))),
  );
  const firsts = new Map<Pass, number>();
  for (const pass of passes) firsts.set(pass, await firstOfThreads(engine, pass, stepsOfNeurons));
  const atSwitches = [...firsts].flatMap(([pass, first]) =>
    [first - 1, first].map((count): Size => ({ pass, neurons: count, steps: stepsOfNeurons })),
  );

  const exchanges: Record<string, Exchange> = {};
  for (const size of [...byNeurons, ...bySteps, ...atSwitches]) exchanges[keyOf(size)] ??= new Exchange(engine, size);
  const rates = await inTurns(exchanges, rounds, turnMilliseconds);
  for (const exchange of Object.values(exchanges)) exchange.close();
  const timed = (size: Size): Timed => ({ ...size, rates: rates[keyOf(size)]! });
  return {
    byNeurons: byNeurons.map(timed),
    bySteps: bySteps.map(timed),
    switches: passes.map((pass) => {
      const [below, at] = atSwitches.filter((size) => size.pass === pass).map(timed);
      return { pass, below: below!, at: at! };
    }),
  };
}

function keyOf({ pass, neurons, steps }: Size): string {
  return `${pass} ${neurons} ${steps}`;
}

/** The fewest neurons for which a job is not done where it is asked for. */
async function firstOfThreads(engine: Engine, pass: Pass, steps: number): Promise<number> {
  let [inline, pooled] = [1, 1_000_000];
  while (pooled - inline > 1) {
    const neurons = Math.floor((inline + pooled) / 2);
    const exchange = new Exchange(engine, { pass, neurons, steps });
    const running = exchange.run();
    if (running === undefined) inline = neurons;
    else pooled = neurons;
    await running;
    exchange.close();
  }
  return pooled;
}
