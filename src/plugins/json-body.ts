import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { locateJsonError } from '../codecs/json-error.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When the body was complete, on the clock of `performance.now()`. */
    bodyReceivedAt: number;
  }
}

/** Parses JSON bodies, and says where one stops being JSON. Other media types are refused. */
export const jsonBody = fp((app, _options, done) => {
  const parse = app.getDefaultJsonParser('error', 'error') as (
    request: FastifyRequest,
    text: string,
    done: (error: Error | null, body?: unknown) => void,
  ) => void;

  app.decorateRequest('bodyReceivedAt', 0);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) => {
    request.bodyReceivedAt = performance.now();
    parse(request, text, (error, body) => {
      if (error === null) done(null, body);
      else done(jsonProblem(text));
    });
  });

  // A request without a body and without a media type reaches no parser.
  app.addHook('preValidation', (request: FastifyRequest, _reply: FastifyReply, done) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) done(emptyBody());
    else done();
  });
  done();
}, { name: 'json-body' });

function jsonProblem(text: string): Problem {
  if (text.trim() === '') return emptyBody();
  try {
    JSON.parse(text);
  } catch {
    const { position, line, column, found } = locateJsonError(text);
    const hint = /^"[-+]?(?:NaN|Infinity|None|True|False)"$/.test(found) ? '; that is Python or JavaScript, not JSON' : '';
    return new Problem('invalid_json', `Unexpected ${found} at position ${position} (line ${line}, column ${column})${hint}.`);
  }
  return new Problem('forbidden_key', 'The body has a key "__proto__" or "constructor", which no request needs.');
}

function emptyBody(): Problem {
  return new Problem('empty_body', 'The route takes a JSON object as body, and none came.');
}
