import type { FastifyReply, FastifyRequest } from 'fastify';

import { Problem } from '../errors/problems.ts';

// Not @fastify/accept-negotiator: it knows neither media ranges (`text/*`), nor that `q=0` excludes what a wildcard includes.

/** Content codings of answers. */
export type ContentCoding = 'gzip' | 'br';

/** Longer headers are ignored: clients list a handful of types and codings, and each takes time. */
const maxAcceptLength = 1000;
const maxAcceptEncodingLength = 500;

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

/** The media type that an `Accept` header weighs highest, the earliest among equals; undefined when it excludes all. */
export function bestAccepted<Type extends string>(header: string | undefined, offered: readonly Type[]): Type | undefined {
  if (header === undefined || header === '*/*' || header.length > maxAcceptLength) return offered[0];
  const members = membersOf(header);
  const weightOf = (range: string) => members.find(({ name }) => name === range)?.weight;
  let best: Type | undefined;
  let bestWeight = 0;
  for (const type of offered) {
    // The most specific range that covers the type decides.
    const weight = Number(weightOf(type) ?? weightOf(`${type.slice(0, type.indexOf('/'))}/*`) ?? weightOf('*/*') ?? 0);
    if (weight > bestWeight) {
      best = type;
      bestWeight = weight;
    }
  }
  return best;
}

/**
 * The coding of an answer that an `Accept-Encoding` leads to (RFC 9110, 12.5.3); null when it excludes all there are.
 *
 * @param when `allowed` takes the best coding that the header names, and gzip before br, which takes longer. `asked` takes it only from a
 * header that names one coding alone, or weighs identity lower: a list of codings is what every browser and library sends by itself.
 * @example
 * chooseEncoding('gzip, deflate, br', 'allowed'); // 'gzip'
 * chooseEncoding('gzip, deflate, br', 'asked'); // 'identity'
 * chooseEncoding('br', 'asked'); // 'br'
 */
export function chooseEncoding(header: string | undefined, when: 'allowed' | 'asked'): ContentCoding | 'identity' | null {
  if (header === undefined || header.length > maxAcceptEncodingLength || header.trim() === '') return 'identity';
  const members = membersOf(header).filter(({ weight }) => /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight));
  const weightOf = (coding: string) => {
    const member = members.find(({ name }) => name === coding);
    return member && Number(member.weight);
  };
  const anyOther = weightOf('*');
  const gzip = weightOf('gzip') ?? weightOf('x-gzip') ?? anyOther ?? 0;
  const br = weightOf('br') ?? anyOther ?? 0;
  const identity = weightOf('identity') ?? (anyOther === 0 ? 0 : undefined);
  const best = gzip === 0 && br === 0 ? undefined : br > gzip ? 'br' : 'gzip';
  if (identity === 0) return best ?? null;
  if (best === undefined) return 'identity';
  const bestWeight = Math.max(gzip, br);
  if (when === 'allowed') return identity !== undefined && identity > bestWeight ? 'identity' : best;
  const isAsked =
    identity === undefined
      ? anyOther === undefined && members.filter(({ weight }) => Number(weight) > 0).length === 1
      : bestWeight > identity;
  return isAsked ? best : 'identity';
}

interface Member {
  readonly name: string;
  /** As written; 1 where none is. */
  readonly weight: string;
}

/** The members of an `Accept` or `Accept-Encoding` header, in lower case. */
function membersOf(header: string): Member[] {
  return header
    .toLowerCase()
    .split(',')
    .map((member) => {
      const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
      return { name, weight: parameters.find((parameter) => /^q(?:=|$)/.test(parameter))?.slice(2) ?? '1' };
    })
    .filter(({ name }) => name !== '');
}
