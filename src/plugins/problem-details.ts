import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { mediaTypes } from '../codecs/media-types.ts';
import { OutOfMemoryError, OverloadError, WorkerLostError } from '../compute/engine/errors.ts';
import { MemoryLimitError } from '../compute/engine/memory-budget.ts';
import { quote } from '../errors/describe.ts';
import { closest, question } from '../errors/did-you-mean.ts';
import { Problem, problemMediaType, type ProblemCode } from '../errors/problems.ts';
import { ClientGoneError, pathOf } from './request-lifetime.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** The problem that is answered, if any. */
    problem: ProblemCode | undefined;
  }
}

/** Answers every failure as problem details (RFC 9457), and a request without a route with 404 or 405. */
export const problemDetails = fp(
  (app, _options, done) => {
    const routes = collectRoutes(app);
    app.decorateReply('problem', undefined);

    app.setErrorHandler((error: FastifyError | Problem, request, reply) => sendProblem(toProblem(error), request, reply, error));

    // Before the body is parsed: no route will read it.
    app.addHook('onRequest', (request, reply, next) => {
      // No route is for OPTIONS, except the one that @fastify/cors makes for all paths.
      if (!request.is404 && request.method !== 'OPTIONS') {
        next();
        return;
      }
      const path = pathOf(request);
      const methods = routes.methodsOf(path);
      if (methods === undefined) {
        next(new Problem('not_found', `There is no ${quote(path)}; ${question(closest(path, routes.near(path)))!}`));
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

/** Answers a request with a problem; the service's own faults are logged with the id that the client gets. */
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

/** Whether an answer was cut off, as when its client leaves. */
function isPrematureClose(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Whether a path belongs to the Open Inference Protocol, whose errors have another form. */
function speaksInference(path: string): boolean {
  return path === '/v2' || path.startsWith('/v2/');
}

/** The problem for an error; one that is not known to be the client's is an `internal_error`. */
export function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  const retryAfter = (seconds: number) => ({ cause: error, headers: { 'retry-after': String(seconds) } });
  if (error instanceof OutOfMemoryError)
    return new Problem('out_of_memory', 'There is not enough memory for this job while others run.', retryAfter(1));
  if (error instanceof MemoryLimitError)
    return new Problem('too_much_work', `The request ${error.message}. Split it into several, or ask for less.`, { cause: error });
  if (error instanceof OverloadError) {
    const code = error.of === 'memory' ? 'out_of_memory' : 'overloaded';
    return new Problem(code, `The service is busy: ${error.message}.`, retryAfter(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  }
  if (error instanceof WorkerLostError)
    return new Problem(
      'worker_lost',
      'The threads that computed the job ended unexpectedly, twice; other jobs are not affected.',
      retryAfter(1),
    );
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
      return new Problem('uri_too_long', 'A segment of the path is longer than the name of any resource.');
    default:
      return new Problem('internal_error', 'Something failed in the service. request_id finds it in the log; please report it.', {
        cause: error,
      });
  }
}

interface RouteTable {
  /** The methods of the route that has this path, as `Allow` lists them. */
  methodsOf(path: string): string | undefined;
  /** Known paths that a client may have meant. */
  near(path: string): string[];
}

/** Remembers routes as they are registered, since Fastify's router only answers for a path and a method together. */
function collectRoutes(app: FastifyInstance): RouteTable {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });
  return {
    methodsOf(path) {
      const route = [...routes.values()].find(({ pattern }) => pattern.test(path));
      return route && [...route.methods, 'OPTIONS'].join(', ');
    },
    near(path) {
      const given = path.split('/');
      const all = [...routes.keys()].filter((url) => !url.includes('*')).map((url) => url.split('/'));
      const equalParts = (parts: readonly string[]) => parts.filter((part, i) => part === given[i]).length;
      const most = Math.max(...all.map(equalParts));
      const alike = all.filter((parts) => equalParts(parts) === most);
      // Paths of the same depth come first: for `/surrogates/x` those of single surrogates.
      const asDeep = given.includes('', 1) ? [] : alike.filter((parts) => parts.length === given.length);
      return (asDeep.length > 0 ? asDeep : alike).map((parts) =>
        parts.map((part, i) => (part.startsWith(':') ? (given[i] ?? part) : part)).join('/'),
      );
    },
  };
}

/** Matches the paths of a route: `:name` stands for one part, `*` for all that follow. */
function patternOf(url: string): RegExp {
  const names = /:[^/\\]+/g;
  return new RegExp(`^${url.replaceAll('.', '\\.').replace(names, '[^/]+').replace(/\*$/, '.*')}$`);
}
