// What happens to replicas while requests go on.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MixedLoad } from './mixed-load.ts';
import type { Replica } from './replica.ts';

export interface Fault {
  /** What is done, in words. */
  readonly what: string;
  /** Resolves when all replicas are as before. */
  run(replicas: readonly Replica[], load: MixedLoad): Promise<void>;
}

/** Times of a fault with which a run takes about a minute; how often replicas are killed. */
export interface FaultOptions {
  readonly kills: number;
  readonly hangMs: number;
  readonly slowMs: number;
}

/** How long a replica is stopped and runs in turn where it is slow. */
const [pausedMs, runningMs] = [90, 10];

export function faults({ kills, hangMs, slowMs }: FaultOptions): Readonly<Record<'restart' | 'killed' | 'hung' | 'slow', Fault>> {
  return {
    restart: {
      what: 'all three restarted, one after the other (SIGTERM)',
      async run(replicas) {
        for (const replica of replicas) {
          await replica.stop();
          await replica.start();
          await sleep(500);
        }
      },
    },
    killed: {
      what: `one killed (SIGKILL) and started again, ${kills} times`,
      async run(replicas, load) {
        for (let i = 0; i < kills; i++) {
          const replica = replicas[i % replicas.length]!;
          await load.excuseUntil(replica.stop('SIGKILL'));
          await sleep(500);
          await replica.start();
          await sleep(1500);
        }
      },
    },
    hung: {
      what: `one stopped for ${hangMs / 1000} s (SIGSTOP), its connections open`,
      async run([replica]) {
        replica!.signal('SIGSTOP');
        await sleep(hangMs);
        replica!.signal('SIGCONT');
        await sleep(1000);
      },
    },
    slow: {
      what: `one that runs for ${runningMs} of every ${pausedMs + runningMs} ms (SIGSTOP and SIGCONT in turns), for ${slowMs / 1000} s`,
      async run([replica]) {
        const end = performance.now() + slowMs;
        while (performance.now() < end) {
          replica!.signal('SIGSTOP');
          await sleep(pausedMs);
          replica!.signal('SIGCONT');
          await sleep(runningMs);
        }
      },
    },
  };
}
