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
    if (accept === undefined || accept === '*/*' || offered.some((type) => accepts(accept, type))) done();
    else done(new Problem('not_acceptable', `The route answers in ${offered.join(' or ')}, which "Accept: ${accept.slice(0, 200)}" excludes.`));
  };
}

/** Whether an `Accept` header allows a media type: the most specific range that covers it decides. */
export function accepts(header: string, type: string): boolean {
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
  return quality > 0;
}
