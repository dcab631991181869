// Clients that break off any kind of request at any byte, while others check every number of their answers.
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { Pool } from 'undici';
import { npyHeader } from '../src/codecs/npy.ts';
import { attack, kindNames } from '../support/leaving-clients.ts';
import { framedRequest } from '../support/framed-request.ts';
import {
  binaryGradient,
  closedLoop,
  expectedOf,
  footprintOfAll,
  goBeforeServer,
  json,
  networkGradient,
  processTree,
  scrape,
  sendOnce,
  Tally,
  untilNothingIsHeld,
  type Footprint,
  type Work,
  recordedSpikes,
} from '../support/load-client.ts';
import type { Findings } from './reliability-report.ts';
import { startServer, type Server } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const attackers = 16;
const checkers = 4;
/** What a process may take beyond its budget. */
const beyondBudgetMegabytes = 300;
/** Beyond this the run is given up, for the machine's sake. */
const runawayMegabytes = 4000;

/** What others ask meanwhile: bytes, JSON, npy and `/v2`, compressed or not, small and streamed. */
function checkedWorks(): Work[] {
  const x = Float32Array.from({ length: 150_000 }, (_, i) => i / 75_000 - 1);
  const some = Array.from(x.subarray(0, 60_000));
  const numbers = json('/surrogate/grad', { x: some, surrogate: ['sigmoid', 'erf'] });
  const compressed = (headers: Record<string, string>, body: Buffer): Work => ({
    ...numbers,
    headers: { ...numbers.headers, ...headers },
    body,
  });
  return [
    { path: '/surrogate/grad', ...framedRequest({ surrogate: 'sigmoid' }, 'x', x) },
    numbers,
    compressed({ 'content-encoding': 'gzip' }, gzipSync(numbers.body)),
    compressed(
      { 'content-encoding': 'br', 'accept-encoding': 'gzip' },
      brotliCompressSync(numbers.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
    ),
    {
      path: '/surrogate/grad?surrogate=erf',
      headers: { 'content-type': 'application/x-npy' },
      body: Buffer.concat([npyHeader('float32', [x.length]), Buffer.from(x.buffer)]),
    },
    json('/v2/models/surrogate_grad/infer', {
      inputs: [{ name: 'x', shape: [some.length], datatype: 'FP32', data: some }],
      parameters: { surrogate: 'erf' },
    }),
    binaryGradient(100_000, 50),
    json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 }),
    json('/lif/grad', { current: { linspace: [0.5, 2.5, 500] }, steps: 50, backend: 'reference' }),
    recordedSpikes(),
    json('/lif/simulate', { current: { linspace: [0.5, 2.5, 2000] }, steps: 1000, record: ['spike_times', 'v_final'] }),
    networkGradient(10),
  ];
}

export interface Leaving {
  readonly processes: number;
  readonly seconds: number;
  readonly seed: number;
  readonly kinds?: readonly string[] | undefined;
  /** When all has to be back after the last that left was accepted. */
  readonly releasedMs?: number;
  /** Whether the clients go before the server where both want a processor. */
  readonly isFirst?: boolean;
}

