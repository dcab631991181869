import { createHash } from 'node:crypto';
import { isIP } from 'node:net';

import { namedRanges } from '../plugins/client-address.ts';

/** How the service is guarded; all of it is off unless configured. */
export interface GuardConfig {
  /** SHA-256 of each key, in the order of `API_KEYS`; none when requests need no key. */
  readonly keyDigests: readonly Buffer[];
  readonly rateLimit: { readonly max: number; readonly windowMs: number } | undefined;
  /** Whose `X-Forwarded-For` is believed: nobody's, or that of these addresses. */
  readonly trustProxy: false | string[];
  /** Whose pages may call the service: nobody's, anybody's, or these. */
  readonly corsOrigins: '*' | string[] | undefined;
}

/** The variables that are lists, as they stand in the environment. */
export interface GuardLists {
  readonly API_KEYS?: string | undefined;
  readonly TRUST_PROXY?: string | undefined;
  readonly CORS_ORIGINS?: string | undefined;
}

/** The clients whose requests are counted: those that came last. */
export const maxClients = 10_000;
const minKey = 16;

/** @param lists in which `wrongGuards` finds nothing wrong. */
export function readGuards({ API_KEYS, TRUST_PROXY, CORS_ORIGINS }: GuardLists): Omit<GuardConfig, 'rateLimit'> {
  return {
    keyDigests: API_KEYS === undefined ? [] : [...new Set(API_KEYS.split(','))].map(digestOf),
    trustProxy: TRUST_PROXY === undefined ? false : TRUST_PROXY.split(','),
    corsOrigins: CORS_ORIGINS === undefined || CORS_ORIGINS === '*' ? CORS_ORIGINS : CORS_ORIGINS.split(','),
  };
}

/** What is wrong with the lists, a line for each; of a key it says the place and never the text. */
export function validateSecurityEnv({ API_KEYS, TRUST_PROXY, CORS_ORIGINS }: GuardLists): string[] {
  const wrong: string[] = [];
  if (API_KEYS !== undefined) {
    const places = API_KEYS.split(',').flatMap((key, i) => (isKey(key) ? [] : [`key ${i + 1} ${faultOf(key)}`]));
    if (places.length > 0)
      wrong.push(
        `API_KEYS: ${places.join(', ')}. It must be keys of at least ${minKey} letters, digits and -._~+/=, separated by commas alone; unset, no key is needed.`,
      );
  }
  if (TRUST_PROXY !== undefined && !TRUST_PROXY.split(',').every(isAddress)) {
    wrong.push(
      `TRUST_PROXY=${JSON.stringify(TRUST_PROXY)}: must be addresses of proxies, subnets such as 10.0.0.0/8 (not of 0 bits, which is everyone), or ${Object.keys(namedRanges).join(', ')}, separated by commas alone; unset, none is trusted. How many proxies there are is not enough: whoever reaches the service past them could write any address.`,
    );
  }
  if (CORS_ORIGINS !== undefined && CORS_ORIGINS !== '*' && !CORS_ORIGINS.split(',').every(isOrigin)) {
    wrong.push(
      `CORS_ORIGINS=${JSON.stringify(CORS_ORIGINS)}: must be origins such as https://lab.example, without a path or a wildcard and separated by commas alone, or * for all; unset, none is allowed.`,
    );
  }
  return wrong;
}

/** What is kept of a key. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Whether a text can be a key: what `Authorization: Bearer` can carry (RFC 6750), and long enough not to be guessed. */
function isKey(text: string): boolean {
  return text.length >= minKey && /^[\w.~+/-]+=*$/.test(text);
}

function faultOf(key: string): string {
  if (key === '') return 'is empty';
  return key.length < minKey ? `has only ${key.length} characters` : 'has a character that a bearer key cannot have';
}

function isAddress(text: string): boolean {
  if (Object.hasOwn(namedRanges, text)) return true;
  const [, address, bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address ?? '');
  // A subnet of 0 bits would be everyone.
  return version !== 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128)));
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
