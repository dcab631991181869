import cluster from 'node:cluster';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { secretVariables } from './config/security.ts';
import { closeOnSignals } from './graceful-shutdown.ts';
import { createLogger } from './observability/log.ts';
import { ClusterPeers, signalsToAll } from './processes/peers.ts';

interface Service {
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
  if (peers !== undefined || config.processes === 1) return new HttpService(config, logger, peers);
  const { Primary } = await import('./processes/primary.ts');
  return new Primary(config, logger);
}

/** The HTTP service of one process. */
class HttpService implements Service {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #peers: ClusterPeers | undefined;
  #app: FastifyInstance | undefined;

  constructor(config: Config, logger: Logger, peers: ClusterPeers | undefined) {
    this.#config = config;
    this.#logger = logger;
    this.#peers = peers;
  }

  /** Resolves when the process listens. */
  async start(): Promise<void> {
    const { buildApp } = await import('./app.ts');
    const { host, port } = this.#config;
    const app = await buildApp({ config: this.#config, logger: this.#logger, peers: this.#peers });
    this.#app = app;
    if (this.#peers !== undefined) this.#peers.onStopListening = () => app.lifecycle.stopListening();
    app.requestReader.warm();
    await app.listen({ host, port });
    this.#peers?.tellListening();
  }

  async drain(delayMs: number): Promise<void> {
    await this.#app?.lifecycle.drain(delayMs);
    await this.#app?.close();
  }
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
