// What one, two and three replicas behind a balancer do at their best.
import { Pool } from 'undici';
import { documentedConfiguration, startBalancer, type BalancerName } from '../../support/balancers.ts';
import { binaryGradient, closedLoop, expectedOf, goBeforeServer, json, sendOnce, Tally } from '../../support/load-client.ts';
import { quantile } from '../../support/statistics.ts';
import type { Findings } from '../reliability-report.ts';
import type { Replica } from './replica.ts';

const kinds = {
  '50 neurons in JSON, 16 at a time': { senders: 16, work: json('/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 }) },
  '100,000 neurons in binary, 6 at a time': { senders: 6, work: binaryGradient(100_000) },
};
type Kind = keyof typeof kinds;

/** Rounds of all counts in turn, since what else runs on the machine changes. */
export async function throughput(
  findings: Findings,
  balancer: BalancerName,
  replicas: readonly Replica[],
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<void> {
  for (const kind of Object.keys(kinds) as Kind[]) {
    const rates: number[][] = replicas.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, of] of rates.entries()) of.push(await rateOf(findings, balancer, replicas.slice(0, i + 1), kind, seconds));
    }
    const texts = rates.map(
      (of, i) => `${i + 1}: ${quantile(of, 0.5).toFixed(0)} (${quantile(of, 0).toFixed(0)} to ${quantile(of, 1).toFixed(0)})`,
    );
    findings.say(`- \`/lif/grad\` of ${kind}, answers a second by replicas: ${texts.join(', ')}.`);
  }
}

async function rateOf(
  findings: Findings,
  balancer: BalancerName,
  replicas: readonly Replica[],
  kind: Kind,
  seconds: number,
): Promise<number> {
  const urls = replicas.map(({ url }) => url);
  const server = await startBalancer(balancer, (port) => documentedConfiguration(balancer, port, urls));
  const { senders, work } = kinds[kind];
  const pool = new Pool(server.url, { connections: senders });
  const goBack = goBeforeServer();
  try {
    const expected = await expectedOf(pool, work);
    await closedLoop(senders, 1, () => sendOnce(pool, work, new Tally(), expected));
    const tally = new Tally();
    const start = performance.now();
    await closedLoop(senders, seconds, () => sendOnce(pool, work, tally, expected));
    const rate = tally.accepted / ((performance.now() - start) / 1000);
    findings.check(tally.wrong === 0, `${balancer}, ${replicas.length} replicas at their best: an answer was wrong`);
    findings.check(
      tally.accepted > 0 && tally.refusedMs.length === 0,
      `${balancer}, ${replicas.length} replicas at their best: ${tally.toString()}`,
    );
    return rate;
  } finally {
    goBack();
    await pool.close();
    await server.stop();
  }
}
