import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { secretVariables } from './config/security.ts';
import { closeOnSignals } from './graceful-shutdown.ts';
import { createLogger, logReady, urlOf } from './observability/logger.ts';
import { ClusterPeers, signalsToAll } from './processes/peers.ts';

interface Service {
  /** Resolves when the service listens, if it does so in this process. */
  start(): Promise<void>;
  /** Serves new requests for `delayMs`, then finishes all that are open. */
  drain(delayMs: number): Promise<void>;
}

/** Starts the service: in this process, or as the primary or a worker of several. */
export async function start(): Promise<void> {
  const peers = cluster.worker && new ClusterPeers(cluster.worker);
  const config = peers === undefined ? readConfig() : await peers.config();
  // Threads and workers get a copy of the environment; the configuration has what is needed of the secrets.
  for (const name of secretVariables) Reflect.deleteProperty(process.env, name);
  const logger = createLogger(config);

  // Before anything that takes time, so that a signal during the start is handled too.
  let drain: Service['drain'] = () => Promise.resolve();
  let delayOfPrimary: number | undefined;
  const close = closeOnSignals(config, logger, {
    drain: (delayMs) => drain(delayOfPrimary ?? delayMs),
    ignored: peers === undefined ? [] : signalsToAll,
  });
  if (peers !== undefined) {
    peers.onDrain = (delayMs) => {
      delayOfPrimary = delayMs;
      close();
    };
  }
  const service = await createService(config, logger, peers);
  drain = (delayMs) => service.drain(delayMs);
  await service.start();
}

/** Imports only what this role needs: the primary serves no requests. */
async function createService(config: Config, logger: Logger, peers: ClusterPeers | undefined): Promise<Service> {
  if (peers !== undefined || config.processes === 1) return createHttpService(config, logger, peers);
  const { Primary } = await import('./processes/primary.ts');
  return new Primary(config, logger);
}

/** The HTTP service of one process. */
function createHttpService(config: Config, logger: Logger, peers: ClusterPeers | undefined): Service {
  let app: FastifyInstance | undefined;
  return {
    async start() {
      const { buildApp } = await import('./app.ts');
      app = await buildApp({ config, logger, peers });
      if (peers !== undefined) peers.onStopListening = () => app?.lifecycle.stopListening();
      if (config.compute.warmUp === 'full') app.requestReader.warm();
      await app.listen({ host: config.host, port: config.port });
      const url = urlOf(app.server.address() as AddressInfo);
      peers?.tellListening(url);
      // The primary does it for several processes.
      if (peers === undefined) void logOnceReady(app, logger, url);
    },
    async drain(delayMs) {
      await app?.lifecycle.drain(delayMs);
      await app?.close();
    },
  };
}

async function logOnceReady({ lifecycle, config }: FastifyInstance, logger: Logger, url: string): Promise<void> {
  await lifecycle.warmed;
  if (!lifecycle.isDraining) logReady(logger, config, url);
}

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
