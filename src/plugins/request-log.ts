import fp from 'fastify-plugin';

import { reportedStatus } from './exchange-end.ts';

/** Logs one line per request: what was asked, how it ended, how long it took. Never a body, and no query, which may hold secrets; of a key, its number. */
export const requestLog = fp((app, _options, done) => {
  app.exchangeEnd.listen((request, reply) => {
    const query = request.url.indexOf('?');
    app.log.info(
      {
        request_id: request.id,
        trace_id: request.traceContext?.traceId,
        key: request.keyNumber,
        method: request.method,
        path: query < 0 ? request.url : request.url.slice(0, query),
        status: reportedStatus(reply),
        ms: Math.round(reply.elapsedTime * 1000) / 1000,
        bytes: Number(reply.getHeader('content-length') ?? 0),
      },
      'request',
    );
  });
  done();
}, { name: 'request-log', dependencies: ['exchange-end'] });
