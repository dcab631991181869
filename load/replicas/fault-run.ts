import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { BalancerName } from '../../support/balancers.ts';
import { Tally } from '../../support/load-client.ts';
import { quantile } from '../../support/statistics.ts';
import type { Findings } from '../reliability-report.ts';
import type { Fault } from './faults.ts';
import { MixedLoad } from './mixed-load.ts';
import type { Replica } from './replica.ts';

export const perSecond = 40;

/** Sends requests from before the fault until after it. */
export async function tryFault(
  findings: Findings,
  balancer: BalancerName,
  url: string,
  replicas: readonly Replica[],
  fault: Fault,
): Promise<void> {
  const pool = new Pool(url, { connections: 128 });
  const load = await MixedLoad.prepare(pool);
  const happening = sleep(1000)
    .then(() => fault.run(replicas, load))
    .then(() => sleep(1000));
  await load.sendUntil(happening, perSecond);
  await pool.close();

  const { small, large } = load.tallies;
  const all = Tally.of(small, large);
  const excused = Tally.of(load.excused.small, load.excused.large);
  findings.say(`- ${fault.what}: ${all.toString()}; ${times('small', small)}; ${times('large', large)}.${excusedText(load)}`);
  findings.check(all.accepted > 0, `${balancer}, ${fault.what}: nothing was answered`);
  findings.check(all.wrong + excused.wrong === 0, `${balancer}, ${fault.what}: an answer was wrong`);
  findings.check(
    Object.keys(excused.byOutcome).every((outcome) => /^(?:200$|502$|connection: )/.test(outcome)),
    `${balancer}, ${fault.what}: of those in flight came back ${excused.toString()}`,
  );
  findings.check(all.refusedMs.length === 0, `${balancer}, ${fault.what}: small ${small.toString()}; large ${large.toString()}`);
}

function times(size: string, { acceptedMs }: Tally): string {
  const [p50, p99, longest] = [0.5, 0.99, 1].map((q) => quantile(acceptedMs, q).toFixed(0));
  return `${size} p50 ${p50} ms, p99 ${p99} ms, longest ${longest} ms`;
}

function excusedText({ excused: { small, large } }: MixedLoad): string {
  const of = (tally: Tally) => `${tally.accepted + tally.refusedMs.length} (lost: ${tally.refusedMs.length})`;
  if (small.acceptedMs.length + small.refusedMs.length + large.acceptedMs.length + large.refusedMs.length === 0) return '';
  return ` In flight at those moments, on all replicas: small ${of(small)}, large ${of(large)}: ${Tally.of(small, large).toString()}.`;
}
