import { describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { Service, JsonReply } from './service.ts';
import { startService } from './services.ts';

const keys = ['first-key-0123456789', 'second-key-0123456789'];

/** With a window that no test outlasts. */
async function start(environment: Record<string, string>): Promise<Service> {
  const service = await startService({ RATE_LIMIT_WINDOW_MS: '3600000', ...environment });
  return service;
}

const info = (service: Service, headers: Record<string, string> = {}): Promise<JsonReply<ProblemDocument>> =>
  service.request('/info', { headers });
const statusesOf = async (service: Service, from: Record<string, string>[]): Promise<number[]> => {
  const statuses: number[] = [];
  for (const headers of from) statuses.push((await info(service, headers)).status);
  return statuses;
};

describe('RATE_LIMIT_MAX', () => {
  it('takes that many requests, tells how many are left, and refuses the next until the window is over', async () => {
    const service = await start({ RATE_LIMIT_MAX: '3' });
    for (const left of ['2', '1', '0']) {
      const { status, headers } = await info(service);
      expect(status).toBe(200);
      expect(headers.get('ratelimit-limit')).toBe('3');
      expect(headers.get('ratelimit-remaining')).toBe(left);
      expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(3000);
      expect(headers.get('retry-after')).toBeNull();
    }
    const { status, headers, body } = await info(service);
    expect(status).toBe(429);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('retry-after')).toMatch(/^3[56]\d\d$/);
    expect(headers.get('ratelimit-remaining')).toBe('0');
    expect(body).toMatchObject({ code: 'rate_limited', status: 429, request_id: headers.get('x-request-id') });
    expect(body.detail).toMatch(/^More than 3 requests within 3600 s; the next is accepted in 3[56]\d\d s\.$/);
  });

  it('takes the next when the window is over', async () => {
    const service = await start({ RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_MS: '100' });
    await info(service);
    await expect.poll(async () => (await info(service)).status).toBe(200);
  });

  it('counts requests of all routes, unknown paths and refused bodies too', async () => {
    const service = await start({ RATE_LIMIT_MAX: '4' });
    expect((await service.request('/nowhere')).status).toBe(404);
    expect((await service.request('/lif/grad')).status).toBe(405);
    expect((await service.post('/lif/grad', '{')).status).toBe(400);
    const known = await service.request('/nowhere');
    expect(known.status).toBe(404);
    expect(known.headers.get('ratelimit-remaining')).toBe('0');
    for (const path of ['/nowhere', '/lif/grad', '/metrics', '/openapi.json']) expect((await service.request(path)).status).toBe(429);
    expect(await service.request('/v2')).toMatchObject({
      status: 429,
      body: { error: expect.stringContaining('More than 4 requests') as string },
    });
  });

  it('counts paths that are not well-formed or too long', async () => {
    const service = await start({ RATE_LIMIT_MAX: '2' });
    expect((await service.request('/%ff')).status).toBe(400);
    const long = await service.request(`/surrogates/${'x'.repeat(300)}`);
    expect(long.status).toBe(414);
    expect(long.headers.get('ratelimit-remaining')).toBe('0');
    expect((await service.request('/%ff')).status).toBe(429);
    expect((await info(service)).status).toBe(429);
  });

  it('lets probes through', async () => {
    const service = await start({ RATE_LIMIT_MAX: '1' });
    await info(service);
    for (const path of ['/livez', '/v2/health/live', '/livez']) {
      const { status, headers } = await service.request(path);
      expect(status).toBe(200);
      expect(headers.get('ratelimit-remaining')).toBeNull();
    }
    expect((await info(service)).status).toBe(429);
  });

  it('counts by key, and those without a right one by address', async () => {
    const service = await start({ RATE_LIMIT_MAX: '2', API_KEYS: keys.join(',') });
    const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
    const [first, second, wrong] = [bearer(keys[0]!), bearer(keys[1]!), bearer('guess-0123456789')];
    expect(await statusesOf(service, [first, first, first, second])).toEqual([200, 200, 429, 200]);
    expect(await statusesOf(service, [wrong, {}, wrong, {}, second])).toEqual([401, 401, 429, 429, 200]);
  });

  it('is documented where it holds', async () => {
    const service = await start({ RATE_LIMIT_MAX: '100' });
    const { body } = await service.request<{ paths: Record<string, Record<string, { responses: object }>> }>('/openapi.json');
    expect(body.paths['/lif/grad']!.post!.responses).toHaveProperty('429');
    expect(body.paths['/livez']!.get!.responses).not.toHaveProperty('429');
  });
});

