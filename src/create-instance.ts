import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';

import type { ArenaPool } from './compute/engine/arena-pool.ts';
import type { Config } from './config/config.ts';
import { logRequest } from './observability/request-log.ts';
import { createHttpServer, type HttpServer } from './plugins/http-server.ts';
import { sendProblem, toProblem } from './plugins/problem-details.ts';
import { OpenRequests } from './plugins/request-lifetime.ts';

export interface InstanceOptions {
  /** Where to log; nowhere unless given. */
  readonly logger: FastifyBaseLogger | undefined;
  readonly timeouts: Config['timeouts'];
  /** Connections at a time; 0 for any number. */
  readonly maxConnections: number;
  /** Where requests take their memory. */
  readonly arenas: ArenaPool;
  readonly fastify?: Pick<FastifyHttpOptions<HttpServer>, 'bodyLimit' | 'trustProxy' | 'routerOptions'>;
}

/** A Fastify instance on an HTTP server of ours: each request gets an id, the headers of every response, a scope, and a line in the log. */
export function createInstance({ logger, timeouts, maxConnections, arenas, fastify: options }: InstanceOptions): FastifyInstance {
  const nextRequestId = requestIds();
  const openRequests = new OpenRequests(arenas);
  const begin = (request: FastifyRequest, reply: FastifyReply) => {
    openRequests.add(request, reply);
    setResponseHeaders(request, reply);
  };
  const app: FastifyInstance = fastify({
    ...options,
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    // One line a request is written at its end; a child logger per request would only cost.
    childLoggerFactory: (parent) => parent,
    genReqId: nextRequestId,
    serverFactory: (handler) =>
      createHttpServer(handler, { timeouts, maxConnections, nextRequestId, onRefusedConnection: refusalLog(() => app.log) }),
    // While closing, `Lifecycle.admit` refuses in the form that every other failure has.
    return503OnClosing: false,
    // The server's own does it.
    clientErrorHandler: () => undefined,
    // No hooks run before.
    frameworkErrors: (error, request, reply) => {
      begin(request, reply);
      const send = (cause: FastifyError) => {
        void sendProblem(toProblem(cause), request, reply, cause);
      };
      if (app.countUnrouted === undefined) send(error);
      else
        app.countUnrouted(request, reply).then(() => {
          send(error);
        }, send);
    },
  });
  app.decorate('openRequests', openRequests);
  app.decorateRequest('scope');
  app.addHook('onRequest', (request, reply, next) => {
    begin(request, reply);
    next();
  });
  openRequests.onClose((request, reply) => {
    logRequest(app.log, request, reply);
  });
  return app;
}

/**
 * Sets the headers of every response: the id of its request, and what keeps browsers from running or embedding it. Not @fastify/helmet, which takes
 * 4 µs for these where constants take half of one; its other headers are about pages, and HSTS is for whoever has the certificate.
 */
function setResponseHeaders(request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .header('x-request-id', request.id)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    .header('cross-origin-resource-policy', 'same-origin');
}

/** Makes request ids: the client's own `X-Request-Id` when it is a plain word, else one that is unique across restarts. */
function requestIds(): (request?: IncomingMessage) => string {
  const prefix = randomUUID().slice(0, 8);
  let count = 0;
  return (request) => {
    const given = request?.headers['x-request-id'];
    return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : `${prefix}-${(++count).toString(36)}`;
  };
}

/** Says that there are too many connections, once a minute at most. */
function refusalLog(log: () => FastifyBaseLogger): () => void {
  let saidAt = -Infinity;
  return () => {
    if (performance.now() - saidAt < 60_000) return;
    saidAt = performance.now();
    log().warn('MAX_CONNECTIONS are open; others are refused');
  };
}
