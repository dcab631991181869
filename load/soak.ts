// Twice the load that the server can do, then a mix of everything for as long as is given: `npm run soak -- --seconds 60 --mixed 120`.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import {
  binaryGradient,
  closedLoop,
  evenly,
  expectedOf,
  footprintOf,
  goBeforeServer,
  json,
  networkGradient,
  openLoop,
  sendOnce,
  Tally,
  watch,
  type Work,
} from '../support/load-client.ts';
import { Findings } from './reliability-report.ts';
import { startServer } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    mixed: { type: 'string', default: '120' },
    write: { type: 'boolean', default: false },
  },
});
const [seconds, mixedSeconds] = [Number(options.seconds), Number(options.mixed)];
const queueMs = 1000;
const findings = new Findings();

/** Offered twice what it can do. */
async function overload(): Promise<void> {
  const server = await startServer(['dist/server.js'], { MAX_QUEUE_MS: String(queueMs), COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error' });
  const goBack = goBeforeServer();
  const pool = new Pool(server.url, { connections: 1024 });
  try {
    const [large, small] = [binaryGradient(100_000), json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 })];
    const [expectedLarge, expectedSmall] = [await expectedOf(pool, large), await expectedOf(pool, small)];
    const bestSeconds = Math.min(10, seconds);
    const bestRateNow = async () => {
      const tally = new Tally();
      await closedLoop(4, bestSeconds, () => sendOnce(pool, large, tally, expectedLarge));
      return tally.accepted / bestSeconds;
    };
    await closedLoop(4, 2, () => sendOnce(pool, large, new Tally(), expectedLarge));
    const bestBefore = await bestRateNow();

    const before = footprintOf(server.pid);
    const watching = watch(server.pid);
    const [offered, aside] = [new Tally(), new Tally()];
    const start = performance.now();
    await Promise.all([
      openLoop(evenly(2 * bestBefore, seconds), () => sendOnce(pool, large, offered, expectedLarge)),
      openLoop(evenly(20, seconds), () => sendOnce(pool, small, aside, expectedSmall)),
    ]);
    const rate = offered.accepted / ((performance.now() - start) / 1000);
    watching.stop();
    // Before and after, since what else runs on the machine changes.
    const bestRate = (bestBefore + (await bestRateNow())) / 2;
    const megabytes = watching.samples.map(({ residentMegabytes }) => residentMegabytes);
    const half = megabytes.length >> 1;
    const [firstHalf, secondHalf] = [Math.max(...megabytes.slice(0, half)), Math.max(...megabytes.slice(half))];
    const [p99, refusedP99, smallP99] = [
      quantile(offered.acceptedMs, 0.99),
      quantile(offered.refusedMs, 0.99),
      quantile(aside.acceptedMs, 0.99),
    ];

    findings.say(
      `Offered ${(2 * bestBefore).toFixed(0)} requests/s of \`/lif/grad\` with 100,000 neurons in binary for ${seconds} s; it does ${bestRate.toFixed(0)} of them at its best, before and after that, with 4 at a time; \`MAX_QUEUE_MS=${queueMs}\`:`,
    );
    findings.say('');
    findings.say(
      `- ${rate.toFixed(0)} requests/s are answered, ${((100 * rate) / bestRate).toFixed(0)} % of the best; what came back: ${offered.toString()}.`,
    );
    findings.say(
      `- Accepted: p50 ${quantile(offered.acceptedMs, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms. Refused: p50 ${quantile(offered.refusedMs, 0.5).toFixed(1)} ms, p99 ${refusedP99.toFixed(0)} ms.`,
    );
    findings.say(
      `- 20 requests/s with 50 neurons beside them: ${aside.toString()}; p50 ${quantile(aside.acceptedMs, 0.5).toFixed(1)} ms, p99 ${smallP99.toFixed(0)} ms.`,
    );
    findings.say(
      `- Memory: ${before.residentMegabytes.toFixed(0)} MB before, at most ${firstHalf.toFixed(0)} MB in the first half and ${secondHalf.toFixed(0)} MB in the second.`,
    );
    findings.check(rate > 0.9 * bestRate, 'throughput fell below 90 % of its best');
    findings.check(p99 < 2 * queueMs, 'accepted requests took longer than twice the limit of the queue');
    findings.check(
      Object.keys(offered.byOutcome).every((outcome) => outcome === '200' || outcome === '503 overloaded'),
      'something else than 200 and 503 came back',
    );
    findings.check(aside.refusedMs.length === 0, 'a small request was refused');
    findings.check(secondHalf < 1.15 * firstHalf + 20, 'memory grew');
    findings.check(offered.wrong + aside.wrong === 0, 'an answer was wrong');
  } finally {
    await pool.close();
    goBack();
    await server.stop();
  }
}

