import type { FastifyRequest } from 'fastify';

/** The path that was asked for, without its query, which may hold secrets. */
export function pathOf({ url }: FastifyRequest): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
