import fp from 'fastify-plugin';

import type { RequestTrace } from '../observability/request-trace.ts';
import { pathOf, reportedStatus } from './request-close-notifier.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its span, where it is traced. */
    span: RequestTrace | null;
  }
}

/** Asked for every few seconds, with nothing in them to see. */
const untraced = new Set(['/livez', '/readyz', '/metrics', '/v2/health/live', '/v2/health/ready']);

/** Traces requests where a collector is configured. Nothing of OpenTelemetry is loaded where none is. */
export const tracing = fp(
  async (app) => {
    app.decorateRequest('span', null);
    const { endpoint } = app.config.tracing;
    if (endpoint === undefined) return;

    const { openTelemetry } = await import('../observability/open-telemetry.ts');
    const tell =
      (level: 'error' | 'warn') =>
      (message: string, ...details: unknown[]) => {
        app.log[level]({ details }, `traces: ${message}`);
      };
    const quiet = () => undefined;
    const tracer = openTelemetry(endpoint, { error: tell('error'), warn: tell('warn'), info: quiet, debug: quiet, verbose: quiet });
    app.addHook('onClose', () => tracer.close());

    app.addHook('onRequest', (request, _reply, next) => {
      const route = request.is404 ? undefined : request.routeOptions.url;
      if (route === undefined || !untraced.has(route)) {
        request.span = tracer.begin({ method: request.method, route, path: pathOf(request), id: request.id, headers: request.headers });
      }
      next();
    });
    app.exchangeEnd.listen((request, reply) => {
      request.span?.end({ status: reportedStatus(reply), problem: reply.problem });
    });
  },
  { name: 'tracing', dependencies: ['exchange-end'] },
);
