// Threads that are ended under load, clients that leave, and servers that are told to stop, under load and behind nginx: `npm run chaos -- --seconds 30`.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { leavingClients } from './chaos-leaving.ts';
import { stopsBehindProxy } from './chaos-proxy.ts';
import { binaryGradient, closedLoop, expectedOf, goBeforeServer, json, networkGradient, sendOnce, Tally } from '../support/load-client.ts';
import { Findings } from './reliability-report.ts';
import { startServer } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    phases: { type: 'string', default: 'threads,clients,shutdowns,proxy' },
    /** Of what clients break off, by the names in leaving-clients.ts. */
    kinds: { type: 'string' },
    processes: { type: 'string', default: '1,2' },
    write: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const phases = options.phases.split(',');
const processCounts = options.processes.split(',').map(Number);
const findings = new Findings();

async function endedThreads(): Promise<void> {
  const everyMs = 1000;
  const server = await startServer(['--import', 'tsx', 'load/chaos-server.ts', String(everyMs)], {
    COMPUTE_BACKEND: 'wasm',
    LOG_LEVEL: 'error',
  });
  const goBack = goBeforeServer();
  const pool = new Pool(server.url, { connections: 16 });
  try {
    const works = [
      binaryGradient(100_000),
      json('/lif/simulate', {
        current: { linspace: [0.5, 2.5, 20_000] },
        steps: 1000,
        neuron: { tau: 500 },
        record: ['spike_times', 'v_final'],
      }),
      json('/surrogate/grad', { x: Array.from({ length: 50_000 }, (_, i) => i / 25_000 - 1), surrogate: ['sigmoid', 'erf'] }),
      json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 }),
      networkGradient(30),
    ];
    const expected = await Promise.all(works.map((work) => expectedOf(pool, work)));
    const tally = new Tally();
    let turn = 0;
    await closedLoop(8, seconds, () => {
      const i = turn++ % works.length;
      return sendOnce(pool, works[i]!, tally, expected[i]);
    });
    const { body } = await pool.request({ path: '/ended', method: 'GET' });
    const { ended } = (await body.json()) as { ended: number };
    findings.say(`A worker thread ended every ${everyMs / 1000} s under load, ${ended} in ${seconds} s:`);
    findings.say('');
    findings.say(
      `- ${tally.accepted} answers, ${tally.wrong} with wrong numbers; what came back: ${tally.toString()}; p50 ${quantile(tally.acceptedMs, 0.5).toFixed(0)} ms, p99 ${quantile(tally.acceptedMs, 0.99).toFixed(0)} ms.`,
    );
    findings.check(ended >= 0.8 * seconds, 'too few threads were ended');
    findings.check(tally.wrong === 0, 'an answer was wrong');
    findings.check(
      Object.keys(tally.byOutcome).every((outcome) => outcome === '200' || outcome === '503 worker_lost'),
      'something else than 200 and 503 worker_lost came back',
    );
  } finally {
    await pool.close();
    goBack();
    await server.stop();
  }
}

/** A balancer that asks `/readyz`, and sends nothing more once that is not 200; in between connections are kept. */
async function shutdowns(times: number): Promise<void> {
  const tally = new Tally();
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const server = await startServer(['dist/server.js'], { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error', DRAIN_DELAY_MS: '1000' });
    const goBack = goBeforeServer();
    const pool = new Pool(server.url, { connections: 16 });
    const [large, small] = [binaryGradient(300_000), json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 })];
    const state = { ready: true, done: false };
    const balancer = (async () => {
      while (!state.done) {
        state.ready = await pool.request({ path: '/readyz', method: 'GET' }).then(
          async ({ statusCode, body }) => {
            await body.dump();
            return statusCode === 200;
          },
          () => false,
        );
        await sleep(100);
      }
    })();
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      while (state.ready) await sendOnce(pool, sender % 2 === 0 ? large : small, tally);
    });
    await sleep(1500);
    const before = performance.now();
    goBack();
    await server.stop();
    tookMs.push(performance.now() - before);
    await Promise.all(senders);
    state.done = true;
    await balancer;
    await pool.close();
  }
  findings.say('');
  findings.say(`SIGTERM under load, ${times} times, with a balancer that looks at \`/readyz\` every 100 ms and \`DRAIN_DELAY_MS=1000\`:`);
  findings.say('');
  findings.say(
    `- What came back: ${tally.toString()}. The process was gone after ${quantile(tookMs, 0).toFixed(0)} to ${quantile(tookMs, 1).toFixed(0)} ms.`,
  );
  findings.check(
    Object.keys(tally.byOutcome).every((outcome) => outcome === '200'),
    'a request was lost in a shutdown',
  );
}

if (phases.includes('threads')) await endedThreads();
if (phases.includes('clients')) {
  for (const processes of processCounts)
    await leavingClients(findings, { processes, seconds, seed: Number(options.seed), kinds: options.kinds?.split(',') });
}
if (phases.includes('shutdowns')) await shutdowns(5);
if (phases.includes('proxy')) await stopsBehindProxy(findings, { processes: processCounts, rounds: 10 });
findings.finish('chaos', options.write);
