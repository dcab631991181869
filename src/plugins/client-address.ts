import { BlockList, isIP } from 'node:net';

import { addressRanges } from '../config/security.ts';

/**
 * The address in an entry of `X-Forwarded-For`, to which some proxies add the client's port; undefined where there is none.
 *
 * @example
 * addressIn('192.0.2.1:4711'); // '192.0.2.1'
 * addressIn('[2001:db8::1]:4711'); // '2001:db8::1'
 * addressIn('unknown'); // undefined
 */
export function addressIn(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const [, v6, v4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = v6 ?? v4 ?? '';
  return isIP(address) === 0 ? undefined : address;
}

/**
 * Fastify's `trustProxy`: tells whether an address is a trusted proxy's.
 *
 * @param trusted addresses, subnets and names of ranges.
 */
export function trustedProxies(trusted: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of trusted.flatMap((name) => addressRanges[name] ?? [name])) {
    const [address = '', bits] = entry.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return (text) => {
    const address = addressIn(text);
    return address !== undefined && list.check(address, familyOf(address));
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
