import { timingSafeEqual } from 'node:crypto';

import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import fp from 'fastify-plugin';

import { digestOf } from '../config/security.ts';
import { Problem } from '../errors/problems.ts';
import { isPublicRoute, routeOf } from './public-routes.ts';
import { rateLimit } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The number of the client's key, from 1 in the order of `API_KEYS`; 0 for none. Undefined where no key is needed. */
    keyNumber?: number;
  }
}

/** Registers the configured security hooks; none by default. */
export const security = fp(
  async (app) => {
    const { corsOrigins, keyDigests, rateLimit: limit } = app.config.security;
    // First, so that a page can read a refusal too, and since a preflight has no key.
    if (corsOrigins !== undefined) await app.register(cors, corsOptions(corsOrigins));
    if (keyDigests.length > 0) {
      app.decorateRequest('keyNumber', 0);
      app.addHook('onRequest', identifyApiKey(keyDigests));
    }
    // Between the two, so that guessing keys is limited as well.
    if (limit !== undefined) await app.register(rateLimit, limit);
    if (keyDigests.length > 0) app.addHook('onRequest', requireApiKey);
  },
  { name: 'security' },
);

/** Lets pages of these origins call the service, and read the headers that clients need. */
function corsOptions(origin: '*' | string[]): FastifyCorsOptions {
  const options: FastifyCorsOptions = {
    origin,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [
      'server-timing',
      'x-request-id',
      'inference-header-content-length',
      'retry-after',
      'ratelimit-limit',
      'ratelimit-remaining',
      'ratelimit-reset',
    ],
    // Longer than browsers keep it.
    maxAge: 86_400,
  };
  return {
    // An OPTIONS that is no preflight is answered by the routes: with the methods of its path.
    delegator: (request: FastifyRequest, done) => {
      done(null, { ...options, preflight: isPreflight(request) });
    },
  };
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

// Not @fastify/bearer-auth: it stores plain keys, returns at the first match (a timing leak) and bypasses the error handler.

/** A hook that sets `keyNumber`. @param digests of the keys. */
export function identifyApiKey(digests: readonly Buffer[]): onRequestHookHandler {
  return (request, _reply, done) => {
    const key = bearerOf(request);
    request.keyNumber = key === undefined ? 0 : numberOf(digestOf(key), digests);
    done();
  };
}

/** A hook that refuses requests without a known key, except on public routes. */
export const requireApiKey: onRequestHookHandler = (request, _reply, done) => {
  if (request.keyNumber !== 0 || isPublicRoute(routeOf(request))) done();
  else
    done(
      new Problem('unauthorized', `${faultOf(request)} Send "Authorization: Bearer", a space and a key.`, {
        headers: { 'www-authenticate': 'Bearer' },
      }),
    );
};

/** The position of a digest, from 1, or 0. Compares all, so that the time tells nothing. */
function numberOf(digest: Buffer, digests: readonly Buffer[]): number {
  let number = 0;
  for (const [i, known] of digests.entries()) if (timingSafeEqual(digest, known)) number = i + 1;
  return number;
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return headers.authorization === undefined ? undefined : /^bearer +(\S+)$/i.exec(headers.authorization)?.[1];
}

/** Why there is no known key; does not repeat what was sent, which may be a key with a typing error. */
function faultOf(request: FastifyRequest): string {
  if (request.headers.authorization === undefined) return 'The request has no API key.';
  return bearerOf(request) === undefined
    ? 'The Authorization header is not of the form that a key has.'
    : 'The API key is not one that this server knows.';
}