/** Requests of all kinds, good and bad, and clients that go away. */
async function mixed(): Promise<void> {
  const server = await startServer(['dist/server.js'], { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error' });
  const goBack = goBeforeServer();
  const pool = new Pool(server.url, { connections: 32 });
  try {
    const current = (neurons: number) => ({ linspace: [0.5, 2.5, neurons] });
    const x = Array.from({ length: 3000 }, (_, i) => i / 1000 - 1.5);
    const works: Work[] = [
      json('/surrogate/grad', { x, surrogate: ['sigmoid', 'erf', 'arctan'] }),
      json('/surrogate/eval', { x, surrogate: 'sigmoid', encoding: 'base64' }),
      json('/lif/simulate', { current: current(1000), steps: 200, record: ['spike_times', 'v_final'] }),
      json('/lif/simulate', { current: current(3000), steps: 2000, record: ['v'] }),
      json('/lif/grad', { current: current(50), steps: 100, wrt: ['current', 'tau'] }),
      json('/lif/grad', { current: current(50), steps: 100, dtype: 'float64' }),
      json('/lif/grad', { current: current(20_000), steps: 100, surrogate: ['sigmoid', 'erf'] }),
      binaryGradient(1000),
      binaryGradient(200_000),
      binaryGradient(20_000, 500),
      networkGradient(1, 20),
      networkGradient(32),
    ];
    const bad: Work[] = [
      json('/lif/grad', { current: [1, 'x'], steps: 10 }),
      json('/lif/grad', { current: 1, steps: 1e12 }),
      json('/surrogate/grad', { x: 1, surrogate: 'none' }),
      json('/network/grad', { input: [[[1]]], layers: [{ weight: [[1, 2]] }] }),
      { path: '/lif/grad', headers: { 'content-type': 'application/json' }, body: Buffer.from('{"current": [1, 2') },
    ];
    const expected = await Promise.all(works.map((work) => expectedOf(pool, work)));
    const [good, refused] = [new Tally(), new Tally()];
    let turn = 0;
    const send = async () => {
      const i = turn++;
      if (i % 10 === 9) await sendOnce(pool, bad[((i / 10) % bad.length) | 0]!, refused);
      else if (i % 25 === 24) await goAway(pool, works[i % works.length]!, i % 40);
      else await sendOnce(pool, works[i % works.length]!, good, expected[i % works.length]);
    };
    // Until threads and memory are there.
    await closedLoop(8, Math.min(20, mixedSeconds / 3), send);
    await sleep(1000);
    const before = footprintOf(server.pid);
    const watching = watch(server.pid, 1000);
    await closedLoop(8, mixedSeconds, send);
    watching.stop();
    await sleep(1000);
    const after = footprintOf(server.pid);
    const megabytes = watching.samples.map(({ residentMegabytes }) => residentMegabytes);
    const half = megabytes.length >> 1;
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [early, late] = [mean(megabytes.slice(0, half)), mean(megabytes.slice(half))];

    findings.say('');
    findings.say(
      `A mix of all routes, forms and sizes, one in ten of them wrong and one in 25 broken off by its client, 8 at a time for ${mixedSeconds} s:`,
    );
    findings.say('');
    findings.say(`- ${good.accepted} answers, each with the right numbers: ${good.toString()}. Wrong requests: ${refused.toString()}.`);
    findings.say(
      `- Memory: ${early.toFixed(0)} MB on average in the first half, ${late.toFixed(0)} MB in the second. Descriptors: ${before.descriptors} before, ${after.descriptors} after; threads: ${before.threads} before, ${after.threads} after.`,
    );
    findings.check(good.wrong === 0, 'an answer was wrong');
    findings.check(
      Object.keys(good.byOutcome).every((outcome) => outcome === '200'),
      'a good request was not answered',
    );
    findings.check(
      Object.keys(refused.byOutcome).every((outcome) => /^(?:400|413) /.test(outcome)),
      'a wrong request got another answer than 400 or 413',
    );
    findings.check(late < 1.1 * early + 20, 'memory grew');
    findings.check(after.descriptors <= before.descriptors + 8 && after.threads <= before.threads + 2, 'descriptors or threads leaked');
  } finally {
    await pool.close();
    goBack();
    await server.stop();
  }
}

/** Sends a request and breaks it off after some milliseconds. */
async function goAway(pool: Pool, { path, headers, body }: Work, afterMs: number): Promise<void> {
  try {
    const answer = await pool.request({ path, method: 'POST', headers, body, signal: AbortSignal.timeout(afterMs) });
    await answer.body.arrayBuffer();
  } catch {
    // As intended.
  }
}

await overload();
await mixed();
findings.finish('soak', options.write);
