import type { FastifyRequest } from 'fastify';

import { OverloadError } from '../compute/overload.ts';
import { Problem } from '../errors/problems.ts';

/**
 * Waits for work that is done in the exchange's memory, for as long as the exchange lasts. The memory is kept for as long as the work
 * does, which may be longer.
 *
 * @throws what the work fails with, or why the exchange is given up.
 */
export async function whileItLasts<R>({ lease, deadline }: FastifyRequest, work: Promise<R>): Promise<R> {
  lease?.hold();
  const held = work.then(
    (result) => {
      lease?.letGo();
      return result;
    },
    (error: unknown) => {
      const leftAlone = error instanceof OverloadError || error instanceof Problem || deadline?.signal.aborted === true;
      if (!leftAlone) lease?.spoil();
      lease?.letGo();
      throw error;
    },
  );
  return deadline === null ? held : deadline.race(held);
}
