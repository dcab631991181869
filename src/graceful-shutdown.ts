import closeWithGrace, { type Signals } from 'close-with-grace';
import type { Logger } from 'pino';

import type { Config } from './config/config.ts';

/** Has something finished before the process ends, given how long new requests are still served. */
export type Drain = (delayMs: number) => Promise<void>;

/**
 * Signals of a fault in the process, which are Node's. A listener on SIGSEGV would replace V8's own handler, which turns a WebAssembly access out
 * of bounds into an exception; and none of them could run, since the fault would come again before its turn.
 */
const faults = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT'] as const;

/**
 * Ends the process when a signal says so, or an error that nothing caught: once it is drained, or has had its time.
 *
 * @param others signals that are somebody else's to heed.
 * @returns a function that ends it in the same way.
 */
export function endWithGrace(
  { timeouts }: Pick<Config, 'timeouts'>,
  logger: Logger,
  drain: Drain,
  others: readonly Signals[] = [],
): () => void {
  const { close } = closeWithGrace(
    { delay: timeouts.drainDelayMs + timeouts.shutdownMs, logger, skip: [...faults, ...others] },
    async ({ signal, err }) => {
      if (err) logger.fatal({ err }, 'closing after an error');
      else logger.info({ signal }, 'closing');
      // Whoever presses Ctrl-C has no load balancer in front.
      await drain(signal === 'SIGINT' ? 0 : timeouts.drainDelayMs);
      logger.flush();
    },
  );
  // Without a listener Node opens its inspector, through which anyone on the machine could run code here.
  process.on('SIGUSR1', () => {
    logger.warn('SIGUSR1 is ignored: there is no inspector in a running service');
  });
  return close;
}
