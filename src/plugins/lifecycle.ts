import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';

import { Type } from '@sinclair/typebox';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import fp from 'fastify-plugin';

import { Problem } from '../errors/problems.ts';
import { jsonAnswer } from '../schemas/bodies.ts';
import { HttpServer } from './http-server.ts';
import type { OpenRequests } from './request-lifetime.ts';

declare module 'fastify' {
  interface FastifyInstance {
    lifecycle: Lifecycle;
  }
}

/**
 * How long connections stay open once no more are accepted. A proxy that keeps some sends its next request on them, or finds that new ones are refused
 * and stops using them; closed at once, they would lose a request that is on its way.
 */
const idleGraceMs = 500;

/** The other processes on the port, as far as an instance's beginning and end depend on them. */
interface PortSharers {
  readonly unreadyReason: string | undefined;
  tellReady(ready: boolean): void;
  leavePort(): Promise<void>;
}

/** Whether this instance should get requests, and its end. */
export class Lifecycle {
  readonly #server: HttpServer;
  readonly #requests: OpenRequests;
  readonly #peers: PortSharers | undefined;
  /** Resolves when the engine is warm. */
  readonly warmed: Promise<void>;
  #resolveWarmed: () => void = () => undefined;
  #isWarm = false;
  #isRefusing = false;

  /** @param peers the other processes on the port; the instance is ready when they are. */
  constructor(server: HttpServer, requests: OpenRequests, peers?: PortSharers) {
    this.#server = server;
    this.#requests = requests;
    this.#peers = peers;
    this.warmed = new Promise((resolve) => {
      this.#resolveWarmed = resolve;
    });
  }

  /** Why `/readyz` answers 503, or undefined when the instance is ready. */
  get unreadyReason(): string | undefined {
    if (this.isDraining) return 'draining';
    return this.#isWarm ? this.#peers?.unreadyReason : 'warming up';
  }

  get isDraining(): boolean {
    return this.#server.isDraining;
  }

  /** Whether requests that compute are refused. */
  get refusing(): boolean {
    return this.#isRefusing;
  }

  setWarm(): void {
    this.#isWarm = true;
    this.#resolveWarmed();
    if (!this.isDraining) this.#peers?.tellReady(true);
  }

  /** Refuses connections from now on. */
  stopListening(): Promise<void> {
    return this.#server.stopListening();
  }

  /** A hook for routes that compute: refuses requests that come too late. */
  readonly admit: onRequestHookHandler = (_request, _reply, done) => {
    if (this.refusing)
      done(new Problem('shutting_down', 'This instance is shutting down; send the request again.', { headers: { 'retry-after': '1' } }));
    else done();
  };

  /**
   * Turns load balancers away, and serves on for `delayMs`, with one more answer on each connection. Then stops listening, leaves the open
   * connections a moment for a request that is on its way, closes those without one, and waits for the requests that are open.
   */
  async drain(delayMs: number): Promise<void> {
    this.#server.isDraining = true;
    this.#peers?.tellReady(false);
    await sleep(delayMs);
    await this.#peers?.leavePort();
    await this.stopListening();
    await sleep(Math.min(delayMs, idleGraceMs));
    // Timers come before sockets: a request that has arrived while the process did not run is read first.
    await nextTick();
    this.#isRefusing = true;
    this.#server.closeConnections();
    await this.#requests.allClosed();
  }
}

/** Starts warming the engine, and answers the probes. */
export const lifecycle = fp(
  (app, _options, done) => {
    const state = new Lifecycle(HttpServer.of(app), app.openRequests, app.peers);
    app.decorate('lifecycle', state);

    app.addHook('onReady', (next) => {
      // Not awaited: the server listens at once and answers on /readyz that it is not ready yet.
      app.engine.warm().then(
        () => {
          state.setWarm();
        },
        (error: unknown) => {
          app.log.fatal({ err: error }, 'the engine could not be warmed; /readyz stays 503');
        },
      );
      next();
    });
    app.addHook('onClose', () => app.engine.close());
    serveProbes(app, () => state.unreadyReason);
    done();
  },
  { name: 'lifecycle' },
);

const Liveness = Type.Object({ live: Type.Boolean() }, { $id: 'Liveness' });
const Ready = Type.Object({ ready: Type.Literal(true) }, { $id: 'Ready' });
const Unready = Type.Object({ ready: Type.Literal(false), reason: Type.String({ description: 'What it waits for.' }) }, { $id: 'Unready' });

/** Answers `GET /livez` and `GET /readyz` on the service's port or another. */
export function serveProbes(app: FastifyInstance, unreadyReason: () => string | undefined): void {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'getLiveness',
        tags: ['Operation'],
        summary: 'Whether the process answers',
        description: 'For liveness probes: 200 as long as the event loop runs.',
        response: { 200: jsonAnswer(Liveness, 'It does.', { live: { value: { live: true } } }) },
      },
    },
    () => ({ live: true }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['Operation'],
        summary: 'Whether this instance should get requests',
        description: 'For readiness probes and load balancers: 503 until the instance is warm, and again while it drains.',
        response: {
          200: jsonAnswer(Ready, 'It should.', { ready: { value: { ready: true } } }),
          503: jsonAnswer(Unready, 'It should not; `Retry-After` says when to ask again.', {
            warming_up: { value: { ready: false, reason: 'warming up' } },
            draining: { value: { ready: false, reason: 'draining' } },
          }),
        },
      },
    },
    (_request, reply) => {
      const reason = unreadyReason();
      if (reason === undefined) return { ready: true };
      void reply.code(503).header('retry-after', '1');
      return { ready: false, reason };
    },
  );
}
