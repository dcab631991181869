// What one job takes, in a process of its own: `node --expose-gc --import tsx bench/growth/memory-of.ts SIZE`, in JSON, prints it as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { NetworkExchange } from '../network-exchange.ts';
import { drawNetwork, networkRequest, type NetworkSize } from '../networks.ts';
import { warmEngine } from './engine.ts';
import { Exchange, type Size } from './exchange.ts';
import type { JobMemory } from './memory.ts';

const size = JSON.parse(process.argv[2]!) as Size | NetworkSize;
const request = 'sizes' in size ? networkRequest(size, drawNetwork(size), 'events') : undefined;
const engine = await warmEngine();
// A network's job is made of base64, which is no part of it.
if (request !== undefined) new NetworkExchange(engine, request).close();
globalThis.gc?.();
await sleep(100);

const before = process.memoryUsage.rss();
const exchange = 'sizes' in size ? new NetworkExchange(engine, request!) : new Exchange(engine, size);
const admittedBytes = engine.arenas.budget.usedBytes;
await exchange.run();
// An arena that is held keeps whatever of it was ever touched.
const residentBytes = Math.max(0, process.memoryUsage.rss() - before);
const occupied: JobMemory = { admittedBytes, arenaBytes: exchange.arenaBytes, residentBytes };
console.log(JSON.stringify(occupied));
exchange.close();
await engine.close();
