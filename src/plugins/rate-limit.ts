import fastifyRateLimit, { normalizeIP, type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { Problem } from '../errors/problems.ts';
import { addressIn } from './client-address.ts';
import { maxClients } from '../config/security-config.ts';
import type { Peers } from '../processes/peers.ts';
import { isProbeRoute, routeOf } from './public-routes.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Counts a request that Fastify refuses before any hook, where requests are limited.
     *
     * @throws {Problem} `rate_limited` when it is one too many.
     */
    countUnrouted?: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  }
}

export interface RateLimitOptions {
  /** Requests within a window. */
  readonly max: number;
  readonly windowMs: number;
}

/** Limits how many requests a client may send, known paths or not; probes do not count. */
export const rateLimit = fp<RateLimitOptions>(
  async (app, { max, windowMs }) => {
    await app.register(fastifyRateLimit, {
      global: false,
      max,
      timeWindow: windowMs,
      cache: maxClients,
      ...(app.peers && { store: storeOf(app.peers) }),
      enableDraftSpec: true,
      keyGenerator: clientOf,
      allowList: (request) => isProbeRoute(routeOf(request)),
      errorResponseBuilder: (_request, { ttl }) =>
        new Problem(
          'rate_limited',
          `More than ${max} requests within ${windowMs / 1000} s; the next is taken in ${Math.ceil(ttl / 1000)} s.`,
        ),
    });
    const count = app.rateLimit();
    // As a hook of all requests, since those without a route are refused before any hook of a route would run.
    app.addHook('onRequest', count);
    app.decorate('countUnrouted', async (request: FastifyRequest, reply: FastifyReply) => {
      await count.call(app, request, reply);
    });
  },
  { name: 'rate-limit' },
);

/** Windows that all processes count in. */
function storeOf(peers: Peers): FastifyRateLimitStoreCtor {
  return class SharedWindows implements FastifyRateLimitStore {
    incr(client: string, callback: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      peers.count(client).then((count) => {
        callback(null, count);
      }, callback);
    }

    child(): this {
      return this;
    }
  };
}

/**
 * Whom a request is counted for: its key, or its address, of IPv6 the subnet of 64 bits that one client commonly has. What a proxy forwards and is
 * no address counts for the proxy.
 */
function clientOf(request: FastifyRequest): string {
  return request.keyNumber ? `key ${request.keyNumber}` : normalizeIP(addressIn(request.ip) ?? request.socket.remoteAddress ?? '');
}
