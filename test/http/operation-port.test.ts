import { afterEach, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../src/compute/backends/reference/reference-backend.ts';
import { Engine } from '../../src/compute/engine/engine.ts';
import { freePort } from '../../support/process.ts';
import { Service } from './service.ts';

const services: Service[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

/** The service and where its second port is. */
async function start(
  environment: Record<string, string> = {},
  options: Parameters<typeof Service.start>[1] = {},
): Promise<{ service: Service; url: string }> {
  const port = await freePort();
  const service = await Service.start({ OPERATION_PORT: String(port), ...environment }, options);
  services.push(service);
  return { service, url: `http://127.0.0.1:${port}` };
}

describe('OPERATION_PORT', () => {
  it('serves the metrics of requests on the other port', async () => {
    const { service, url } = await start();
    await service.post('/surrogate/grad', { x: 0, surrogate: 'erf' });
    const response = await fetch(`${url}/metrics`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('http_request_duration_seconds_count{route="/surrogate/grad",method="POST",status="200"} 1');
    expect((await service.request('/metrics')).status).toBe(404);
    const { body } = await service.request<{ paths: object }>('/openapi.json');
    expect(body.paths).not.toHaveProperty('/metrics');
  });

  it('serves the probes, as the other port does', async () => {
    const { service, url } = await start();
    for (const base of [service.url, url]) {
      expect(await (await fetch(`${base}/livez`)).json()).toEqual({ live: true });
      await expect.poll(async () => (await fetch(`${base}/readyz`)).status).toBe(200);
    }
  });

  it('answers other paths with problem details', async () => {
    const { url } = await start();
    for (const path of ['/lif/grad', '/surrogates', '/docs', '/openapi.json', '/info']) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(response.headers.get('x-request-id')).toBe(((await response.json()) as { request_id: string }).request_id);
    }
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/%ff`)).status).toBe(400);
  });

  it('needs no key and has no rate limit', async () => {
    const { service, url } = await start({ API_KEYS: 'first-key-0123456789', RATE_LIMIT_MAX: '1' });
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/metrics`)).status).toBe(200);
    expect((await service.request('/info')).status).toBe(401);
    expect((await service.request('/info')).status).toBe(429);
  });

  it('is open before the other port, and not ready then', async () => {
    const backend = new ReferenceBackend();
    let warmed!: () => void;
    backend.warm = () =>
      new Promise<void>((resolve) => {
        warmed = resolve;
      });
    const { service, url } = await start({}, { engine: new Engine([backend]) });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ ready: false, reason: 'warming up' });
    warmed();
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  });

  it('answers until the other port is closed', async () => {
    const { service, url } = await start();
    const { engine } = service.app;
    let probeAtClose: Promise<Response> | undefined;
    const close = engine.close.bind(engine);
    // The engine is closed after the port for requests.
    engine.close = async () => {
      probeAtClose = fetch(`${url}/readyz`);
      expect(await (await probeAtClose).json()).toEqual({ ready: false, reason: 'draining' });
      await expect(fetch(`${service.url}/livez`)).rejects.toThrow('fetch failed');
      await close();
    };
    services.splice(0);
    await service.app.lifecycle.drain(0);
    await service.stop();
    expect((await probeAtClose!).status).toBe(503);
    expect((await probeAtClose!).headers.get('connection')).toBe('close');
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
  });

  it('fails the start when it is in use', async () => {
    const { url } = await start();
    await expect(Service.start({ OPERATION_PORT: new URL(url).port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('METRICS_ENABLED=false', () => {
  it.each([{}, { OPERATION_PORT: 'free' }])('removes /metrics (%j)', async (environment) => {
    const port = await freePort();
    const service = await Service.start({
      METRICS_ENABLED: 'false',
      ...('OPERATION_PORT' in environment && { OPERATION_PORT: String(port) }),
    });
    services.push(service);
    expect((await service.request('/metrics')).status).toBe(404);
    if ('OPERATION_PORT' in environment) expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
  });
});
