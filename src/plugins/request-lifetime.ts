import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';

import type { ArenaPool } from '../compute/engine/arena-pool.ts';
import { answered, RequestScope } from '../compute/engine/request-scope.ts';
import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyInstance {
    openRequests: OpenRequests;
  }
  interface FastifyRequest {
    /** Owns the memory and the tasks of the request. */
    scope: RequestScope;
  }
}

export type CloseListener = (request: FastifyRequest, reply: FastifyReply) => void;

/** The client has gone away before it was answered. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/**
 * The requests that are not over. Each has a scope, which ends when its answer has left or its client is gone. Fastify's onResponse hook runs only for
 * answers that were sent whole.
 */
export class OpenRequests {
  readonly #arenas: ArenaPool;
  readonly #listeners: CloseListener[] = [];
  #count = 0;

  constructor(arenas: ArenaPool) {
    this.#arenas = arenas;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a listener that is called when a request is over, whether it was answered or the client went away. */
  onClose(listener: CloseListener): void {
    this.#listeners.push(listener);
  }

  /** Resolves once no request is open. */
  async allClosed(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.onClose(() => {
        if (this.#count === 0) resolve();
      });
    });
  }

  add(request: FastifyRequest, reply: FastifyReply): void {
    const scope = new RequestScope(this.#arenas);
    request.scope = scope;
    this.#count++;
    const close = () => {
      this.#count--;
      scope.end(reply.raw.writableFinished ? answered : new ClientGoneError('the client has gone away'));
      for (const listener of this.#listeners) listener(request, reply);
    };
    // A response that is made after its connection has closed emits no `close`.
    if (request.raw.socket.destroyed) process.nextTick(close);
    else reply.raw.once('close', close);
  }
}

/** The status to report for a request: the answer's, or 499, as nginx reports it, when the client went away before it was sent. */
export function reportedStatus(reply: FastifyReply): number {
  return reply.raw.writableFinished ? reply.statusCode : 499;
}

/** The path to report for a request: without its query, which may hold secrets. */
export function pathOf({ url }: FastifyRequest): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

/** Sets the request's own time limit, in milliseconds. */
const timeoutHeader = 'x-request-timeout-ms';

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
