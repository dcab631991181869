// Sends a hundred thousand bodies, right and wrong, to the built server, and holds every answer against the reference and the documentation.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startServer, type Server } from '../support/servers.ts';
import { endsEnvironment } from './ends.ts';
import { fuzz, fuzzEnvironment, type Fault, type FuzzReport } from './fuzz.ts';

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    only: { type: 'string' },
    minutes: { type: 'string', default: '20' },
    connections: { type: 'string', default: '16' },
  },
});
const count = Number(options.count);
const seed = options.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(options.seed);
const only = options.only === undefined ? undefined : Number(options.only);
/**
 * What V8's heap may hold more in the last quarter than in the third, each after a collection: by then the caches of kernels and neurons are full,
 * and a leak goes on. Resident memory says less: the heap may grow to four times of what is alive.
 */
const maxGrowth = 16 * 2 ** 20;
/** In the quarters of shorter runs there may be no collection. */
const minJudged = 50_000;
const folder = fileURLToPath(new URL('../fuzz-failures/', import.meta.url));

function save({ number, what, message, reply }: Fault): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${seed}-${number}`);
  writeFileSync(`${file}.body`, message.body);
  writeFileSync(
    `${file}.json`,
    JSON.stringify(
      { what, path: message.path, headers: message.headers, status: reply?.status, reply: reply?.body.toString().slice(0, 10_000) },
      null,
      2,
    ),
  );
  const headers = Object.entries(message.headers)
    .map(([name, value]) => `-H '${name}: ${value}'`)
    .join(' ');
  console.log(
    `${number}: ${what}\n  npm run fuzz -- --seed ${seed} --only ${number}\n  curl -s 'http://localhost:3000${message.path}' ${headers} --data-binary @${path.relative(process.cwd(), file)}.body`,
  );
}

/** The bytes that are resident, and those in V8's heap. */
async function memoryOf(url: string): Promise<{ readonly resident: number; readonly heap: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  return { resident: value('process_resident_memory_bytes'), heap: value('nodejs_heap_size_used_bytes') };
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

/** A fuzz's report, and the least that V8's heap held in each quarter of it. */
async function run(url: string, endsUrl: string): Promise<FuzzReport & { readonly quarters: readonly number[] }> {
  const quarters = [Infinity, Infinity, Infinity, Infinity];
  let said = 0;
  const onProgress = async (done: number) => {
    const { resident, heap } = await memoryOf(url);
    const quarter = Math.min(3, Math.floor((4 * done) / count));
    quarters[quarter] = Math.min(quarters[quarter]!, heap);
    if (done - said < 10_000) return;
    said = done;
    console.log(`${done} sent, ${megabytes(resident)}`);
  };
  const report = await fuzz({
    url,
    endsUrl,
    count,
    seed,
    only,
    connections: Number(options.connections),
    until: performance.now() + 60_000 * Number(options.minutes),
    onProgress,
  });
  return { ...report, quarters };
}

console.log(`seed ${seed}`);
const [server, endsServer] = (await Promise.all(
  [fuzzEnvironment, endsEnvironment].map((environment) => startServer(['dist/server.js'], { LOG_LEVEL: 'silent', ...environment })),
)) as [Server, Server];
const from = performance.now();
try {
  const { sent, statuses, forms, compared, shapesOnly, foretold, left, faults, held, quarters } = await run(server.url, endsServer.url);
  faults.forEach(save);
  const grew = sent >= minJudged && quarters[3]! - quarters[2]! > maxGrowth;
  console.log(
    `${sent} bodies in ${((performance.now() - from) / 1000).toFixed(0)} s; wire formats ${JSON.stringify(forms)}; statuses ${JSON.stringify(statuses)}`,
  );
  console.log(
    `${compared} answers compared with float64, ${shapesOnly} in shape only; ${foretold} refusals foretold; V8's heap held at least ${quarters.filter(Number.isFinite).map(megabytes).join(', ')} in each quarter`,
  );
  console.log(
    `${left} were broken off or not read to the end; ${held.length === 0 ? 'a second later no memory was reserved' : `a second later ${held.join('; ')}`}`,
  );
  console.log(`${faults.length} faults${grew ? `, and V8's heap grew by more than ${megabytes(maxGrowth)} in the last quarter` : ''}`);
  if (faults.length > 0 || held.length > 0 || grew) process.exitCode = 1;
} finally {
  await Promise.all([server, endsServer].map((one) => Promise.race([one.stop(), sleep(10_000)])));
  for (const { pid } of [server, endsServer]) {
    // One that hangs does not heed SIGTERM.
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
