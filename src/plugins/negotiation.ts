import type { FastifyReply, FastifyRequest } from 'fastify';

import { Problem } from '../errors/problems.ts';

/**
 * A hook that refuses requests whose `Accept` excludes all the media types that a route can answer in (RFC 9110, 12.5.1).
 *
 * @example
 * app.addHook('onRequest', requireAcceptable(['application/json']));
 */
export function requireAcceptable(offered: readonly string[]) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    const { accept } = request.headers;
    if (accept === undefined || bestAccepted(accept, offered) !== undefined) done();
    else
      done(
        new Problem('not_acceptable', `The route answers in ${offered.join(' or ')}, which "Accept: ${accept.slice(0, 200)}" excludes.`),
      );
  };
}

/** A longer `Accept` is ignored: clients list a handful of types, and each costs time. */
const maxAcceptLength = 1000;

/** The media type that an `Accept` header likes best, the earliest among equals; undefined when it excludes all. */
export function bestAccepted<Type extends string>(header: string | undefined, offered: readonly Type[]): Type | undefined {
  if (header === undefined || header === '*/*' || header.length > maxAcceptLength) return offered[0];
  let best: Type | undefined;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(header, type);
    if (quality > bestQuality) {
      best = type;
      bestQuality = quality;
    }
  }
  return best;
}

/** What an `Accept` header weighs a media type with: the most specific range that covers it decides. */
function qualityOf(header: string, type: string): number {
  const [main] = type.split('/') as [string];
  let quality = 0;
  let specificity = -1;
  for (const range of header.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim()) as [string, ...string[]];
    const specific = name === type ? 2 : name === `${main}/*` ? 1 : name === '*/*' ? 0 : -1;
    if (specific <= specificity) continue;
    specificity = specific;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    quality = weight === undefined ? 1 : Number(weight.slice(2));
  }
  return quality;
}
