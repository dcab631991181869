import fp from 'fastify-plugin';

import { identifyApiKey, requireKey } from './api-keys.ts';
import { crossOrigin } from './cross-origin.ts';
import { rateLimit } from './rate-limit.ts';

/** Puts up the guards that are configured; where none is, nothing stands in a request's way. */
export const guard = fp(
  async (app) => {
    const { corsOrigins, keyDigests, rateLimit: limit } = app.config.guard;
    // First, so that a page can read a refusal too, and since a preflight has no key.
    if (corsOrigins !== undefined) await app.register(crossOrigin, { origins: corsOrigins });
    if (keyDigests.length > 0) {
      app.decorateRequest('keyNumber', 0);
      app.addHook('onRequest', identifyApiKey(keyDigests));
    }
    // Between the two, so that guessing keys is limited as well.
    if (limit !== undefined) await app.register(rateLimit, limit);
    if (keyDigests.length > 0) app.addHook('onRequest', requireKey);
  },
  { name: 'guard' },
);
