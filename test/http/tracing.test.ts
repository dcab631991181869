import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ComputeError } from '../../src/compute/engine/errors.ts';
import { Engine } from '../../src/compute/engine/engine.ts';
import { FakeBackend } from '../compute/engine/fake-backend.ts';
import { OtlpCollector } from '../../support/otlp-collector.ts';
import { Service } from './service.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** Loaded files of OpenTelemetry but those of its API, which prom-client loads. */
const loadedSdk = () =>
  Object.keys(createRequire(import.meta.url).cache).filter(
    (file) => file.includes('@opentelemetry') && !file.includes('@opentelemetry/api/'),
  );
const small = { x: [0, 1], surrogate: 'sigmoid' };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

/** What a service sends to its collector until it has closed. */
async function traced(
  use: (service: Service) => Promise<unknown>,
  ...[environment, options]: Parameters<typeof Service.start>
): Promise<OtlpCollector> {
  const collector = await OtlpCollector.start();
  cleanUps.push(() => {
    collector.stop();
  });
  const service = await Service.start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...environment }, options);
  try {
    await use(service);
  } finally {
    await service.stop();
  }
  return collector;
}

describe('without a collector', () => {
  it("OpenTelemetry's SDK is not loaded", async () => {
    const service = await Service.start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    expect((await service.post('/surrogate/grad', small)).status).toBe(200);
    await service.stop();
    expect(loadedSdk()).toEqual([]);
  });
});

describe('a request', () => {
  it('is a server span with its stages as children, sent before the service has closed', async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const { spans, requests } = await traced((service) =>
      service.post('/surrogate/grad?token=secret', { ...small, surrogate: ['sigmoid', 'erf'] }, { 'x-request-id': 'the-id' }),
    );
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    // The test above has to be able to fail.
    expect(loadedSdk().length).toBeGreaterThan(0);
    expect(requests.map(({ path, headers }) => [path, headers['content-type']])).toEqual([['/v1/traces', 'application/x-protobuf']]);
    const server = spans.find(({ kind }) => kind === 2)!;
    expect(server).toMatchObject({
      name: 'POST /surrogate/grad',
      parentId: '',
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/surrogate/grad',
        'url.path': '/surrogate/grad',
        'http.response.status_code': 200,
        request_id: 'the-id',
        'surrogate.op': 'surrogate_grad',
        'surrogate.backend': 'wasm',
        'surrogate.elements': 4,
      },
      resource: { 'service.name': 'surrogate-gradient-service', 'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/) as string },
    });
    expect(server.attributes).not.toHaveProperty('error.type');
    expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('secret');
    const children = spans.filter((span) => span !== server);
    expect(children.map(({ name }) => name)).toEqual(['decode', 'queue', 'compute', 'encode']);
    let at = server.start;
    for (const child of children) {
      expect(child).toMatchObject({ traceId: server.traceId, parentId: server.spanId, kind: 1 });
      expect(child.start).toBeGreaterThanOrEqual(at);
      expect(child.end).toBeGreaterThanOrEqual(child.start);
      at = child.end;
    }
    expect(server.end).toBeGreaterThanOrEqual(at);
    expect(server.start).toBeGreaterThanOrEqual(before - 1_000_000n);
    expect(server.end).toBeLessThanOrEqual(after + 1_000_000n);
  });

  it('belongs to the trace of its traceparent', async () => {
    const { spans } = await traced((service) =>
      service.post('/lif/grad', { current: 1.5, steps: 10 }, { traceparent: `00-${traceId}-${parentId}-01` }),
    );
    expect(spans.find(({ kind }) => kind === 2)).toMatchObject({ traceId, parentId });
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  });

  it('whose parent is not sampled is not sent, and an invalid traceparent starts a trace', async () => {
    const { spans } = await traced(async (service) => {
      await service.post('/surrogate/grad', small, { traceparent: `00-${traceId}-${parentId}-00` });
      await service.request('/info', { headers: { traceparent: 'nonsense' } });
    });
    expect(spans).toMatchObject([{ name: 'GET /info', parentId: '' }]);
    expect(spans[0]!.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('that fails has the code of its problem', async () => {
    const wasm = new FakeBackend('wasm');
    wasm.failures.push(new ComputeError('it broke'));
    const { spans } = await traced(
      async (service) => {
        expect((await service.post('/surrogate/grad', small)).status).toBe(500);
        expect((await service.post('/surrogate/grad', '{')).status).toBe(400);
        expect((await service.request('/nowhere')).status).toBe(404);
      },
      {},
      { engine: new Engine([wasm]) },
    );
    expect(
      spans.map(({ name, status, attributes }) => [name, status, attributes['http.response.status_code'], attributes['error.type']]),
    ).toEqual([
      ['POST /surrogate/grad', 2, 500, 'internal_error'],
      ['POST /surrogate/grad', 0, 400, 'invalid_json'],
      ['GET', 0, 404, 'not_found'],
    ]);
  });

  it('that fell back has its first choice', async () => {
    const wasm = new FakeBackend('wasm');
    wasm.failures.push(new ComputeError('it broke'));
    const { spans } = await traced(
      (service) => service.post('/surrogate/grad', small),
      {},
      { engine: new Engine([wasm, new FakeBackend('reference')]) },
    );
    expect(spans.find(({ kind }) => kind === 2)!.attributes).toMatchObject({
      'surrogate.backend': 'reference',
      'surrogate.fallback_from': 'wasm',
    });
  });

  it('is not traced when it is a probe or a scrape', async () => {
    const { requests } = await traced(async (service) => {
      for (const path of ['/livez', '/readyz', '/v2/health/live']) await service.request(path);
      await fetch(`${service.url}/metrics`);
    });
    expect(requests).toEqual([]);
  });
});

describe('the standard variables', () => {
  it('choose a sampler and name the service', async () => {
    vi.stubEnv('OTEL_SERVICE_NAME', 'mine');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
    const { spans } = await traced((service) => service.request('/info'));
    expect(spans).toMatchObject([{ resource: { 'service.name': 'mine', 'deployment.environment.name': 'test' } }]);
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
    expect((await traced((service) => service.request('/info'))).requests).toEqual([]);
  });
});

describe('a collector that does not answer', () => {
  it('delays no request and no shutdown', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUps.push(() => {
      silent.close();
    });
    const service = await Service.start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    expect((await service.post('/surrogate/grad', small)).status).toBe(200);
    // It waits for three seconds; ten is what the exporter would wait.
    const from = performance.now();
    await service.stop();
    expect(performance.now() - from).toBeLessThan(9000);
  });

  it('is logged', async () => {
    const lines: { msg: string }[] = [];
    const logger = pino(
      { level: 'warn' },
      {
        write: (line: string) => {
          lines.push(JSON.parse(line) as { msg: string });
        },
      },
    );
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const service = await Service.start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }, { logger });
    expect((await service.post('/surrogate/grad', small)).status).toBe(200);
    await service.stop();
    expect(lines.map(({ msg }) => msg).join('\n')).toContain('traces: the last ones could not be sent: ');
  });
});
