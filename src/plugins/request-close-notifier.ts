import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

export type ExchangeListener = (request: FastifyRequest, reply: FastifyReply) => void;

declare module 'fastify' {
  interface FastifyInstance {
    /** Notifies of requests that are over, whether they were answered or the client went away. */
    requestCloseNotifier: RequestCloseNotifier;
  }
}

/** Calls listeners when a request is over. Fastify's onResponse hook runs only for answers that were sent whole. */
export class RequestCloseNotifier {
  readonly #listeners: ExchangeListener[] = [];
  #open = 0;

  /** The number of requests that are not over. */
  get open(): number {
    return this.#open;
  }

  listen(listener: ExchangeListener): void {
    this.#listeners.push(listener);
  }

  /** Resolves once no request is open. */
  async allClosed(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.listen(() => {
        if (this.#open === 0) resolve();
      });
    });
  }

  watch(request: FastifyRequest, reply: FastifyReply): void {
    this.#open++;
    const end = () => {
      this.#open--;
      for (const listener of this.#listeners) listener(request, reply);
    };
    // A response that is made after its connection has closed emits no `close`.
    if (request.raw.socket.destroyed) process.nextTick(end);
    else reply.raw.once('close', end);
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

export const requestCloseNotifier = fp(
  (app, _options, done) => {
    const ends = new RequestCloseNotifier();
    app.decorate('requestCloseNotifier', ends);
    app.addHook('onRequest', (request, reply, next) => {
      ends.watch(request, reply);
      next();
    });
    done();
  },
  { name: 'request-close-notifier' },
);
