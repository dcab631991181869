import closeWithGrace, { type Signals } from 'close-with-grace';
import type { Logger } from 'pino';

import type { Config } from './config.ts';

/** Has something finished before the process ends, given how long new requests are still served. */
export type Drain = (delayMs: number) => Promise<void>;

/**
 * Ends the process when a signal says so, or an error that nothing caught: once it is drained, or has had its time.
 *
 * @param others signals that are somebody else's to heed.
 * @returns a function that ends it in the same way.
 */
export function endWithGrace({ timeouts }: Pick<Config, 'timeouts'>, logger: Logger, drain: Drain, others: readonly Signals[] = []): () => void {
  const { close } = closeWithGrace({ delay: timeouts.drainDelayMs + timeouts.shutdownMs, logger, skip: [...others] }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'closing after an error');
    else logger.info({ signal }, 'closing');
    // Whoever presses Ctrl-C has no load balancer in front.
    await drain(signal === 'SIGINT' ? 0 : timeouts.drainDelayMs);
    logger.flush();
  });
  return close;
}
