import type { FastifyRequest } from 'fastify';

const probes = new Set(['/livez', '/readyz', '/v2/health/live', '/v2/health/ready']);

/** Documents: what the service is, and where the `type` of a refusal leads. */
const documents = new Set(['/', '/page/*', '/docs', '/openapi.json', '/problems', '/problems/:code']);

/** Whether a route is a probe, which is never limited. */
export function isProbeRoute(url: string): boolean {
  return probes.has(url);
}

/** Whether a route is a probe or the scrape: asked every few seconds, with nothing of interest in most answers. */
export function isMonitoringRoute(url: string): boolean {
  return isProbeRoute(url) || url === '/metrics';
}

/** Whether a route needs no key. */
export function isPublicRoute(url: string): boolean {
  return isProbeRoute(url) || documents.has(url) || url.startsWith('/docs/');
}

/** The URL of a request's route, whatever the spelling of its path; empty where no route matches. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}
