import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../src/compute/backends/reference/reference-backend.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { Engine } from '../../src/compute/engine/engine.ts';
import { problemTypes } from '../../src/errors/problems.ts';
import { startService } from './services.ts';

/** An engine that is warm when told. */
function slowToWarm(): { engine: Engine; warmed: () => void } {
  let warmed!: () => void;
  const warm = new Promise<void>((resolve) => {
    warmed = resolve;
  });
  const backend = new ReferenceBackend();
  backend.warm = () => warm;
  return { engine: new Engine([backend]), warmed };
}

describe('probes', () => {
  it('say that the service lives, and is ready once the engine is warm; it computes before', async () => {
    const { engine, warmed } = slowToWarm();
    const service = await startService({}, { engine });
    expect((await service.request('/livez')).body).toEqual({ live: true });
    const before = await service.request('/readyz');
    expect(before).toMatchObject({ status: 503, body: { ready: false, reason: 'warming up' } });
    expect((await service.post('/surrogate/grad', { x: 0, surrogate: 'erf' })).status).toBe(200);
    warmed();
    await expect.poll(() => service.request('/readyz')).toMatchObject({ status: 200, body: { ready: true } });
  });

  it('stay unready when the engine cannot be warmed', async () => {
    const backend = new ReferenceBackend();
    backend.warm = () => Promise.reject(new Error('no memory'));
    const service = await startService({}, { engine: new Engine([backend]) });
    expect((await service.request('/readyz')).status).toBe(503);
    expect((await service.request('/livez')).status).toBe(200);
  });
});

describe('GET /metrics', () => {
  it('counts requests by route, with one label for unknown paths, and times the stages', async () => {
    const service = await startService();
    await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
    await service.post('/surrogate/grad', { x: [0, 1], surrogate: ['erf', 'sigmoid'] });
    await service.post('/surrogate/grad', '{');
    for (const path of ['/a', '/b', '/c/d']) await service.request(path);
    await service.request('/surrogates/erf');
    const response = await fetch(`${service.url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    for (const line of [
      'http_request_duration_seconds_count{route="/surrogate/grad",method="POST",status="200"} 1',
      'http_request_duration_seconds_count{route="/surrogate/grad",method="POST",status="400"} 1',
      'http_request_duration_seconds_count{route="unknown",method="GET",status="404"} 3',
      'http_request_duration_seconds_count{route="/surrogates/:name",method="GET",status="200"} 1',
      'surrogate_request_elements_sum{op="surrogate_grad"} 4',
      'surrogate_stage_duration_seconds_count{op="surrogate_grad",stage="encode",backend="wasm"} 1',
      'surrogate_backend_info{backend="wasm",device="cpu",dtype="float32",version="",xla="",state="ready"} 1',
    ])
      expect(text).toContain(line);
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toContain('nodejs_eventloop_lag_max_seconds');
  });
});

describe('the log', () => {
  it('has one line a request, without its query or body', async () => {
    const lines: Record<string, unknown>[] = [];
    const { pino } = await import('pino');
    const logger = pino(
      {},
      {
        write: (line: string) => {
          lines.push(JSON.parse(line) as Record<string, unknown>);
        },
      },
    );
    const service = await startService({}, { logger });
    await service.post('/surrogate/grad?token=secret', { x: 0, surrogate: 'erf' });
    await service.post('/surrogate/grad', { x: 'secret', surrogate: 'erf' });
    await service.request('/nowhere');
    await expect.poll(() => lines.filter(({ msg }) => msg === 'request')).toHaveLength(3);
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([
      {
        method: 'POST',
        path: '/surrogate/grad',
        status: 200,
        ms: expect.any(Number) as number,
        bytes: expect.any(Number) as number,
        request_id: expect.any(String) as string,
      },
      { path: '/surrogate/grad', status: 400 },
      { path: '/nowhere', status: 404 },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});

describe('the catalogue', () => {
  it('has every surrogate', async () => {
    const service = await startService();
    const { body } = await service.request<{ surrogates: { name: string; formulas: Record<string, string> }[] }>('/surrogates');
    expect(body.surrogates.map(({ name }) => name)).toEqual([...catalogue.keys()]);
    const one = await service.request('/surrogates/sigmoid');
    expect(one.body).toEqual(body.surrogates.find(({ name }) => name === 'sigmoid'));
    expect(one.body).toMatchObject({
      parameters: {
        alpha: {
          default: 4,
          minimum: expect.any(Number) as number,
          maximum: expect.any(Number) as number,
          meaning: expect.any(String) as string,
        },
      },
      formulas: { grad: expect.any(String) as string, value: expect.any(String) as string },
      aliases: expect.any(Array) as unknown[],
      references: expect.any(Array) as string[],
    });
  });

  it('names the nearest to what it does not have', async () => {
    const service = await startService();
    const { status, body } = await service.request('/surrogates/sigmod');
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'surrogate_not_found', detail: expect.stringContaining('did you mean "sigmoid"?') as string });
    expect((await service.request('/surrogates/spikingjelly.ATan')).status).toBe(200);
  });

  it('explains every problem where its type leads', async () => {
    const service = await startService();
    for (const [code, type] of Object.entries(problemTypes)) {
      expect(await service.request(`/problems/${code}`)).toMatchObject({ status: 200, body: { code, ...type } });
    }
    expect((await service.request('/problems/nothing')).status).toBe(404);
    expect((await service.request<{ problems: unknown[] }>('/problems')).body.problems).toHaveLength(Object.keys(problemTypes).length);
  });
});

describe('GET /info and /', () => {
  it('say what this is', async () => {
    const service = await startService({ MAX_NEURON_STEPS: '123' });
    expect((await service.request('/info')).body).toEqual({
      name: 'surrogate-gradient-service',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      backends: [
        { name: 'wasm', device: 'cpu', dtype: 'float32', state: expect.stringMatching(/^(warming|ready)$/) as string },
        { name: 'reference', device: 'cpu', dtype: 'float64', state: expect.stringMatching(/^(warming|ready)$/) as string },
      ],
      limits: {
        max_body_bytes: 64 * 2 ** 20,
        max_neuron_steps: 123,
        max_reference_neuron_steps: 1e7,
        max_result_values: 2 ** 25,
        max_streamed_values: 2 ** 28,
        max_cached_tensor_bytes: 64 * 2 ** 20,
      },
    });
  });

  it('work without the documentation page', async () => {
    const service = await startService({ DOCS_ENABLED: 'false' });
    expect((await service.request('/docs')).status).toBe(404);
    expect((await service.request('/openapi.json')).status).toBe(200);
  });
});
