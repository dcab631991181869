import { availableParallelism, totalmem } from 'node:os';
import { createEngine } from '../../src/compute/engine/create-engine.ts';
import type { Engine } from '../../src/compute/engine/engine.ts';
import { Exchange, passes } from './exchange.ts';

/** The wasm back-end in the engine as the service starts it, warm, with threads that have run. */
export async function warmEngine(threads = availableParallelism()): Promise<Engine> {
  const engine = await createEngine({ backend: 'wasm', threads, maxReferenceWork: 1e7, memoryBytes: totalmem() / 2 });
  await engine.warm();
  for (const pass of passes) {
    const exchange = new Exchange(engine, { pass, neurons: 10_000, steps: 100 });
    for (let i = 0; i < 20; i++) await exchange.run();
    exchange.close(false);
  }
  return engine;
}
