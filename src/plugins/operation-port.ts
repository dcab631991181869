import fastify, { LogController, type FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

import { requestIds, responseHeaders, setResponseHeaders } from './response-headers.ts';
import { requestCloseNotifier } from './request-close-notifier.ts';
import { createHttpServer } from './http-server.ts';
import { serveProbes } from './lifecycle.ts';
import { requestLog } from '../observability/request-log.ts';
import { serveMetrics } from '../observability/metrics.ts';
import { problemDetails, sendProblem, toProblem } from './problem-details.ts';

/**
 * Serves probes and metrics on a port of their own, without keys and limits. It opens before the service's port and closes after it, so
 * that whoever probes is answered while the service starts and drains. Register it first: what is registered first is closed last.
 */
export const operationPort = fp(
  (app, _options, done) => {
    let listener: FastifyInstance | undefined;
    app.addHook('onReady', async () => {
      listener = await buildListener(app);
      await listener.listen({ host: app.config.host, port: app.config.operation.port });
    });
    app.addHook('onClose', () => listener?.close());
    done();
  },
  { name: 'operation-port' },
);

async function buildListener(app: FastifyInstance): Promise<FastifyInstance> {
  const { timeouts, operation } = app.config;
  const nextRequestId = requestIds();
  const listener: FastifyInstance = fastify({
    loggerInstance: app.log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    genReqId: nextRequestId,
    serverFactory: (handler) =>
      createHttpServer(handler, { config: { connections: 0, timeouts }, nextRequestId, onRefusedConnection: () => undefined }),
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      listener.requestCloseNotifier.watch(request, reply);
      setResponseHeaders(request, reply);
      void sendProblem(toProblem(error), request, reply, error);
    },
  });
  await listener.register(requestCloseNotifier);
  await listener.register(responseHeaders);
  await listener.register(requestLog);
  await listener.register(problemDetails);
  listener.addHook('onSend', (_request, reply, _payload, next) => {
    if (app.lifecycle.isDraining) reply.raw.shouldKeepAlive = false;
    next();
  });
  serveProbes(listener, () => app.lifecycle.unreadyReason ?? (app.server.listening ? undefined : 'starting'));
  if (operation.metrics) serveMetrics(listener, app);
  return listener;
}
