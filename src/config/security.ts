import { createHash } from 'node:crypto';
import { isIP } from 'node:net';

/** Who may call the service, and how often; everything is off unless configured. */
export interface SecurityConfig {
  /** SHA-256 of each key, in the order of `API_KEYS`; empty when requests need no key. */
  readonly keyDigests: readonly Buffer[];
  readonly rateLimit: RateLimitConfig | undefined;
  /** Addresses, subnets and names of `addressRanges` whose `X-Forwarded-For` is trusted; false for none. */
  readonly trustProxy: false | string[];
  /** Origins whose pages may call the service; undefined for none. */
  readonly corsOrigins: '*' | string[] | undefined;
}

export interface RateLimitConfig {
  /** Requests of one client within a window. */
  readonly max: number;
  readonly windowMs: number;
  /** The Redis server that counts for all processes and replicas; undefined where each process counts by itself. */
  readonly redisUrl: string | undefined;
}

/** The variables that are lists or secrets, as they stand in the environment. */
interface SecurityEnv {
  readonly API_KEYS?: string | undefined;
  readonly TRUST_PROXY?: string | undefined;
  readonly CORS_ORIGINS?: string | undefined;
  readonly RATE_LIMIT_REDIS_URL?: string | undefined;
}

/** Variables that hold secrets; their values appear in no message. */
export const secretVariables: readonly (keyof SecurityEnv)[] = ['API_KEYS', 'RATE_LIMIT_REDIS_URL'];

/** Names that `TRUST_PROXY` may use for ranges of addresses. */
export const addressRanges: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

const minKeyLength = 16;

/** @param variables in which `validateSecurityEnv` finds nothing wrong. */
export function readSecurity({
  API_KEYS,
  TRUST_PROXY,
  CORS_ORIGINS,
  RATE_LIMIT_REDIS_URL,
  RATE_LIMIT_MAX: max,
  RATE_LIMIT_WINDOW_MS: windowMs,
}: SecurityEnv & { readonly RATE_LIMIT_MAX: number; readonly RATE_LIMIT_WINDOW_MS: number }): SecurityConfig {
  return {
    keyDigests: API_KEYS === undefined ? [] : [...new Set(API_KEYS.split(','))].map(digestOf),
    rateLimit: max === 0 ? undefined : { max, windowMs, redisUrl: RATE_LIMIT_REDIS_URL },
    trustProxy: TRUST_PROXY === undefined ? false : TRUST_PROXY.split(','),
    corsOrigins: CORS_ORIGINS === undefined || CORS_ORIGINS === '*' ? CORS_ORIGINS : CORS_ORIGINS.split(','),
  };
}

/** A message for each variable that is wrong; for a wrong key it tells the position, never the text. */
export function validateSecurityEnv({ API_KEYS, TRUST_PROXY, CORS_ORIGINS, RATE_LIMIT_REDIS_URL }: SecurityEnv): string[] {
  const messages: string[] = [];
  const faults = API_KEYS?.split(',').flatMap((key, i) => (isKey(key) ? [] : [`key ${i + 1} ${faultOf(key)}`])) ?? [];
  if (faults.length > 0) {
    messages.push(
      `API_KEYS: ${faults.join(', ')}. It must be keys of at least ${minKeyLength} letters, digits and -._~+/=, separated by commas alone; unset, no key is needed.`,
    );
  }
  if (TRUST_PROXY?.split(',').every(isAddress) === false) {
    messages.push(
      `TRUST_PROXY=${JSON.stringify(TRUST_PROXY)}: must be addresses of proxies, subnets such as 10.0.0.0/8 (not of 0 bits, which is everyone), or ${Object.keys(addressRanges).join(', ')}, separated by commas alone; unset, none is trusted. How many proxies there are is not enough: whoever reaches the service past them could write any address.`,
    );
  }
  if (CORS_ORIGINS !== '*' && CORS_ORIGINS?.split(',').every(isOrigin) === false) {
    messages.push(
      `CORS_ORIGINS=${JSON.stringify(CORS_ORIGINS)}: must be origins such as https://lab.example, without a path or a wildcard and separated by commas alone, or * for all; unset, none is allowed.`,
    );
  }
  if (RATE_LIMIT_REDIS_URL !== undefined && !isRedisUrl(RATE_LIMIT_REDIS_URL)) {
    messages.push(
      'RATE_LIMIT_REDIS_URL: must be a URL such as redis://localhost:6379 or, with TLS, rediss://user:password@host:6379; unset, each process counts by itself.',
    );
  }
  return messages;
}

/** The SHA-256 that is kept of a key. */
export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Whether `Authorization: Bearer` can carry a text (RFC 6750), and it is too long to be guessed. */
function isKey(text: string): boolean {
  return text.length >= minKeyLength && /^[\w.~+/-]+=*$/.test(text);
}

function faultOf(key: string): string {
  if (key === '') return 'is empty';
  return key.length < minKeyLength ? `has only ${key.length} characters` : 'has a character that a bearer key cannot have';
}

function isAddress(text: string): boolean {
  if (Object.hasOwn(addressRanges, text)) return true;
  const [, address, bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address ?? '');
  // A subnet of 0 bits would be everyone.
  return version !== 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= (version === 4 ? 32 : 128)));
}

function isOrigin(text: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '';
}
