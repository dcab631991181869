import type { Logger } from 'pino';

import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { endWithGrace, type Drain } from './graceful-shutdown.ts';
import { createLogger } from './observability/log.ts';

/** What answers, in this process or in several that it looks after. */
interface Service {
  start(): Promise<void>;
  drain(delayMs: number): Promise<void>;
}

/** Starts the service: configuration, signals, and what answers. */
export async function start(): Promise<void> {
  const config = readConfig();
  // Threads and child processes get a copy of the environment; the keys are in the configuration by now, as digests.
  delete process.env.API_KEYS;
  const logger = createLogger(config);

  // Before anything that takes time, so that a signal during the start is heeded too.
  let drain: Drain = async () => {
    /* nothing runs yet */
  };
  endWithGrace(config, logger, (delayMs) => drain(delayMs));
  const service = await createService(config, logger);
  drain = (delayMs) => service.drain(delayMs);
  await service.start();
}

/** Imports only what this role needs: the supervisor serves no requests. */
async function createService(config: Config, logger: Logger): Promise<Service> {
  if (config.processes === 1) {
    const { Serving } = await import('./serving.ts');
    return new Serving(config, logger);
  }
  const { Supervisor } = await import('./processes/supervisor.ts');
  return new Supervisor(config, logger);
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
