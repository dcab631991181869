// Limits by client that hold over all replicas, and over the restart of one.
import { Pool } from 'undici';
import { documentedConfiguration, startBalancer, type BalancerName } from '../../support/balancers.ts';
import { json, sendOnce, Tally } from '../../support/load-client.ts';
import { RedisServer } from '../../support/redis-server.ts';
import type { Findings } from '../reliability-report.ts';
import { Replica } from './replica.ts';

const max = 300;
const beyond = 100;
const keys = ['first-client-of-two', 'second-client-of-two'];
const work = json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 });

/** Two clients send more than they may, and a replica is restarted half-way. */
export async function limits(findings: Findings, balancer: BalancerName, replicaCount: number): Promise<void> {
  const redis = await (await RedisServer.create()).start();
  const replicas = await Replica.startAll(replicaCount, {
    API_KEYS: keys.join(','),
    RATE_LIMIT_MAX: String(max),
    RATE_LIMIT_WINDOW_MS: '3600000',
    RATE_LIMIT_REDIS_URL: redis.url,
  });
  const urls = replicas.map(({ url }) => url);
  const server = await startBalancer(balancer, (port) => documentedConfiguration(balancer, port, urls));
  const pool = new Pool(server.url, { connections: 32 });
  try {
    const tallies = keys.map(() => new Tally());
    const sendHalf = () =>
      Promise.all(
        keys.flatMap((key, i) =>
          Array.from({ length: (max + beyond) / 2 }, () =>
            sendOnce(pool, { ...work, headers: { ...work.headers, authorization: `Bearer ${key}` } }, tallies[i]!),
          ),
        ),
      );
    await sendHalf();
    await replicas[0]!.stop();
    await replicas[0]!.start();
    await sendHalf();
    findings.say(
      `- Limits: \`RATE_LIMIT_MAX=${max}\` counted in Redis; two clients send ${max + beyond} each, and one replica is restarted half-way: ${tallies.map(String).join('; ')}.`,
    );
    for (const tally of tallies) {
      findings.check(
        tally.accepted === max && tally.byOutcome['429 rate_limited'] === beyond,
        `${balancer}: of ${max} requests a window passed ${tally.accepted}: ${tally.toString()}`,
      );
    }
  } finally {
    await pool.close();
    await server.stop();
    await Promise.all(replicas.map((replica) => replica.stop()));
    await redis.stop();
  }
}
