import type { FastifyRequest } from 'fastify';

const probes = new Set(['/livez', '/readyz', '/v2/health/live', '/v2/health/ready']);

/** What a client without a key may read besides: what the service is, and where the `type` of a refusal leads. */
const documents = new Set(['/', '/page/*', '/docs', '/openapi.json', '/problems', '/problems/:code']);

/** Whether a route is for probes: always answered, however many there are. */
export function isProbeRoute(url: string): boolean {
  return probes.has(url);
}

/** Whether a route needs no key. */
export function isOpenRoute(url: string): boolean {
  return isProbeRoute(url) || documents.has(url) || url.startsWith('/docs/');
}

/** The URL of a request's route, which decides, and not the path as it was written; empty where no route has it. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}