describe('TRUST_PROXY', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address });

  it('unset, trusts no address that a client claims to have', async () => {
    const service = await start({ RATE_LIMIT_MAX: '2' });
    expect(await statusesOf(service, [from('192.0.2.1'), from('192.0.2.2'), from('192.0.2.3')])).toEqual([200, 200, 429]);
  });

  it('tells the clients behind a trusted proxy apart, by the last address that it did not write itself', async () => {
    const service = await start({ RATE_LIMIT_MAX: '1', TRUST_PROXY: 'loopback' });
    expect(await statusesOf(service, [from('192.0.2.1'), from('192.0.2.2'), from('192.0.2.1')])).toEqual([200, 200, 429]);
    expect(await statusesOf(service, [from('198.51.100.7, 192.0.2.1')])).toEqual([429]);
  });

  it('ignores the port behind an address', async () => {
    const service = await start({ RATE_LIMIT_MAX: '2', TRUST_PROXY: 'loopback' });
    expect(await statusesOf(service, [from('192.0.2.1'), from('192.0.2.1:1111'), from('192.0.2.1:2222')])).toEqual([200, 200, 429]);
    expect(await statusesOf(service, [from('[2001:db8::1]:1'), from('2001:db8::1'), from('[2001:db8::1]:2')])).toEqual([200, 200, 429]);
    // A trusted proxy is one with its port too.
    expect(await statusesOf(service, [from('192.0.2.9, 127.0.0.1:80'), from('192.0.2.9:3'), from('192.0.2.9')])).toEqual([200, 200, 429]);
  });

  it('counts a text that is no address for the proxy', async () => {
    const service = await start({ RATE_LIMIT_MAX: '2', TRUST_PROXY: 'loopback' });
    expect(await statusesOf(service, [from('unknown'), from('999.1.1.1'), from('anything')])).toEqual([200, 200, 429]);
    expect(await statusesOf(service, [from('192.0.2.1')])).toEqual([200]);
  });

  it.each(['10.0.0.0/8', 'uniquelocal', 'fc00::/7'])('%s is a range', async (range) => {
    const service = await start({ RATE_LIMIT_MAX: '1', TRUST_PROXY: `loopback,${range}` });
    const proxy = range.startsWith('fc') ? 'fd00::5' : '10.1.2.3';
    expect(await statusesOf(service, [from(`192.0.2.1, ${proxy}`), from(`192.0.2.2, ${proxy}`), from('192.0.2.1, 203.0.113.9')])).toEqual([
      200, 200, 200,
    ]);
  });

  it('counts the subnet of 64 bits of an IPv6 client', async () => {
    const service = await start({ RATE_LIMIT_MAX: '1', TRUST_PROXY: '127.0.0.1' });
    expect(await statusesOf(service, [from('2001:db8::1'), from('2001:db8::2'), from('2001:db8:0:1::1')])).toEqual([200, 429, 200]);
  });

  it('does not trust a proxy that it does not name', async () => {
    const service = await start({ RATE_LIMIT_MAX: '1', TRUST_PROXY: '10.0.0.0/8' });
    expect(await statusesOf(service, [from('192.0.2.1'), from('192.0.2.2')])).toEqual([200, 429]);
  });
});

it('unset, nobody is counted', async () => {
  const service = await start({});
  const { status, headers } = await info(service);
  expect(status).toBe(200);
  expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([]);
});
