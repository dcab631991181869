import cluster from 'node:cluster';

import { endWithGrace } from '../graceful-shutdown.ts';
import { createLogger } from '../observability/log.ts';
import { Serving } from '../serving.ts';
import { Channel } from './channel.ts';
import type { ToMember, ToSupervisor } from './messages.ts';
import { RemotePeers } from './remote-peers.ts';

/** Signals that terminals and service managers send to all processes at once. The supervisor heeds them for all. */
const sentToAll = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** One of the processes that answer. */
async function main(): Promise<void> {
  for (const signal of sentToAll) process.on(signal, () => undefined);
  // Until something runs that has to be finished.
  let end = (): void => process.exit(0);
  let toldDelayMs: number | undefined;
  const supervisor = new Channel<ToSupervisor, ToMember>(cluster.worker!, {
    alive: () => undefined,
    drain(delayMs) {
      toldDelayMs = delayMs;
      end();
    },
    stopListening: (): Promise<void> => serving.stopListening(),
    allReady: (ready) => {
      peers.areReady(ready);
    },
    snapshot: () => peers.snapshot(),
  });
  const peers: RemotePeers = new RemotePeers(supervisor);

  const config = await supervisor.ask('config');
  const logger = createLogger(config);
  const serving = new Serving(config, logger, peers);
  end = endWithGrace(config, logger, (delayMs) => serving.drain(toldDelayMs ?? delayMs), sentToAll);
  await serving.start();
  supervisor.tell('listening');
}

await main();
