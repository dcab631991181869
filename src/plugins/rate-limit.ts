import fastifyRateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { Redis } from 'ioredis';

import type { RateLimitConfig } from '../config/security.ts';
import { Problem } from '../errors/problems.ts';
import { addressIn } from './client-address.ts';
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

/** Clients that are remembered without Redis; those that have not come for longest are forgotten. */
const maxClients = 10_000;
/** A request waits this long for Redis; then it passes, and so do others until there is a new connection. */
const maxRedisMs = 500;

/** Limits the requests of each client, on known paths or not; probes do not count. */
export const rateLimit = fp<RateLimitConfig>(
  async (app, { max, windowMs, redisUrl }) => {
    await app.register(fastifyRateLimit, {
      global: false,
      max,
      timeWindow: windowMs,
      cache: maxClients,
      ...(redisUrl !== undefined && { redis: await connectRedis(app, redisUrl), nameSpace: 'surrogate-rate-limit:', skipOnError: true }),
      enableDraftSpec: true,
      keyGenerator: clientOf,
      allowList: (request) => isProbeRoute(routeOf(request)),
      errorResponseBuilder: (_request, { ttl }) =>
        new Problem(
          'rate_limited',
          `More than ${max} requests within ${windowMs / 1000} s; the next is accepted in ${Math.ceil(ttl / 1000)} s.`,
        ),
    });
    const count = app.rateLimit();
    // A hook of all requests, since those without a route are refused before any hook of a route would run.
    app.addHook('onRequest', count);
    app.decorate('countUnrouted', async (request: FastifyRequest, reply: FastifyReply) => {
      await count.call(app, request, reply);
    });
  },
  { name: 'rate-limit' },
);

/** Connects to Redis until the app closes. While Redis does not answer, commands fail and the log says so once. */
async function connectRedis(app: FastifyInstance, url: string): Promise<Redis> {
  const { Redis: RedisClient } = await import('ioredis');
  const redis = new RedisClient(url, {
    lazyConnect: true,
    connectTimeout: maxRedisMs,
    socketTimeout: maxRedisMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
  let isDown = false;
  redis.on('error', ({ message, code }: NodeJS.ErrnoException) => {
    // Not the error itself: it holds its command, and so the password where that is wrong.
    if (!isDown) app.log.warn({ reason: message || code }, 'Redis does not answer: requests are not limited');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) app.log.info('Redis answers again: requests are limited');
    isDown = false;
  });
  app.addHook('onClose', () => redis.disconnect());
  // A failure is an `error` event too; later attempts go on in the background.
  await redis.connect().catch(() => undefined);
  return redis;
}

/**
 * The client that a request is counted for: its key, or its address, of IPv6 the subnet of 64 bits that one client commonly has. A forwarded text that
 * is no address counts for the proxy.
 */
function clientOf(request: FastifyRequest): string {
  return request.keyNumber ? `key ${request.keyNumber}` : normalizeIP(addressIn(request.ip) ?? request.socket.remoteAddress ?? '');
}
