import cors from '@fastify/cors';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

export interface CrossOriginOptions {
  readonly origins: '*' | string[];
}

/** Lets pages of other origins call the service, and read what clients need. */
export const crossOrigin = fp<CrossOriginOptions>(
  async (app, { origins }) => {
    const options = {
      origin: origins,
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
    const optionsOtherwise = { ...options, preflight: false };
    await app.register(cors, {
      // An OPTIONS that no browser sends is answered as without this plugin, by which methods a path has.
      delegator: (request: FastifyRequest, ready) => {
        ready(null, isPreflight(request) ? options : optionsOtherwise);
      },
    });
  },
  { name: 'cross-origin' },
);

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