/** Runs the clients against a server of so many processes, and says what came of it. */
export async function leavingClients(
  findings: Pick<Findings, 'say' | 'check'>,
  { processes, seconds, seed, kinds = kindNames, releasedMs = 1000, isFirst = true }: Leaving,
): Promise<void> {
  const where = processes === 1 ? 'one process' : `${processes} processes`;
  const check = (holds: boolean, failure: string) => {
    findings.check(holds, `${where}, clients that leave: ${failure}`);
  };
  const budgetMegabytes = 512 * processes;
  const server = await startServer(['dist/server.js'], {
    COMPUTE_BACKEND: 'wasm',
    LOG_LEVEL: 'fatal',
    PROCESSES: String(processes),
    MAX_RESULT_VALUES: String(2 ** 22),
    MAX_MEMORY_BYTES: String(budgetMegabytes * 2 ** 20),
  });
  const goBack = isFirst ? goBeforeServer() : () => undefined;
  const pool = new Pool(server.url, { connections: checkers, headersTimeout: 90_000 });
  let maxMegabytes = 0;
  const watching = setInterval(() => {
    maxMegabytes = Math.max(maxMegabytes, footprintOfAll(processTree(server.pid)).residentMegabytes);
    if (maxMegabytes > budgetMegabytes + runawayMegabytes) killAll(server.pid);
  }, 200);
  try {
    const works = checkedWorks();
    const expected: Awaited<ReturnType<typeof expectedOf>>[] = [];
    for (const work of works) expected.push(await expectedOf(pool, work));
    const attackFor = (ms: number, from: number) => {
      const end = performance.now() + ms;
      return attack({
        port: Number(new URL(server.url).port),
        seed: from,
        clients: attackers,
        kinds,
        goesOn: () => performance.now() < end && isAlive(server.pid),
      });
    };
    // Until threads and memory are there.
    await attackFor(Math.min(5000, 250 * seconds), seed + 1e6);
    await sleep(1000);
    const before = footprintOfAll(processTree(server.pid));

    const tally = new Tally();
    let turn = 0;
    const end = performance.now() + 1000 * seconds;
    const [counts] = await Promise.all([
      attackFor(1000 * seconds, seed),
      closedLoop(checkers, seconds, async () => {
        const i = turn++ % works.length;
        await sendOnce(pool, works[i]!, tally, expected[i]);
        if (!isAlive(server.pid)) await sleep(Math.max(0, end - performance.now()));
      }),
    ]);
    const broken = Object.values(counts).reduce((sum, count) => sum + count, 0);
    // Connections are accepted in order, one a tick: once this one is, the service has seen the last that left.
    const left = performance.now();
    await fetch(`${server.url}/livez`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(15_000) }).then((response) =>
      response.text(),
    );
    const seenMs = performance.now() - left;
    const released = await untilNothingIsHeld(server.url, 15_000).catch(() => '/metrics was not answered');
    const lost = await scrape(server.url).then(
      (valueOf) => valueOf('surrogate_process_lost_total'),
      () => NaN,
    );
    const again = new Tally();
    for (const [i, work] of works.entries()) await sendOnce(pool, work, again, expected[i]);
    await pool.destroy();
    const after = await settled(server.pid, before);

    findings.say('');
    findings.say(
      `${attackers} clients that break off requests of ${kinds.length} kinds at any byte for ${seconds} s, and ${checkers} others that check their numbers to the bit, on ${where}; seed ${seed}:`,
    );
    findings.say('');
    findings.say(
      `- ${broken} requests were broken off. The others: ${tally.accepted} answers, ${tally.wrong} with wrong numbers; what came back: ${tally.toString()}; p50 ${quantile(tally.acceptedMs, 0.5).toFixed(0)} ms, p99 ${quantile(tally.acceptedMs, 0.99).toFixed(0)} ms.`,
    );
    findings.say(
      `- ${typeof released === 'number' ? `All memory was given back, and no request in flight, ${released.toFixed(0)} ms after the last that left had been accepted, which took ${seenMs.toFixed(0)} ms` : `15 s after the last had left, ${released}`}. Threads: ${before.threads} before, ${after.threads} after; descriptors: ${before.descriptors} before, ${after.descriptors} after.`,
    );
    findings.say(
      `- Memory: ${before.residentMegabytes.toFixed(0)} MB before, at most ${maxMegabytes.toFixed(0)} MB; \`MAX_MEMORY_BYTES\` was ${budgetMegabytes} MiB.`,
    );
    check(isAlive(server.pid), 'the server ended');
    check(processes === 1 || lost === 0, `${lost} processes were lost`);
    check(tally.wrong + again.wrong === 0, `${tally.wrong + again.wrong} answers were wrong`);
    check(tally.accepted > seconds / 4, `only ${tally.accepted} requests of others were answered`);
    check(
      Object.keys(tally.byOutcome).every((outcome) => /^(?:200|503 (?:overloaded|out_of_memory|of \/v2))$/.test(outcome)),
      `to others came back ${tally.toString()}`,
    );
    check(again.accepted === works.length, `afterwards came back ${again.toString()}`);
    check(
      typeof released === 'number' && released <= releasedMs,
      typeof released === 'number'
        ? `memory was given back only after ${released.toFixed(0)} ms`
        : `15 s after the last had left, ${released}`,
    );
    // Some threads are started when they are first needed.
    check(
      after.threads >= before.threads && after.threads <= before.threads + 4 * processes,
      `${before.threads} threads became ${after.threads}`,
    );
    // Each of them has a few.
    check(
      after.descriptors <= before.descriptors + 4 * processes + 4 * (after.threads - before.threads),
      `${before.descriptors} descriptors became ${after.descriptors}`,
    );
    check(
      maxMegabytes < budgetMegabytes + beyondBudgetMegabytes * processes,
      `${maxMegabytes.toFixed(0)} MB of memory with a budget of ${budgetMegabytes} MiB`,
    );
  } catch (error) {
    check(false, String(error));
  } finally {
    clearInterval(watching);
    await pool.destroy();
    goBack();
    check(await stopOrKill(server), 'SIGTERM did not end the server within 10 s');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function killAll(pid: number): void {
  for (const one of processTree(pid)) if (isAlive(one)) process.kill(one, 'SIGKILL');
}

/** The footprint once it is what it was, or after five seconds. */
async function settled(pid: number, before: Footprint): Promise<Footprint> {
  for (let tries = 0; ; tries++) {
    const now = footprintOfAll(processTree(pid));
    if ((now.threads === before.threads && now.descriptors <= before.descriptors) || tries === 50) return now;
    await sleep(100);
  }
}

/** Stops a server; false where it has to be killed. */
async function stopOrKill(server: Server): Promise<boolean> {
  const stopped = server.stop().then(() => true);
  const isInTime = await Promise.race([stopped, sleep(10_000, false)]);
  if (!isInTime) {
    killAll(server.pid);
    await stopped;
  }
  return isInTime;
}
