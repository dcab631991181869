import { Readable } from 'node:stream';

import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

import { lengthOf } from '../codecs/chunks.ts';
import type { Job } from '../compute/jobs.ts';
import type { Peers } from '../processes/peers.ts';
import { Reading } from '../observability/instruments.ts';
import { Metrics } from '../observability/metrics.ts';
import { rejectionOf } from '../observability/rejections.ts';
import { Traffic } from '../observability/traffic.ts';
import { reportedStatus } from './request-close-notifier.ts';

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
  interface FastifyRequest {
    /** What the request asks for, once its body has come. */
    operation?: Job['kind'];
  }
}

/** Counts and times requests, and answers `GET /metrics`, unless that is on a port of its own. */
export const metrics = fp(
  (app, _options, done) => {
    const measured = new Metrics(app.engine, app.config.compute.maxQueueWaitMs);
    app.decorate('metrics', measured);
    app.decorateRequest('operation');
    app.addHook('onClose', (_app, closed) => {
      measured.close();
      closed();
    });

    const traffic = new Traffic(measured.registry);
    const inFlight = () => app.exchangeEnd.open;
    measured.registry.add(
      Reading.of({
        name: 'http_requests_in_flight',
        help: 'Requests whose answer has not left yet, the scrape among them.',
        read: inFlight,
      }),
    );

    app.exchangeEnd.listen((request, reply) => {
      // One label for all unknown paths, or anyone could fill the memory with labels.
      const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
      const status = reportedStatus(reply);
      measured.request(route, request.method, status, reply.elapsedTime / 1000);
      const rejection = rejectionOf(reply.problem, status);
      if (rejection !== undefined) measured.rejected(rejection);
      if (request.operation !== undefined && reply.problem !== undefined) measured.failed(request.operation, reply.elapsedTime / 1000);
      traffic.on(request.raw.socket);
    });
    app.peers?.shareMetrics(() => measured.registry.snapshot());
    const { metrics: served, port } = app.config.operation;
    if (served && port === 0) serveMetrics(app, measured, app.peers);
    done();
  },
  { name: 'metrics', dependencies: ['exchange-end'] },
);

const example = [
  '# HELP http_requests_in_flight Requests whose answer has not left yet, the scrape among them.',
  '# TYPE http_requests_in_flight gauge',
  'http_requests_in_flight 1',
  '',
].join('\n');

/**
 * Answers `GET /metrics` on the service's port or another.
 *
 * @param peers whose metrics are told along with these.
 */
export function serveMetrics(app: FastifyInstance, measured: Metrics, peers?: Peers): void {
  app.get(
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
    async (_request, reply) => {
      const text = peers === undefined ? measured.registry.scrape() : [Buffer.from(await peers.scrape())];
      void reply.type(measured.registry.contentType).header('content-length', lengthOf(text));
      return reply.send(Readable.from(text, { objectMode: false }));
    },
  );
}
