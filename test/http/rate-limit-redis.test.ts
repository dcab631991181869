import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from '../../support/redis-server.ts';
import { Service } from './service.ts';

const services: Service[] = [];
let redis: RedisServer;
let warnings: string[] = [];
let log = '';

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await redis.stop();
  warnings = [];
  log = '';
});

/** A replica whose limit is counted in `redis`, with a window that no test outlasts. */
async function startReplica(environment: Record<string, string> = {}): Promise<Service> {
  const write = (line: string) => {
    const { msg } = JSON.parse(line) as { msg: string };
    if (msg.includes('Redis')) warnings.push(msg);
    log += line;
  };
  const service = await Service.start(
    { RATE_LIMIT_MAX: '3', RATE_LIMIT_WINDOW_MS: '3600000', RATE_LIMIT_REDIS_URL: redis.url, ...environment },
    { logger: pino({}, { write }) },
  );
  services.push(service);
  return service;
}

const statusOf = async (service: Service) => (await service.request('/info')).status;

describe.skipIf(!hasRedis)('RATE_LIMIT_REDIS_URL', () => {
  it('counts a client over all replicas, to the request', async () => {
    redis = await (await RedisServer.create()).start();
    const [first, second] = [await startReplica(), await startReplica()];
    const { headers } = await first.request('/info');
    expect(headers.get('ratelimit-limit')).toBe('3');
    expect(headers.get('ratelimit-remaining')).toBe('2');
    expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(3000);
    const statuses = await Promise.all([first, second, first, second, first, second].map(statusOf));
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    const refused = await second.request('/info');
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused.headers.get('retry-after')).toMatch(/^3[56]\d\d$/);
    expect((await first.request('/%ff')).status).toBe(429);
    expect((await first.request('/livez')).status).toBe(200);
    // A replica that starts anew knows the client.
    expect(await statusOf(await startReplica())).toBe(429);
    expect(warnings).toEqual([]);
  });

  it('takes the next request when the window is over', async () => {
    redis = await (await RedisServer.create()).start();
    const service = await startReplica({ RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_MS: '500' });
    expect([await statusOf(service), await statusOf(service)]).toEqual([200, 429]);
    await expect.poll(() => statusOf(service)).toBe(200);
  });

  it('lets requests pass while Redis is down, says so once, and limits them when it is back', async () => {
    redis = await RedisServer.create();
    const service = await startReplica();
    for (let i = 0; i < 6; i++) expect(await statusOf(service)).toBe(200);
    expect(warnings).toEqual(['Redis does not answer: requests are not limited']);
    await redis.start();
    await expect.poll(() => warnings, { timeout: 15_000 }).toHaveLength(2);
    expect(warnings[1]).toBe('Redis answers again: requests are limited');
    expect([await statusOf(service), await statusOf(service), await statusOf(service), await statusOf(service)]).toEqual([
      200, 200, 200, 429,
    ]);
    await redis.stop();
    await expect.poll(() => statusOf(service)).toBe(200);
    await expect.poll(() => warnings.slice(2)).toEqual(['Redis does not answer: requests are not limited']);
  }, 40_000);

  it('holds a request for half a second where Redis hangs', async () => {
    redis = await (await RedisServer.create()).start();
    const service = await startReplica({ RATE_LIMIT_MAX: '1' });
    await statusOf(service);
    redis.signal('SIGSTOP');
    const from = performance.now();
    expect(await statusOf(service)).toBe(200);
    expect(performance.now() - from).toBeLessThan(5000);
    expect(warnings).toEqual(['Redis does not answer: requests are not limited']);
    redis.signal('SIGCONT');
    await expect.poll(() => statusOf(service), { timeout: 15_000 }).toBe(429);
  }, 40_000);

  it('keeps a password that is wrong out of the log', async () => {
    redis = await (await RedisServer.create()).start();
    const service = await startReplica({ RATE_LIMIT_MAX: '1', RATE_LIMIT_REDIS_URL: redis.url.replace('//', '//user:hidden-password@') });
    expect([await statusOf(service), await statusOf(service)]).toEqual([200, 200]);
    expect(warnings).toEqual(['Redis does not answer: requests are not limited']);
    expect(log).toContain('WRONGPASS');
    expect(log).not.toContain('hidden-password');
  });

  it('closes its connection with the service', async () => {
    redis = await (await RedisServer.create()).start();
    const service = await startReplica();
    await statusOf(service);
    const client = new Redis(redis.url);
    const connections = async () =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length;
    expect(await connections()).toBe(2);
    await service.stop();
    services.length = 0;
    await expect.poll(connections).toBe(1);
    client.disconnect();
  });
});
