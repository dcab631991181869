import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

import type { GuardConfig } from '../guard-config.ts';
import { InferenceError } from '../schemas/inference.ts';
import { problemResponses } from '../schemas/problem.ts';
import { isOpenRoute, isProbeRoute } from './open-paths.ts';

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transform']>;

/** What the OpenAPI document says of the key, when one is needed. */
export function describeKey({ keyDigests }: GuardConfig) {
  if (keyDigests.length === 0) return {};
  return {
    components: { securitySchemes: { key: { type: 'http' as const, scheme: 'bearer', description: 'One of the keys that this server was given.' } } },
    security: [{ key: [] }],
  };
}

/** Adds to what is documented of a route whether it needs no key, and how the guards that are up refuse. */
export function describeGuards({ keyDigests, rateLimit }: GuardConfig): Transform {
  const hasKeys = keyDigests.length > 0;
  return ({ schema, url }) => {
    const isOpen = isOpenRoute(url);
    const refusals = {
      ...(hasKeys && !isOpen && refusal(url, 'unauthorized')),
      ...(rateLimit !== undefined && !isProbeRoute(url) && refusal(url, 'rate_limited')),
    };
    const response = Object.keys(refusals).length > 0 && { response: { ...(schema.response as object | undefined), ...refusals } };
    return { schema: { ...schema, ...response, ...(hasKeys && isOpen && { security: [] }) }, url };
  };
}

function refusal(url: string, code: 'unauthorized' | 'rate_limited'): Record<number, object> {
  const responses = problemResponses(code);
  if (!url.startsWith('/v2')) return responses;
  return Object.fromEntries(Object.keys(responses).map((status) => [status, { ...InferenceError, description: 'What was wrong.' }]));
}
