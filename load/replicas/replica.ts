import { freePort } from '../../support/process.ts';
import { startServer, type Server } from '../../support/servers.ts';

/** An instance of the built service that keeps its address over its ends and starts. */
export class Replica {
  readonly url: string;
  readonly #port: number;
  readonly #environment: Readonly<Record<string, string>>;
  #server: Server | undefined;

  private constructor(port: number, environment: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#environment = environment;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts so many, and resolves when all are ready. Other work of the machine makes them wait, not refuse. */
  static async startAll(count: number, environment: Readonly<Record<string, string>>): Promise<Replica[]> {
    const replicas: Replica[] = [];
    for (let i = 0; i < count; i++) {
      const replica = new Replica(await freePort(), { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error', MAX_QUEUE_MS: '30000', ...environment });
      await replica.start();
      replicas.push(replica);
    }
    return replicas;
  }

  async start(): Promise<void> {
    this.#server = await startServer(['dist/server.js'], this.#environment, this.#port);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#server !== undefined) process.kill(this.#server.pid, signal);
  }

  /** Resolves when the process has ended. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#server?.stop(signal);
  }
}
