import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

import type { GuardConfig } from '../config/security-config.ts';
import { inferenceErrors } from '../schemas/inference.ts';
import { problemResponses } from '../schemas/problem.ts';
import { isOpenRoute, isProbeRoute } from './public-routes.ts';

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** What the connection refuses, whatever the route. */
const connectionProblems = problemResponses('request_timeout', 'headers_too_large');

/** What the OpenAPI document says of the key, when one is needed. */
export function describeKey({ keyDigests }: GuardConfig) {
  if (keyDigests.length === 0) return {};
  return {
    components: {
      securitySchemes: { key: { type: 'http' as const, scheme: 'bearer', description: 'One of the keys that this server was given.' } },
    },
    security: [{ key: [] }],
  };
}

/** Adds to what is documented of a route whether it needs no key, and how the connection and the guards that are up refuse. */
export function describeGuards({ keyDigests, rateLimit }: GuardConfig): Transform {
  const hasKeys = keyDigests.length > 0;
  return ({ schema, url }) => {
    const isOpen = !hasKeys || isOpenRoute(url);
    const refusals = url.startsWith('/v2') ? inferenceErrors : problemResponses;
    const response = {
      ...(schema.response as object),
      ...connectionProblems,
      ...(!isOpen && refusals('unauthorized')),
      ...(rateLimit !== undefined && !isProbeRoute(url) && refusals('rate_limited')),
    };
    return { schema: { ...schema, response, ...(isOpen && { security: [] }) }, url };
  };
}
