import { describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { Service } from './service.ts';
import { startService } from './services.ts';

const origin = 'https://lab.example';
const job = { x: 0, surrogate: 'sigmoid' };
const key = 'first-key-0123456789';

async function start(environment: Record<string, string>): Promise<Service> {
  const service = await startService(environment);
  return service;
}

async function exchange(
  service: Service,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Headers }> {
  const response = await fetch(service.url + path, { method, headers });
  await response.arrayBuffer();
  return response;
}

const preflight = {
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,inference-header-content-length',
};
const post = (service: Service, headers: Record<string, string>) => service.post('/surrogate/grad', job, headers);

describe('CORS_ORIGINS', () => {
  it('lets pages of the origins call, and read the headers that clients need', async () => {
    const service = await start({ CORS_ORIGINS: `http://localhost:5173,${origin}` });
    const { status, headers } = await post(service, { origin });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('vary')).toContain('Origin');
    const exposed = headers.get('access-control-expose-headers')!.split(', ');
    for (const name of ['server-timing', 'x-request-id', 'inference-header-content-length', 'retry-after']) expect(exposed).toContain(name);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('answers a preflight', async () => {
    const service = await start({ CORS_ORIGINS: origin });
    const { status, headers } = await exchange(service, 'OPTIONS', '/surrogate/grad', preflight);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
    expect(headers.get('access-control-allow-headers')).toBe(preflight['access-control-request-headers']);
    expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
  });

  it('allows no other origin', async () => {
    const service = await start({ CORS_ORIGINS: origin });
    for (const other of ['https://evil.example', 'https://lab.example.evil.example', 'http://lab.example', 'null']) {
      expect((await post(service, { origin: other })).headers.has('access-control-allow-origin')).toBe(false);
      expect(
        (await exchange(service, 'OPTIONS', '/surrogate/grad', { ...preflight, origin: other })).headers.has('access-control-allow-origin'),
      ).toBe(false);
    }
  });

  it('may be *', async () => {
    const service = await start({ CORS_ORIGINS: '*' });
    expect((await post(service, { origin })).headers.get('access-control-allow-origin')).toBe('*');
    expect((await exchange(service, 'OPTIONS', '/surrogate/grad', preflight)).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('lets preflights pass without a key, and pages read refusals', async () => {
    const service = await start({ CORS_ORIGINS: origin, API_KEYS: key });
    expect((await exchange(service, 'OPTIONS', '/surrogate/grad', preflight)).status).toBe(204);
    const refused = await post(service, { origin });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    expect((await post(service, { origin, authorization: `Bearer ${key}` })).status).toBe(200);
    const unknown = await exchange(service, 'GET', '/nowhere', { origin, authorization: `Bearer ${key}` });
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get('access-control-allow-origin')).toBe(origin);
  });

  it('leaves an OPTIONS that is no preflight to the routes', async () => {
    const service = await start({ CORS_ORIGINS: origin });
    const options = await exchange(service, 'OPTIONS', '/lif/grad', {});
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('POST, OPTIONS');
    expect((await exchange(service, 'OPTIONS', '/nowhere', {})).status).toBe(404);
    const unknown = await service.request<ProblemDocument>('/lif/grd');
    expect(unknown).toMatchObject({ status: 404, body: { detail: 'There is no "/lif/grd"; did you mean "/lif/grad"?' } });
  });

  it('stands in Vary beside compression', async () => {
    const service = await start({ CORS_ORIGINS: origin });
    const { headers } = await exchange(service, 'GET', '/openapi.json', { origin, 'accept-encoding': 'gzip' });
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(headers.get('vary')).toBe('Origin, accept-encoding');
  });
});

it('unset, no page of another origin is allowed', async () => {
  const service = await start({});
  expect([...(await post(service, { origin })).headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  const options = await exchange(service, 'OPTIONS', '/surrogate/grad', preflight);
  expect(options.headers.get('allow')).toBe('POST, OPTIONS');
  expect([...options.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});
