import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

/** Gives every response the id of its request, and headers that keep browsers from running or embedding it. */
export const responseHeaders = fp(
  (app, _options, done) => {
    app.addHook('onRequest', (request, reply, next) => {
      setResponseHeaders(request, reply);
      next();
    });
    done();
  },
  { name: 'response-headers' },
);

/**
 * Sets the headers of every response. Not @fastify/helmet, which takes 4 µs for these where constants take half of one; its other headers are about
 * pages, and HSTS is for whoever has the certificate.
 */
export function setResponseHeaders(request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .header('x-request-id', request.id)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    .header('cross-origin-resource-policy', 'same-origin');
}

/** Makes request ids: the client's own `X-Request-Id` when it is a plain word, else one that is unique across restarts. */
export function requestIds(): (request?: IncomingMessage) => string {
  const prefix = randomUUID().slice(0, 8);
  let count = 0;
  return (request) => {
    const given = request?.headers['x-request-id'];
    return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : `${prefix}-${(++count).toString(36)}`;
  };
}
