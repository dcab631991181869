import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import type { SecurityConfig } from '../config/security.ts';
import { inferenceErrors } from '../schemas/inference.ts';
import { problemResponses } from '../schemas/problem.ts';
import { identifyApiKey, requireApiKey } from './api-keys.ts';
import { isProbeRoute, isPublicRoute } from './public-routes.ts';
import { rateLimit } from './rate-limit.ts';

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

/** The OpenAPI document's security scheme; empty when no key is needed. */
export function securitySchemes({ keyDigests }: SecurityConfig) {
  if (keyDigests.length === 0) return {};
  return {
    components: {
      securitySchemes: { key: { type: 'http' as const, scheme: 'bearer', description: 'One of the keys that this server was given.' } },
    },
    security: [{ key: [] }],
  };
}

/** Refusals by the connection, whatever the route. */
const connectionProblems = problemResponses('request_timeout', 'headers_too_large');

/** Adds to a route's documentation whether it needs a key, and the refusals by the connection and the security hooks. */
export function documentSecurity({ keyDigests, rateLimit: limit }: SecurityConfig): NonNullable<FastifyDynamicSwaggerOptions['transform']> {
  const hasKeys = keyDigests.length > 0;
  return ({ schema, url }) => {
    const isPublic = !hasKeys || isPublicRoute(url);
    const refusals = url.startsWith('/v2') ? inferenceErrors : problemResponses;
    const response = {
      ...(schema.response as object),
      ...connectionProblems,
      ...(!isPublic && refusals('unauthorized')),
      ...(limit !== undefined && !isProbeRoute(url) && refusals('rate_limited')),
    };
    return { schema: { ...schema, response, ...(isPublic && { security: [] }) }, url };
  };
}
