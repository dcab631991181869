import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import fp from 'fastify-plugin';

import type { ArenaPool } from '../compute/engine/arena-pool.ts';
import { answered, RequestScope } from '../compute/engine/request-scope.ts';
import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Owns the memory and the tasks of the request. */
    scope: RequestScope;
  }
}

/** Sets the request's own time limit, in milliseconds. */
const timeoutHeader = 'x-request-timeout-ms';

/** The client has gone away before it was answered. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** Opens a scope with each request, and ends it when the answer has left or the client is gone. */
export const requestScope = fp<{ arenas: ArenaPool }>(
  (app, { arenas }, done) => {
    app.decorateRequest('scope');
    app.addHook('onRequest', (request, _reply, next) => {
      request.scope = new RequestScope(arenas);
      next();
    });
    app.requestCloseNotifier.listen((request, reply) => {
      // Fastify's own refusals, as of a malformed URL, run no hooks.
      const scope = request.scope as RequestScope | undefined;
      scope?.end(reply.raw.writableFinished ? answered : new ClientGoneError('the client has gone away'));
    });
    done();
  },
  { name: 'request-lifetime', dependencies: ['request-close-notifier'] },
);

/**
 * A hook that starts the time limit of a request.
 *
 * @param maxMs the server's limit; a request may ask for less.
 */
export function startDeadline(maxMs: number): onRequestHookHandler {
  return ({ headers, scope }, _reply, done) => {
    const own = headers[timeoutHeader];
    if (own !== undefined && !(typeof own === 'string' && /^[1-9]\d{0,14}$/.test(own))) {
      done(
        new Problem(
          'invalid_timeout',
          `The header X-Request-Timeout-Ms must be a whole number of milliseconds of at least 1, got ${quote(String(own))}.`,
        ),
      );
      return;
    }
    const limitMs = Math.min(own === undefined ? Infinity : Number(own), maxMs);
    scope.setDeadline(limitMs, () => notDoneWithin(`${limitMs} ms`));
    // Without a limit of the request's own, the connection's timeouts say how long its body may take.
    if (own !== undefined) scope.watchDeadline();
    done();
  };
}

/** Applies a time limit that stands in the body: it counts from the same moment, and only shortens the time. */
export function shortenDeadline({ scope }: FastifyRequest, microseconds: number): void {
  scope.shortenDeadline(microseconds / 1000, () => notDoneWithin(`${microseconds} microseconds, its own timeout`));
}

function notDoneWithin(limit: string): Problem {
  return new Problem('deadline_exceeded', `The request took longer than ${limit}.`);
}
