import fp from 'fastify-plugin';

import { pathOf, reportedStatus } from './request-close-notifier.ts';
import { HttpResponse } from './http-connection.ts';

/** Logs one line per request: what was asked, how it ended, how long it took. Never a body, and no query, which may hold secrets; of a key, its number. */
export const requestLog = fp(
  (app, _options, done) => {
    app.exchangeEnd.listen((request, reply) => {
      app.log.info(
        {
          request_id: request.id,
          trace_id: request.traceContext?.traceId,
          key: request.keyNumber,
          method: request.method,
          path: pathOf(request),
          status: reportedStatus(reply),
          ms: Math.round(reply.elapsedTime * 1000) / 1000,
          bytes: reply.raw instanceof HttpResponse ? reply.raw.bodyBytes : 0,
        },
        'request',
      );
    });
    done();
  },
  { name: 'request-log', dependencies: ['exchange-end'] },
);
