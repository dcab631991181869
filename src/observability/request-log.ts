import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { HttpResponse } from '../plugins/http-connection.ts';
import { isMonitoringRoute, routeOf } from '../plugins/public-routes.ts';
import { pathOf, reportedStatus } from '../plugins/request-lifetime.ts';

/** A valid `traceparent` (W3C Trace Context), and its trace's id. Version 00 ends with the flags, later ones may have more fields. */
const traceparent = /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

/** Whether an answer to a probe or a scrape is as it should be: 200, or 503 that says why the instance is not ready. */
function isRoutine(url: string, status: number): boolean {
  return isMonitoringRoute(url) && (status < 400 || status === 503);
}

/**
 * Logs what was asked, how it ended, and how long it took. No body, no query, which may hold secrets; of a key, its number. Probes and scrapes are
 * logged at `debug`, everything else at `info`.
 */
export function logRequest(log: FastifyBaseLogger, request: FastifyRequest, reply: FastifyReply): void {
  const status = reportedStatus(reply);
  const { traceparent: parent } = request.headers;
  log[isRoutine(routeOf(request), status) ? 'debug' : 'info'](
    {
      request_id: request.id,
      trace_id: typeof parent === 'string' ? traceparent.exec(parent)?.[1] : undefined,
      key: request.keyNumber,
      method: request.method,
      path: pathOf(request),
      status,
      ms: Math.round(reply.elapsedTime * 1000) / 1000,
      bytes: reply.raw instanceof HttpResponse ? reply.raw.bodyBytes : 0,
    },
    'request',
  );
}

/** Logs what happens to the back-ends: which are ready, fail, retry or come back, and what they measured. */
export const backendLog = fp(
  (app, _options, done) => {
    const { events } = app.engine;
    // Under `auto` TensorFlow need not be installed.
    const isOptional = app.config.compute.backend === 'auto';

    events.on('ready', ({ name, device, dtype, details }, again) => {
      app.log.info({ backend: name, device, dtype, ...details }, again ? 'back-end is ready again' : 'back-end is ready');
    });
    events.on('failed', (name, { kind, error, pauseMs, again }) => {
      const facts = { backend: name, reason: kind, retry_in_ms: pauseMs };
      if (again) app.log.debug({ ...facts, err: error }, 'back-end failed again');
      else if (kind === 'unavailable' && isOptional)
        app.log.info({ ...facts, detail: error instanceof Error ? error.message : String(error) }, 'back-end is not available');
      else app.log.warn({ ...facts, err: error }, 'back-end failed');
    });
    events.on('fallback', (to, { from, reason }) => {
      app.log.debug({ backend: to, instead_of: from, reason }, 'job fell back');
    });
    events.on('measured', ({ name, device }, crossOvers) => {
      app.log.info({ backend: name, device, cross_overs: crossOvers }, 'back-end is measured');
    });
    done();
  },
  { name: 'backend-log' },
);
