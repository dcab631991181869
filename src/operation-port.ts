import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

import { serveMetrics } from './observability/metrics.ts';
import { createInstance } from './create-instance.ts';
import { serveProbes } from './plugins/lifecycle.ts';
import { problemDetails } from './plugins/problem-details.ts';

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
  const listener = createInstance({ logger: app.log, timeouts, maxConnections: 0, arenas: app.engine.arenas });
  await listener.register(problemDetails);
  listener.addHook('onSend', (_request, reply, _payload, next) => {
    if (app.lifecycle.isDraining) reply.raw.shouldKeepAlive = false;
    next();
  });
  serveProbes(listener, () => app.lifecycle.unreadyReason ?? (app.server.listening ? undefined : 'starting'));
  if (operation.metrics) serveMetrics(listener, app);
  return listener;
}
