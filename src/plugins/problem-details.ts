import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { mediaTypes } from '../requests/request-body.ts';
import { OutOfMemoryError, OverloadError, WorkerLostError } from '../compute/engine/errors.ts';
import { MemoryLimitError } from '../compute/engine/memory-budget.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem, problemMediaType, type ProblemCode } from '../errors/problems.ts';
import { pathOf } from './request-path.ts';
import { ClientGoneError } from './request-scope.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** What is answered, where that is a problem. */
    problem: ProblemCode | undefined;
  }
}

/** Answers every failure as problem details (RFC 9457), and what has no route as 404 or 405. */
export const problemDetails = fp(
  (app, _options, done) => {
    const routes = collectRoutes(app);
    app.decorateReply('problem', undefined);

    app.setErrorHandler((error: FastifyError | Problem, request, reply) => sendProblem(toProblem(error), request, reply, error));

    // Before the body is looked at: whatever it is, there is nobody to read it.
    app.addHook('onRequest', (request, reply, next) => {
      // No route is for OPTIONS, except the one that @fastify/cors makes for all paths.
      if (!request.is404 && request.method !== 'OPTIONS') {
        next();
        return;
      }
      const path = pathOf(request);
      const methods = routes.methodsOf(path);
      if (methods === undefined) {
        next(new Problem('not_found', `There is no ${quote(path)}; ${didYouMean(path, routes.near(path))}`));
      } else if (request.method === 'OPTIONS') {
        void reply.code(204).header('allow', methods).send();
      } else {
        next(
          new Problem('method_not_allowed', `${request.method} is not allowed on ${path}; use ${methods}.`, {
            headers: { allow: methods },
          }),
        );
      }
    });
    app.setNotFoundHandler((request) => {
      throw new Problem('not_found', `There is no ${quote(pathOf(request))}.`);
    });
    done();
  },
  { name: 'problem-details' },
);

/** Answers a request with a problem; faults of ours are logged with the id that the client gets. */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply, cause: Error): FastifyReply {
  if (cause instanceof ClientGoneError || (request.raw.socket.destroyed && isPrematureClose(cause))) return reply.hijack();
  if (problem.status >= 500 && problem.code === 'internal_error') {
    request.server.log.error({ request_id: request.id, err: cause }, 'request failed');
  }
  reply.problem = problem.code;
  const path = pathOf(request);
  void reply.code(problem.status).headers(problem.headers ?? {});
  const isInference = speaksInference(path);
  void reply.type(isInference ? mediaTypes.json : problemMediaType);
  const send = () => {
    // Fastify closes the connection after any failed body; one that was read to its end leaves it as it was.
    if (request.raw.complete && reply.hasHeader('connection')) reply.removeHeader('connection');
    // As bytes, since Fastify adds a charset to the type of a text, and the protocol's clients compare the type.
    void reply.send(Buffer.from(JSON.stringify(isInference ? { error: problem.toText() } : problem.toDocument(path, request.id))));
  };
  if (request.raw.complete) {
    send();
  } else {
    // A small body that came with its headers is complete by then, and its connection can be kept.
    request.raw.resume();
    setImmediate(send);
  }
  return reply;
}

/** Whether an answer could not be sent to its end, as when its client leaves. */
function isPrematureClose(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Whether a path belongs to the Open Inference Protocol, which has a form of its own for errors. */
function speaksInference(path: string): boolean {
  return path === '/v2' || path.startsWith('/v2/');
}

/** The problem that a framework's error stands for; whatever is not known to be the client's doing is ours. */
export function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof OutOfMemoryError) {
    return new Problem('out_of_memory', 'There is not enough memory for this job beside those that run.', {
      cause: error,
      headers: { 'retry-after': '1' },
    });
  }
  if (error instanceof MemoryLimitError) {
    return new Problem('too_much_work', `The request ${error.message}. Split it into several, or ask for less.`, { cause: error });
  }
  if (error instanceof OverloadError) {
    return new Problem(error.of === 'memory' ? 'out_of_memory' : 'overloaded', `The service is busy: ${error.message}.`, {
      cause: error,
      headers: { 'retry-after': String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))) },
    });
  }
  if (error instanceof WorkerLostError) {
    return new Problem('worker_lost', 'The threads that computed the job ended, twice; other jobs are not affected.', {
      cause: error,
      headers: { 'retry-after': '1' },
    });
  }
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(
        'unsupported_media_type',
        'The body must be sent with "Content-Type: application/json", "application/octet-stream" or "application/x-npy".',
      );
    case 'FST_STATIC_FORBIDDEN_PATH':
      return new Problem('not_found', 'There is no such file.');
    case 'FST_ERR_BAD_URL':
      return new Problem('malformed_http', 'The path of the URL is not validly percent-encoded.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Problem('uri_too_long', 'A part of the path is longer than any name there is.');
    default:
      return new Problem('internal_error', 'Something failed in the service. request_id finds it in the log; please report it.', {
        cause: error,
      });
  }
}

interface RouteTable {
  /** The methods of the route that has this path, as `Allow` lists them. */
  methodsOf(path: string): string | undefined;
  /** Paths that a client may have meant by one that there is not. */
  near(path: string): string[];
}

/** Remembers routes as they are registered, since Fastify's router only answers for a path and a method together. */
function collectRoutes(app: FastifyInstance): RouteTable {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return {
    methodsOf(path) {
      const parts = path.split('/');
      for (const [pattern, known] of methods) {
        if (matches(pattern, path, parts)) return [...known, 'OPTIONS'].join(', ');
      }
      return undefined;
    },
    near(path) {
      const given = path.split('/');
      const all = [...methods.keys()].filter((pattern) => !pattern.includes('*')).map((pattern) => pattern.split('/'));
      const right = (parts: readonly string[]) => parts.filter((part, i) => part === given[i]).length;
      const most = Math.max(...all.map(right));
      const alike = all.filter((parts) => right(parts) === most);
      // Where some are as deep, one of them is meant, and not what they are about.
      const asDeep = given.includes('', 1) ? [] : alike.filter((parts) => parts.length === given.length);
      return (asDeep.length > 0 ? asDeep : alike).map((parts) =>
        parts.map((part, i) => (part.startsWith(':') ? (given[i] ?? part) : part)).join('/'),
      );
    },
  };
}

function matches(pattern: string, path: string, given: readonly string[]): boolean {
  if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1));
  const parts = pattern.split('/');
  return parts.length === given.length && parts.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]));
}
