import { BlockList, isIP } from 'node:net';

/** Names that stand for ranges of addresses. */
export const namedRanges: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * The address in a member of `X-Forwarded-For`, which some proxies write with the client's port; undefined where there is none.
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
 * Tells whether an address is a trusted proxy's.
 *
 * @param trusted addresses, subnets and names of ranges.
 */
export function trustedProxies(trusted: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of trusted.flatMap((name) => namedRanges[name] ?? [name])) {
    const [address, bits] = entry.split('/') as [string, string?];
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (text) => {
    const address = addressIn(text);
    return address !== undefined && list.check(address, familyOf(address));
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
