// Latency of a mix that comes at half of the greatest rate, whatever becomes of the requests before: `npm run load:latency -- --seconds 60`.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { requestBody } from './cases.ts';
import { latencyTable } from './latency-table.ts';
import {
  binaryGradient,
  byChance,
  closedLoop,
  expectedOf,
  goBeforeServer,
  json,
  openLoop,
  sendOnce,
  Tally,
} from '../support/load-client.ts';
import { startServer } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, write: { type: 'boolean', default: false } },
});
const seconds = Number(options.seconds);
const closedSeconds = Math.min(10, seconds);
/** Senders of the closed loop: the best of these numbers counts. */
const senderCounts = [4, 8, 16, 32] as const;
const loadShare = 0.5;

const mix = [
  { name: '50 neurons, JSON', share: 0.8, work: json('/lif/grad', requestBody('/lif/grad', 50)) },
  { name: '1000 neurons, JSON', share: 0.15, work: json('/lif/grad', requestBody('/lif/grad', 1000)) },
  { name: '100000 neurons, binary', share: 0.05, work: binaryGradient(100_000) },
] as const;

/** One of the mix, as often as its share. */
function draw(): number {
  let left = Math.random();
  return mix.findIndex(({ share }) => (left -= share) < 0);
}

const server = await startServer(['dist/server.js'], { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error' });
const goBack = goBeforeServer();
const pool = new Pool(server.url, { connections: 256 });
try {
  const expected = await Promise.all(mix.map(({ work }) => expectedOf(pool, work)));
  const send = (kind: number, tally: Tally, due?: number) => sendOnce(pool, mix[kind]!.work, tally, expected[kind], due);

  const closedRate = async (senders: number) => {
    const tally = new Tally();
    const start = performance.now();
    await closedLoop(senders, closedSeconds, () => send(draw(), tally));
    return tally.accepted / ((performance.now() - start) / 1000);
  };
  await closedRate(8);
  let [best, bestSenders] = [0, 0];
  for (const senders of senderCounts) {
    const rate = await closedRate(senders);
    if (rate > best) [best, bestSenders] = [rate, senders];
  }

  const tallies = mix.map(() => new Tally());
  const lateMs: number[] = [];
  const start = performance.now();
  await openLoop(byChance(loadShare * best, seconds), (due) => {
    const kind = draw();
    lateMs.push(performance.now() - due);
    return send(kind, tallies[kind]!, due);
  });
  const rate = lateMs.length / ((performance.now() - start) / 1000);
  const after = await closedRate(bestSenders);

  const wrong = tallies.reduce((sum, tally) => sum + tally.wrong, 0);
  const failed = tallies.filter((tally) => tally.refusedMs.length > 0);
  const text = [
    `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores shared by server and client; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}. Repeat with \`npm run load:latency -- --write\`.`,
    `In a closed loop ${best.toFixed(0)} requests/s at most, with ${bestSenders} senders (${after.toFixed(0)} afterwards); open, ${rate.toFixed(0)} requests/s for ${seconds} s.`,
    '',
    ...latencyTable(mix.map(({ name, share }, kind) => ({ name, share, ms: tallies[kind]!.acceptedMs }))),
    '',
    `Sent after they were due: p50 ${quantile(lateMs, 0.5).toFixed(2)} ms, p99 ${quantile(lateMs, 0.99).toFixed(2)} ms. Wrong numbers: ${wrong}. Not answered with 200: ${failed.map(String).join('; ') || 'none'}.`,
  ].join('\n');
  console.log(text);
  if (options.write) {
    const document = new URL('../docs/load.md', import.meta.url);
    writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'load:latency', text));
  }
  if (wrong > 0 || failed.length > 0) process.exitCode = 1;
} finally {
  await pool.close();
  goBack();
  await server.stop();
}
