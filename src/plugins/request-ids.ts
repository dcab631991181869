import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Makes request ids: the client's own `X-Request-Id` when it is a plain word, else one that is unique across restarts. */
export function requestIds(): (request?: IncomingMessage) => string {
  const prefix = randomUUID().slice(0, 8);
  let count = 0;
  return (request) => {
    const given = request?.headers['x-request-id'];
    return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : `${prefix}-${(++count).toString(36)}`;
  };
}
