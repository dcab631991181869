import { timingSafeEqual } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { Problem } from '../errors/problems.ts';
import { digestOf } from '../config/security-config.ts';
import { isOpenRoute, routeOf } from './public-routes.ts';

// @fastify/bearer-auth keeps the keys themselves, stops comparing at the first that fits, and answers apart from the error handler.

declare module 'fastify' {
  interface FastifyRequest {
    /** Which of the keys the client has, counted from 1 in the order of `API_KEYS`; 0 for none. Undefined where no key is needed. */
    keyNumber?: number;
  }
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

/** A hook that finds out whose key a request has. */
export function identifyApiKey(digests: readonly Buffer[]): Hook {
  return (request, _reply, done) => {
    const key = bearerOf(request);
    request.keyNumber = key === undefined ? 0 : indexOfKey(digestOf(key), digests);
    done();
  };
}

/** A hook that turns away requests whose key was not recognised, except where none is needed. */
export const requireKey: Hook = (request, _reply, done) => {
  if (request.keyNumber !== 0 || isOpenRoute(routeOf(request))) done();
  else
    done(
      new Problem('unauthorized', `${faultOf(request)} Send "Authorization: Bearer", a space and a key.`, {
        headers: { 'www-authenticate': 'Bearer' },
      }),
    );
};

/** Where a digest stands among others, counted from 1, or 0. All are compared, whichever it is. */
function indexOfKey(digest: Buffer, digests: readonly Buffer[]): number {
  let place = 0;
  for (let i = 0; i < digests.length; i++) {
    if (timingSafeEqual(digest, digests[i]!)) place = i + 1;
  }
  return place;
}

function bearerOf({ headers }: FastifyRequest): string | undefined {
  return headers.authorization === undefined ? undefined : /^bearer +(\S+)$/i.exec(headers.authorization)?.[1];
}

/** In which way there is no key; what was sent is not repeated, since it may be one with a typing error. */
function faultOf(request: FastifyRequest): string {
  if (request.headers.authorization === undefined) return 'The request has no API key.';
  return bearerOf(request) === undefined
    ? 'The Authorization header is not of the form that a key has.'
    : 'The API key is not one that this server knows.';
}
