import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that the request is a part of, when its client says so in a valid `traceparent`. */
    traceContext: TraceContext | null;
  }
}

/** A `traceparent` header (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The client's span, 16 hexadecimal digits. */
  readonly parentId: string;
  readonly sampled: boolean;
}

/** Reads which trace a request belongs to. */
export const traceContext = fp(
  (app, _options, done) => {
    app.decorateRequest('traceContext', null);
    app.addHook('onRequest', (request, _reply, next) => {
      const { traceparent } = request.headers;
      if (typeof traceparent === 'string') request.traceContext = parseTraceparent(traceparent);
      next();
    });
    done();
  },
  { name: 'trace-context' },
);

/** What a `traceparent` says; null when it is not valid. Versions that come after 00 may go on behind what is known. */
export function parseTraceparent(header: string): TraceContext | null {
  const match = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(header);
  if (match === null) return null;
  const [, version, traceId, parentId, flags, more] = match as unknown as [string, string, string, string, string, string | undefined];
  if (version === '00' && more !== undefined) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
