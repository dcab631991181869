import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the exchange is given up; of requests that compute. */
    deadline: Deadline | null;
  }
}

/** The request's own time limit, in milliseconds. */
export const timeoutHeader = 'x-request-timeout-ms';

/** The client has gone away: nobody is there to be told anything. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

/** When an exchange is given up: after its time limit, or when its client goes away. */
export class Deadline {
  readonly #limitMs: number;
  readonly #endsAt: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs from now on. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.#endsAt = performance.now() + limitMs;
  }

  /** Aborted with what the client is to be told. Made when it is first asked for: most requests are answered before anyone could. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#timer = setTimeout(() => {
        this.#controller?.abort(new Problem('deadline_exceeded', `The request was not done within ${this.#limitMs} ms.`));
      }, Math.max(0, this.#endsAt - performance.now()));
    }
    return this.#controller.signal;
  }

  /** What the promise gives, or the reason why it is not waited for any longer. */
  race<R>(promise: Promise<R>): Promise<R> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const giveUp = () => { reject(signal.reason as Error); };
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', giveUp); });
    });
  }

  /** From here on only the client's going away ends the exchange: its answer has begun, or it is over. */
  met(): void {
    clearTimeout(this.#timer);
  }

  clientGone(): void {
    this.met();
    this.#controller?.abort(new ClientGoneError('the client has gone away'));
  }
}

export const deadline = fp((app, _options, done) => {
  app.decorateRequest('deadline', null);
  app.exchangeEnd.listen((request, reply) => {
    if (reply.raw.writableFinished) request.deadline?.met();
    else request.deadline?.clientGone();
  });
  done();
}, { name: 'deadline', dependencies: ['exchange-end'] });

/** A hook for routes that compute: from now on the request's time runs. A request may ask for less than the server allows, not for more. */
export function startDeadline(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const most = request.server.config.timeouts.requestMs;
  const own = request.headers[timeoutHeader];
  if (own === undefined) {
    request.deadline = new Deadline(most);
  } else if (typeof own === 'string' && /^[1-9]\d{0,14}$/.test(own)) {
    request.deadline = new Deadline(Math.min(Number(own), most));
  } else {
    done(new Problem('invalid_timeout', `The header X-Request-Timeout-Ms must be a whole number of milliseconds of at least 1, got ${quote(String(own))}.`));
    return;
  }
  done();
}
