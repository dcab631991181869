import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { prometheusContentType } from 'prom-client';

import type { Job } from '../compute/jobs.ts';
import type { ProblemCode } from '../errors/problems.ts';
import { Metrics, type Rejection } from '../observability/metrics.ts';
import { reportedStatus } from './request-close-notifier.ts';

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
  interface FastifyRequest {
    /** What the request asks for, once its body has been read. */
    operation?: Job['kind'];
  }
}

/** The problems that are counted as rejections. */
const rejectionOfProblem: Readonly<Partial<Record<ProblemCode, Rejection>>> = {
  body_too_large: 'too_large',
  too_much_work: 'too_large',
  out_of_memory: 'memory',
  overloaded: 'queue_full',
  deadline_exceeded: 'deadline',
  shutting_down: 'shutting_down',
};

/** Counts and times requests, and serves `GET /metrics` unless that is on a port of its own. */
export const metrics = fp(
  (app, _options, done) => {
    const requestMetrics = new Metrics(app.engine, app.config.compute.maxQueueWaitMs, () => app.requestCloseNotifier.open);
    app.decorate('metrics', requestMetrics);
    app.decorateRequest('operation');
    app.addHook('onClose', (_app, closed) => {
      requestMetrics.close();
      closed();
    });
    app.requestCloseNotifier.listen((request, reply) => {
      const status = reportedStatus(reply);
      const seconds = reply.elapsedTime / 1000;
      // One label for all unknown paths: clients could fill the memory with labels otherwise.
      requestMetrics.request(request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown'), request.method, status, seconds);
      const rejection = (reply.problem && rejectionOfProblem[reply.problem]) ?? (status === 499 ? 'cancelled' : undefined);
      if (rejection !== undefined) requestMetrics.rejected(rejection);
      if (request.operation !== undefined && reply.problem !== undefined) requestMetrics.failed(request.operation, seconds);
      requestMetrics.connection(request.raw.socket);
    });
    app.peers?.shareMetrics(() => requestMetrics.snapshot());
    const { metrics: isServed, port } = app.config.operation;
    if (isServed && port === 0) serveMetrics(app, app);
    done();
  },
  { name: 'metrics', dependencies: ['request-close-notifier'] },
);

const example = `# HELP http_requests_in_flight Requests whose answer has not been sent yet, including the scrape.
# TYPE http_requests_in_flight gauge
http_requests_in_flight 1
`;

/**
 * Serves `GET /metrics`.
 *
 * @param listener serves the route, on the service's port or another.
 * @param source whose metrics are served; those of all processes where there are several.
 */
export function serveMetrics(listener: FastifyInstance, source: Pick<FastifyInstance, 'metrics' | 'peers'>): void {
  listener.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['Operation'],
        summary: 'Prometheus metrics',
        description: 'Counters, gauges and histograms of requests, jobs and the process.',
        response: { 200: { description: 'Prometheus text format.', content: { 'text/plain': { schema: { type: 'string' }, example } } } },
      },
    },
    async (_request, reply) => reply.type(prometheusContentType).send(await (source.peers?.scrape() ?? source.metrics.text())),
  );
}
