import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { answered, RequestScope } from '../compute/engine/request-scope.ts';
import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The owner of all that the request takes. */
    scope: RequestScope;
  }
}

/** The request's own time limit, in milliseconds. */
export const timeoutHeader = 'x-request-timeout-ms';

/** The client has gone away: there is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** Opens a scope with each request, and ends it when the answer has left or the client is gone. */
export const requestScope = fp(
  (app, _options, done) => {
    app.decorateRequest('scope');
    app.addHook('onRequest', (request, _reply, next) => {
      request.scope = new RequestScope(app.engine.arenas);
      next();
    });
    app.exchangeEnd.listen((request, reply) => {
      // Fastify's own refusals, as of a malformed URL, run no hooks.
      const scope = request.scope as RequestScope | undefined;
      scope?.end(reply.raw.writableFinished ? answered : new ClientGoneError('the client has gone away'));
    });
    done();
  },
  { name: 'request-scope', dependencies: ['exchange-end'] },
);

/** A hook for routes that compute: from now on the request's time runs. A request may ask for less than the server allows, not for more. */
export function startDeadline(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const own = request.headers[timeoutHeader];
  if (own !== undefined && !(typeof own === 'string' && /^[1-9]\d{0,14}$/.test(own))) {
    done(
      new Problem(
        'invalid_timeout',
        `The header X-Request-Timeout-Ms must be a whole number of milliseconds of at least 1, got ${quote(String(own))}.`,
      ),
    );
    return;
  }
  const { scope, server } = request;
  const limitMs = Math.min(own === undefined ? Infinity : Number(own), server.config.timeouts.requestMs);
  scope.setDeadline(limitMs, () => notDoneWithin(`${limitMs} ms`));
  // Otherwise how long a body may take is the connection's matter.
  if (own !== undefined) scope.watchDeadline();
  done();
}

/** A deadline that stands in the body: it counts from the same moment, and allows no more time than there was. */
export function shortenDeadline({ scope }: FastifyRequest, microseconds: number): void {
  scope.shortenDeadline(microseconds / 1000, () => notDoneWithin(`${microseconds} microseconds, its own timeout`));
}

function notDoneWithin(limit: string): Problem {
  return new Problem('deadline_exceeded', `The request was not done within ${limit}.`);
}
