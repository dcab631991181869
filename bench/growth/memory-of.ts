// What one job takes, in a process of its own: `node --expose-gc --import tsx bench/growth/memory-of.ts PASS NEURONS STEPS` prints it as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { warmEngine } from './engine.ts';
import { Exchange, type Pass } from './exchange.ts';
import type { Occupied } from './memory.ts';

const [pass, neurons, steps] = [process.argv[2] as Pass, Number(process.argv[3]), Number(process.argv[4])];
const engine = await warmEngine();
globalThis.gc?.();
await sleep(100);

const before = process.memoryUsage.rss();
const exchange = new Exchange(engine, { pass, neurons, steps });
const admittedBytes = engine.arenas.budget.usedBytes;
await exchange.run();
// An arena that is held keeps whatever of it was ever touched.
const residentBytes = Math.max(0, process.memoryUsage.rss() - before);
const occupied: Occupied = { pass, neurons, steps, admittedBytes, arenaBytes: exchange.arenaBytes, residentBytes };
console.log(JSON.stringify(occupied));
exchange.close();
await engine.close();
