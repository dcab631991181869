// Three replicas behind HAProxy and nginx, configured as in deploy/balancers/: `npm run chaos:replicas -- --balancers haproxy --kills 3`.
import { parseArgs } from 'node:util';
import { balancers, balancerVersion, documentedConfiguration, startBalancer, type BalancerName } from '../../support/balancers.ts';
import { hasRedis, RedisServer } from '../../support/redis-server.ts';
import { Findings } from '../reliability-report.ts';
import { perSecond, tryFault } from './fault-run.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { Replica } from './replica.ts';
import { throughput } from './throughput.ts';

const { values: options } = parseArgs({
  options: {
    balancers: { type: 'string', default: Object.keys(balancers).join(',') },
    phases: { type: 'string', default: 'restart,killed,hung,slow,limits,throughput' },
    kills: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
  },
});
const replicaCount = 3;
const seconds = Number(options.seconds);
const findings = new Findings();
const known = faults({ kills: Number(options.kills), hangMs: 1000 * seconds, slowMs: 1000 * seconds });
const phases = namesIn(options.phases, [...Object.keys(known), 'limits', 'throughput']);

/** @throws {Error} where a name is none of the known. */
function namesIn<Name extends string>(list: string, all: readonly Name[]): Name[] {
  return list.split(',').map((given) => {
    const name = all.find((one) => one === given);
    if (name === undefined) throw new Error(`"${given}" is none of ${all.join(', ')}`);
    return name;
  });
}

async function tryBalancer(balancer: BalancerName): Promise<void> {
  const redis = hasRedis ? await (await RedisServer.create()).start() : undefined;
  const replicas = await Replica.startAll(
    replicaCount,
    redis === undefined ? {} : { RATE_LIMIT_MAX: '1000000000', RATE_LIMIT_REDIS_URL: redis.url },
  );
  try {
    const urls = replicas.map(({ url }) => url);
    const server = await startBalancer(balancer, (port) => documentedConfiguration(balancer, port, urls));
    try {
      for (const [name, fault] of Object.entries(known)) {
        if (phases.includes(name)) await tryFault(findings, balancer, server.url, replicas, fault);
      }
    } finally {
      await server.stop();
    }
    if (phases.includes('throughput'))
      await throughput(findings, balancer, replicas, { seconds: seconds / 2, rounds: Number(options.rounds) });
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await redis?.stop();
  }
  if (!phases.includes('limits')) return;
  if (hasRedis) await limits(findings, balancer, replicaCount);
  else findings.say('- SKIPPED: limits over all replicas, since there is no `redis-server` to be run.');
}

for (const balancer of namesIn(options.balancers, Object.keys(balancers) as BalancerName[])) {
  const version = balancerVersion(balancer);
  findings.say('');
  if (version === undefined) {
    findings.say(`SKIPPED: replicas behind ${balancer}, since there is no \`${balancer}\` to be run.`);
    continue;
  }
  findings.say(
    `${replicaCount} replicas behind ${version}, ${perSecond} requests a second by chance, one of eight with 0.1 to 6 MB in its body or answer, ${hasRedis ? 'each counted in Redis' : 'no Redis'}:`,
  );
  findings.say('');
  await tryBalancer(balancer);
}
findings.finish('chaos:replicas', options.write);
