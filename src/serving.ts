import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import { buildApp } from './app.ts';
import type { Config } from './config/config.ts';
import type { Peers } from './processes/peers.ts';
import { setV8 } from './v8-settings.ts';

/** What answers in a process. It can be drained from the beginning on. */
export class Serving {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #peers: Peers | undefined;
  #app: FastifyInstance | undefined;

  /** @param peers the other processes on the port, where there are any. */
  constructor(config: Config, logger: Logger, peers?: Peers) {
    this.#config = config;
    this.#logger = logger;
    this.#peers = peers;
  }

  /** Resolves when the process listens. */
  async start(): Promise<void> {
    setV8();
    const { host, port } = this.#config;
    this.#app = await buildApp({ config: this.#config, logger: this.#logger, peers: this.#peers });
    this.#app.requestReader.warm();
    await this.#app.listen({ host, port });
  }

  /** Refuses connections from now on. */
  async stopListening(): Promise<void> {
    await this.#app?.lifecycle.stopListening();
  }

  async drain(delayMs: number): Promise<void> {
    await this.#app?.lifecycle.drain(delayMs);
    await this.#app?.close();
  }
}
