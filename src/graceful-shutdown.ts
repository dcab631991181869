import closeWithGrace, { type Signals } from 'close-with-grace';
import type { Logger } from 'pino';

import type { Config } from './config/config.ts';

export interface ShutdownOptions {
  /** Finishes what is open, given how long new requests are still served. */
  readonly drain: (delayMs: number) => Promise<void>;
  /** Signals that another process handles for this one. */
  readonly ignored: readonly Signals[];
}

/**
 * Signals of a fault in the process, which are Node's. A listener on SIGSEGV would replace V8's own handler, which turns a WebAssembly access out
 * of bounds into an exception; and none of them could run, since the fault would come again before its turn.
 */
const faults = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT'] as const;

/**
 * Drains and exits on a signal or an uncaught error: with 0 after a signal, with 1 after an error or when draining takes longer than
 * `DRAIN_DELAY_MS` and `SHUTDOWN_TIMEOUT_MS` together.
 *
 * @returns a function that drains and exits without a signal.
 */
export function closeOnSignals({ timeouts }: Pick<Config, 'timeouts'>, logger: Logger, { drain, ignored }: ShutdownOptions): () => void {
  const { close } = closeWithGrace(
    { delay: timeouts.drainDelayMs + timeouts.shutdownMs, logger, skip: [...faults, ...ignored] },
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
