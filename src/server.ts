import closeWithGrace from 'close-with-grace';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import { buildApp } from './app.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';

/** The process: configuration, signals, listening. */
async function main(): Promise<void> {
  const config = readConfig();
  // Threads and child processes get a copy of the environment; the keys are in the configuration by now, as digests.
  delete process.env.API_KEYS;
  const logger = createLogger(config);

  // Before anything that takes time, so that a signal during the start is heeded too.
  let drain: (delayMs: number) => Promise<void> = async () => { /* nothing runs yet */ };
  closeWithGrace({ delay: config.timeouts.drainDelayMs + config.timeouts.shutdownMs, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'closing after an error');
    else logger.info({ signal }, 'closing');
    // Whoever presses Ctrl-C has no load balancer in front.
    await drain(signal === 'SIGINT' ? 0 : config.timeouts.drainDelayMs);
    logger.flush();
  });

  const app = await buildApp({ config, logger });
  drain = async (delayMs) => {
    await app.lifecycle.drain(delayMs);
    await app.close();
  };
  await app.listen({ host: config.host, port: config.port });
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

/** Lines for people on a terminal, JSON elsewhere; written in batches, since a write per request costs as much as a small job. */
function createLogger({ logLevel }: Config): Logger {
  if (process.stdout.isTTY) {
    return pino({ level: logLevel }, pretty({ sync: true, ignore: 'pid,hostname' }));
  }
  return pino({ level: logLevel }, pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 100 }));
}

await main();
