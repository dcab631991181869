// Two replicas behind nginx, one of which is told to stop again and again while requests go on.
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { balancerVersion, startBalancer } from '../support/balancers.ts';
import { evenly, goBeforeServer, json, openLoop, sendOnce, Tally } from '../support/load-client.ts';
import type { Findings } from './reliability-report.ts';
import { startServer, type Server } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const perSecond = 100;
/** How long requests go on before and after one replica is told to stop. */
const [beforeMs, afterMs] = [1000, 3000];

/** How nginx speaks with the replicas. */
const upstreams = {
  'HTTP/1.0, a connection for each request': { keepalive: '', location: '' },
  'HTTP/1.1 with `keepalive 16`': { keepalive: 'keepalive 16;', location: 'proxy_http_version 1.1; proxy_set_header Connection "";' },
} as const;
type Upstream = keyof typeof upstreams;

/** nginx with its own defaults, which asks nobody whether he is ready, in front of servers at these addresses. */
function startProxy(upstream: Upstream, urls: readonly string[]): Promise<Server> {
  const { keepalive, location } = upstreams[upstream];
  return startBalancer(
    'nginx',
    (port) => `events {}
http {
  access_log off;
  upstream replicas { ${urls.map((url) => `server ${new URL(url).host};`).join(' ')} ${keepalive} }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://replicas; ${location} } }
}
`,
  );
}

/** One round; how long the replica took to end, in milliseconds. */
async function stopOnce(upstream: Upstream, stays: string, environment: Record<string, string>, tally: Tally): Promise<number> {
  const replica = await startServer(['dist/server.js'], environment);
  const proxy = await startProxy(upstream, [replica.url, stays]);
  const goBack = goBeforeServer();
  const pool = new Pool(proxy.url, { connections: 16 });
  const work = json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 });
  let tookMs = NaN;
  const stopping = sleep(beforeMs).then(async () => {
    const from = performance.now();
    await replica.stop();
    tookMs = performance.now() - from;
  });
  await openLoop(evenly(perSecond, (beforeMs + afterMs) / 1000), () => sendOnce(pool, work, tally));
  await stopping;
  await pool.close();
  goBack();
  await proxy.stop();
  return tookMs;
}

/** Tells of replicas that stop behind nginx, or that there is no nginx. */
export async function stopsBehindProxy(
  findings: Findings,
  { processes, rounds }: { readonly processes: readonly number[]; readonly rounds: number },
): Promise<void> {
  const nginx = balancerVersion('nginx');
  findings.say('');
  if (nginx === undefined) {
    findings.say('SKIPPED: replicas that stop behind nginx, since there is no `nginx` to be run.');
    return;
  }
  findings.say(
    `Two replicas behind ${nginx} with its defaults, which asks nobody whether he is ready; ${perSecond} \`POST /lif/grad\` a second; SIGTERM to one replica, ${rounds} times each, with \`DRAIN_DELAY_MS=1000\`:`,
  );
  findings.say('');
  for (const upstream of Object.keys(upstreams) as Upstream[]) {
    for (const count of processes) {
      const environment = { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error', PROCESSES: String(count) };
      const where = `${upstream}, ${count} process${count === 1 ? '' : 'es'}`;
      const stays = await startServer(['dist/server.js'], environment);
      const tally = new Tally();
      const tookMs: number[] = [];
      for (let round = 0; round < rounds; round++) tookMs.push(await stopOnce(upstream, stays.url, environment, tally));
      await stays.stop();
      findings.say(
        `- ${where}: ${tally.toString()}; the replica was gone after ${quantile(tookMs, 0).toFixed(0)} to ${quantile(tookMs, 1).toFixed(0)} ms.`,
      );
      findings.check(
        Object.keys(tally.byOutcome).every((outcome) => outcome === '200'),
        `a request was lost behind nginx, ${where}`,
      );
    }
  }
}
