import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ThreadedReference } from '../../src/compute/backends/reference/threaded-reference.ts';
import type { Backend } from '../../src/compute/engine/backend.ts';
import { BackendUnavailableError, ComputeError, OutOfMemoryError } from '../../src/compute/engine/errors.ts';
import type { BackendOpener } from '../../src/compute/engine/backend-supervisor.ts';
import { never } from '../../src/compute/engine/cross-over.ts';
import { Engine, type EngineOptions } from '../../src/compute/engine/engine.ts';
import { FakeBackend, FakeOpener } from '../compute/engine/fake-backend.ts';
import { oneIn } from '../thorough.ts';
import type { GradAnswer, Meta } from './answers.ts';
import { type Service, errorsOf } from './service.ts';
import { startService } from './services.ts';

const card = { device: 'NVIDIA H100', later: true, details: { version: '2.9.1', xla: true, gpu: true, memoryBytes: 80e9 } };
const fromAHundred = { elements: 100, neurons: 10 };
const measure = () =>
  Promise.resolve({
    lif_grad: fromAHundred,
    lif_jvp: fromAHundred,
    lif_simulate: never,
    surrogate_grad: { elements: 100, neurons: 0 },
    surrogate_eval: never,
  });

interface Line {
  level: number;
  msg: string;
  backend?: string;
  reason?: string;
  [field: string]: unknown;
}
const info = 30;
const warn = 40;

/** A warm service with those back-ends, and what it logs. */
async function start(
  backends: readonly (Backend | BackendOpener)[],
  options: EngineOptions = {},
  environment: Record<string, string> = {},
) {
  const lines: Line[] = [];
  const logger = pino(
    { level: 'info' },
    {
      write: (line: string) => {
        lines.push(JSON.parse(line) as Line);
      },
    },
  );
  const engine = new Engine(backends, { measure, ...options });
  const service = await startService(environment, { engine, logger });
  await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
  const metrics = async () => (await fetch(`${service.url}/metrics`)).text();
  return { service, lines, metrics };
}

const small = { x: [0, 1], surrogate: 'sigmoid' };
const large = { x: { linspace: [-1, 1, 100] }, surrogate: 'sigmoid' };

describe('a service whose TensorFlow fails', () => {
  it.each<[string, Error, string]>([
    ['out_of_memory', new OutOfMemoryError('OOM when allocating /job:localhost/device:GPU:0'), 'it ran out of memory'],
    ['failed', new ComputeError('CUDA_ERROR_LAUNCH_FAILED at /usr/lib/libcuda.so'), 'it failed'],
    ['unexpected', new TypeError('undefined is not a function at /srv/app.js:1:1'), 'it failed unexpectedly'],
  ])('(%s) answers from wasm; meta, the log and the metrics say so', async (kind, error, reason) => {
    const tensorflow = new FakeBackend('tensorflow', card);
    const { service, lines, metrics } = await start([new FakeOpener(tensorflow), new FakeBackend('wasm'), new FakeBackend('reference')]);
    const before = await service.post<GradAnswer>('/surrogate/grad', large);
    expect(before.body.meta).toEqual({
      backend: 'tensorflow',
      device: 'NVIDIA H100',
      dtype: 'float32',
      elapsed_ms: expect.any(Number) as number,
    });

    tensorflow.failures.push(error);
    for (let i = 0; i < 2; i++) {
      const { status, body } = await service.post<GradAnswer>('/surrogate/grad', large);
      expect(status).toBe(200);
      expect(body.meta).toEqual({
        backend: 'wasm',
        device: 'cpu',
        dtype: 'float32',
        elapsed_ms: expect.any(Number) as number,
        fallback: { from: 'tensorflow', reason },
      });
      expect(body.results).toEqual(before.body.results);
    }
    expect(lines.filter(({ msg }) => msg === 'back-end failed')).toMatchObject([
      { level: warn, backend: 'tensorflow', reason: kind, retry_in_ms: 1000, err: { message: error.message } },
    ]);

    const text = await metrics();
    expect(text).toContain(`surrogate_backend_failures_total{backend="tensorflow",reason_kind="${kind}"} 1`);
    expect(text).toContain('surrogate_backend_fallback_total{from="tensorflow",to="wasm"} 2');
    expect(text).toContain('surrogate_backend_up{backend="tensorflow"} 0');
    expect(text).toContain('surrogate_backend_up{backend="wasm"} 1');
    expect(text).toContain(
      'surrogate_backend_info{backend="tensorflow",device="NVIDIA H100",dtype="float32",version="2.9.1",xla="true",state="out"} 1',
    );
    expect(text).not.toContain('state="ready",xla');

    const { body } = await service.request<{ backends: unknown[] }>('/info');
    expect(body.backends[0]).toMatchObject({ name: 'tensorflow', state: 'out', reason });
    expect((await service.request('/readyz')).status).toBe(200);
  });

  it('goes back to it, and tells of that', async () => {
    const tensorflow = new FakeBackend('tensorflow', card);
    const opener = new FakeOpener(tensorflow, new FakeBackend('tensorflow', card));
    const { service, lines, metrics } = await start([opener, new FakeBackend('wasm')]);
    tensorflow.failures.push(new ComputeError('the worker ended'));
    await service.post('/surrogate/grad', large);
    await expect
      .poll(async () => (await service.post<GradAnswer>('/surrogate/grad', large)).body.meta.backend, { timeout: 5000 })
      .toBe('tensorflow');
    expect(lines.find(({ msg }) => msg === 'back-end is ready again')).toMatchObject({
      level: info,
      backend: 'tensorflow',
      device: 'NVIDIA H100',
      version: '2.9.1',
    });
    expect(await metrics()).toContain('surrogate_backend_up{backend="tensorflow"} 1');
    expect(opener.opened).toBe(2);
  });
});

describe('a service without TensorFlow', () => {
  const missing = () => new FakeOpener(new BackendUnavailableError('the package is not installed'));

  it('is ready, computes as if nothing were missing, and does not raise its voice', async () => {
    const { service, lines, metrics } = await start([missing(), new FakeBackend('wasm')], {}, { COMPUTE_BACKEND: 'auto' });
    expect((await service.post<GradAnswer>('/surrogate/grad', large)).body.meta).not.toHaveProperty('fallback');
    expect(lines.filter(({ level }) => level > info)).toEqual([]);
    expect(lines.find(({ msg }) => msg === 'back-end is not available')).toMatchObject({
      level: info,
      backend: 'tensorflow',
      detail: 'the package is not installed',
    });
    expect(await metrics()).toContain(
      'surrogate_backend_info{backend="tensorflow",device="unknown",dtype="float32",version="",xla="",state="out"} 1',
    );
  });

  it('warns where it was configured, and says in each answer what did the work instead', async () => {
    const { service, lines } = await start(
      [missing(), new FakeBackend('wasm')],
      { preferred: 'tensorflow' },
      { COMPUTE_BACKEND: 'tensorflow' },
    );
    expect(lines.filter(({ level }) => level > info)).toMatchObject([
      { msg: 'back-end failed', backend: 'tensorflow', reason: 'unavailable' },
    ]);
    expect((await service.post<GradAnswer>('/surrogate/grad', small)).body.meta).toMatchObject({
      backend: 'wasm',
      fallback: { from: 'tensorflow', reason: 'it cannot be loaded here' },
    });
  });

  it.each(oneIn(2, ['auto', 'tensorflow']))(
    'started with COMPUTE_BACKEND=%s gets ready and computes',
    async (backend) => {
      const service = await startService({ COMPUTE_BACKEND: backend });
      await expect.poll(async () => (await service.request('/readyz')).status, { timeout: 60_000 }).toBe(200);
      const { status, body } = await service.post<GradAnswer>('/surrogate/grad', { x: 0, surrogate: 'sigmoid' });
      expect(status).toBe(200);
      expect(body.results[0]!.grad).toBe(1);
      const { body: about } = await service.request<{ backends: { name: string }[] }>('/info');
      expect(about.backends.map(({ name }) => name)).toEqual(['tensorflow', 'wasm', 'reference']);
    },
    90_000,
  );
});

describe('GET /info', () => {
  it('tells of devices, and of what was measured', async () => {
    const { service } = await start([
      new FakeOpener(new FakeBackend('tensorflow', card)),
      new FakeBackend('wasm'),
      new FakeBackend('reference'),
    ]);
    const { body } = await service.request<Record<string, unknown>>('/info');
    expect(body.backends).toEqual([
      {
        name: 'tensorflow',
        device: 'NVIDIA H100',
        dtype: 'float32',
        state: 'ready',
        version: '2.9.1',
        xla: true,
        gpu: true,
        memory_bytes: 80e9,
      },
      { name: 'wasm', device: 'cpu', dtype: 'float32', state: 'ready' },
      { name: 'reference', device: 'cpu', dtype: 'float64', state: 'ready' },
    ]);
    expect(body.cross_overs).toEqual({
      lif_grad: fromAHundred,
      lif_jvp: fromAHundred,
      lif_simulate: null,
      surrogate_grad: { elements: 100, neurons: 0 },
      surrogate_eval: null,
    });
  });
});

it('GET /metrics has the memory of a device', async () => {
  const { metrics } = await start([new FakeOpener(new FakeBackend('tensorflow', card)), new FakeBackend('wasm')]);
  const text = await metrics();
  expect(text).toContain('surrogate_device_memory_bytes{backend="tensorflow",device="NVIDIA H100",kind="total"} 80000000000');
  expect(text).toContain(
    'surrogate_backend_info{backend="tensorflow",device="NVIDIA H100",dtype="float32",version="2.9.1",xla="true",state="ready"} 1',
  );
});

describe('"backend" in a request', () => {
  const meta = async (service: Service, path: string, body: object): Promise<Meta> =>
    (await service.post<{ meta: Meta }>(path, body)).body.meta;
  const requests: [string, object][] = [
    ['/surrogate/eval', small],
    ['/surrogate/grad', small],
    ['/lif/simulate', { current: 1.5, steps: 10 }],
    ['/lif/grad', { current: 1.5, steps: 10 }],
  ];

  it.each(requests)('of %s is heeded', async (path, body) => {
    const { service } = await start([
      new FakeOpener(new FakeBackend('tensorflow', card)),
      new FakeBackend('wasm'),
      new FakeBackend('reference'),
    ]);
    for (const backend of ['tensorflow', 'wasm', 'reference'] as const) {
      const answered = await meta(service, path, { ...body, backend });
      expect(answered.backend).toBe(backend);
      expect(answered.dtype).toBe(backend === 'reference' ? 'float64' : 'float32');
      expect(answered).not.toHaveProperty('fallback');
    }
    expect((await meta(service, path, { ...body, backend: 'auto' })).backend).toBe('wasm');
  });

  it('that the configuration does not enable goes to the next, which the answer says', async () => {
    const service = await startService({ COMPUTE_BACKEND: 'wasm' });
    expect(await meta(service, '/surrogate/grad', { ...small, backend: 'tensorflow' })).toMatchObject({
      backend: 'wasm',
      fallback: { from: 'tensorflow', reason: 'it is not enabled on this server' },
    });
  });

  it('that there is not is refused', async () => {
    const service = await startService();
    expect(errorsOf(await service.refused('/lif/grad', { current: 1, steps: 1, backend: 'wasn' }))).toBe(
      '/backend: must be one of "auto", "tensorflow", "wasm", "reference", got "wasn"; did you mean "wasm"?',
    );
    expect(errorsOf(await service.refused('/lif/grad', { current: 1, steps: 1, backend: null }))).toContain('/backend: must be');
  });
});

describe('"dtype": "float64"', () => {
  const x = { linspace: [-2, 2, 41] };

  async function wasmAndReference(environment: Record<string, string> = {}): Promise<Service> {
    const service = await startService(environment);
    return service;
  }

  it("answers braintools' float64 gradients to the last few bits, and reads back as the same float64", async () => {
    interface Golden {
      x: number[];
      cases: { surrogate: { name: string }; grad: number[]; at_kink: number[] }[];
    }
    const golden = JSON.parse(readFileSync(new URL('../golden/surrogates.json', import.meta.url), 'utf8')) as Golden;
    const service = await wasmAndReference();
    const request = { x: golden.x, surrogate: golden.cases.map(({ surrogate }) => surrogate), dtype: 'float64' };
    const { body } = await service.post<GradAnswer<number[]>>('/surrogate/grad', request);
    expect(body.meta).toMatchObject({ backend: 'wasm', dtype: 'float64' });
    const bytes = await service.post<GradAnswer<{ dtype: string; base64: string }>>('/surrogate/grad', { ...request, encoding: 'base64' });
    for (const [i, { surrogate, grad, at_kink: kinks }] of golden.cases.entries()) {
      const scale = Math.max(...grad.map(Math.abs));
      for (const [j, expected] of grad.entries()) {
        if (!kinks.includes(j))
          expect(Math.abs(body.results[i]!.grad[j]! - expected), `${surrogate.name} at ${golden.x[j]!}`).toBeLessThanOrEqual(1e-12 * scale);
      }
      const { dtype, base64 } = bytes.body.results[i]!.grad;
      expect(dtype).toBe('float64');
      expect([...new Float64Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)]).toEqual(body.results[i]!.grad);
    }
  });

  it.each([
    ['/surrogate/grad', { x, surrogate: 'sigmoid' }],
    ['/surrogate/eval', { x, surrogate: 'erf' }],
    ['/lif/simulate', { current: 1.7, steps: 300, record: ['firing_rates', 'v', 'v_final', 'spike_times'] }],
    ['/lif/grad', { current: [1.1, 1.7], steps: 300, wrt: ['current', 'tau', 'v_threshold'] }],
  ])('%s has more digits than float32, of which it is the better', async (path, body) => {
    const service = await wasmAndReference();
    const numbersOf = async (changes: object) => {
      const numbers: number[] = [];
      JSON.stringify((await service.post(path, { ...body, ...changes })).body, (key, value: unknown) => {
        if (key === 'meta') return undefined;
        if (typeof value === 'number') numbers.push(value);
        return value;
      });
      return numbers;
    };
    const double = await numbersOf({ dtype: 'float64' });
    const single = await numbersOf({ backend: 'reference' });
    expect(double.map(Math.fround)).toEqual(single.map(Math.fround));
    expect(double.filter((value) => Math.fround(value) !== value).length).toBeGreaterThan(double.length / 10);
    expect(await numbersOf({ dtype: 'float64', backend: 'auto' })).toEqual(double);
    expect(await numbersOf({ dtype: 'float64', backend: 'wasm' })).toEqual(double);
    const reference = await numbersOf({ dtype: 'float64', backend: 'reference' });
    expect(double.map((value, i) => Math.abs(value - reference[i]!) > 1e-13 * Math.abs(value))).toEqual(double.map(() => false));
    expect(await numbersOf({ dtype: 'float32' })).toEqual(await numbersOf({}));
  });

  it('may leave the range of float32, but not its own', async () => {
    const service = await wasmAndReference();
    const request = { x: 0, surrogate: { name: 'sigmoid', alpha: 40 }, cotangent: 3e38 };
    expect((await service.refused('/surrogate/grad', request)).detail).toContain('leaves the range of float32');
    const { body } = await service.post<GradAnswer>('/surrogate/grad', { ...request, dtype: 'float64' });
    expect(body.results[0]!.grad).toBe(3e39);
    const problem = await service.refused('/lif/simulate', {
      current: 1,
      steps: 10_000,
      dt: 100,
      neuron: { tau: 1, reset: 'none' },
      record: ['v_final'],
      dtype: 'float64',
    });
    expect(problem).toMatchObject({ status: 400, code: 'numerical_overflow' });
    expect(problem.detail).toMatch(/^\/v_final leaves the range of float64 at neuron 0\. With dt = 100 and tau = 1/);
  });

  it("is the reference's where that is asked for, or all there is, and where wasm fails", async () => {
    const metaOf = async (server: Service, changes: object) =>
      (await server.post<GradAnswer>('/surrogate/grad', { ...small, dtype: 'float64', ...changes })).body.meta;
    const service = await wasmAndReference();
    expect(await metaOf(service, { backend: 'reference' })).toMatchObject({ backend: 'reference', dtype: 'float64' });
    expect(await metaOf(await startService({ COMPUTE_BACKEND: 'reference' }), {})).toMatchObject({
      backend: 'reference',
      dtype: 'float64',
    });
    const wasm = new FakeBackend('wasm');
    const { service: failing } = await start([wasm, new ThreadedReference({})]);
    wasm.failures.push(new ComputeError('a thread ended'));
    expect(await metaOf(failing, {})).toMatchObject({
      backend: 'reference',
      dtype: 'float64',
      fallback: { from: 'wasm', reason: 'it failed' },
    });
  });

  it("is not TensorFlow's, also where that is preferred, and is no fallback then", async () => {
    const { service } = await start([new FakeOpener(new FakeBackend('tensorflow')), new FakeBackend('wasm')], { preferred: 'tensorflow' });
    const meta = async (changes: object) => (await service.post<GradAnswer>('/surrogate/grad', { ...small, ...changes })).body.meta;
    expect(await meta({})).toMatchObject({ backend: 'tensorflow', dtype: 'float32' });
    expect(await meta({ dtype: 'float64' })).toEqual({
      backend: 'wasm',
      device: 'cpu',
      dtype: 'float64',
      elapsed_ms: expect.any(Number) as number,
    });
  });

  it('is streamed too, a long run in the same arithmetic as its summary', async () => {
    const service = await wasmAndReference();
    const request = {
      current: { linspace: [0.7, 2.3, 2100] },
      steps: 2000,
      record: ['v_final', 'v'],
      encoding: 'base64',
      dtype: 'float64',
    };
    const { body } = await service.post<Record<'v' | 'v_final', { dtype: string; shape: number[]; base64: string }>>(
      '/lif/simulate',
      request,
    );
    const doubles = (name: 'v' | 'v_final') => new Float64Array(Uint8Array.from(Buffer.from(body[name].base64, 'base64')).buffer);
    expect(body.v).toMatchObject({ dtype: 'float64', shape: [2100, 2000] });
    const v = doubles('v');
    expect(doubles('v_final').every((value, b) => value === v[b * 2000 + 1999])).toBe(true);
    expect(v.filter((value) => Math.fround(value) !== value).length).toBeGreaterThan(v.length / 2);
  });

  it('is refused with the back-end tensorflow, along with what else is wrong', async () => {
    const backend = 'tensorflow';
    const service = await wasmAndReference();
    for (const [path, body] of [
      ['/surrogate/grad', { x: 0, surrogate: 'sigmod' }],
      ['/lif/grad', { current: 1, steps: 1, surrogate: 'sigmod' }],
    ] as const) {
      const errors = errorsOf(await service.refused(path, { ...body, backend, dtype: 'float64' }));
      expect(errors).toContain(
        `/dtype: "float64" is computed by the back-ends "wasm" and "reference" only, not by "${backend}"; leave /backend out, or ask for "float32"`,
      );
      expect(errors).toContain('did you mean "sigmoid"');
    }
    expect((await service.refused('/surrogate/eval', { ...small, dtype: 'float16' })).errors![0]!.message).toContain(
      'must be one of "float32", "float64"',
    );
  });
});

describe('work for the reference', () => {
  it.each([{ dtype: 'float64', backend: 'reference' }, { backend: 'reference' }])('has a limit of its own, %j', async (wish) => {
    const service = await startService({ MAX_REFERENCE_NEURON_STEPS: '100' });
    expect((await service.post('/lif/grad', { current: 1, steps: 100, ...wish })).status).toBe(200);
    const problem = await service.refused('/lif/grad', { current: 1, steps: 101, ...wish });
    expect(problem).toMatchObject({ status: 413, code: 'too_much_work' });
    expect(problem.detail).toContain('estimated 101 neuron-steps');
    expect(problem.detail).toContain('reference back-end; the limit there is 100');
    for (const other of [{}, { dtype: 'float64' }])
      expect((await service.post('/lif/grad', { current: 1, steps: 101, ...other })).status).toBe(200);
  });

  it('is limited also where the reference is all there is', async () => {
    const service = await startService({ COMPUTE_BACKEND: 'reference', MAX_REFERENCE_NEURON_STEPS: '100' });
    expect((await service.post('/surrogate/grad', { x: { linspace: [0, 1, 100] }, surrogate: 'erf' })).status).toBe(200);
    expect((await service.refused('/surrogate/grad', { x: { linspace: [0, 1, 101] }, surrogate: 'erf' })).status).toBe(413);
    expect((await service.refused('/lif/simulate', { current: [], steps: 101 })).status).toBe(413);
  });

  it('takes what wasm fails at, unless that is too large for it', async () => {
    const wasm = new FakeBackend('wasm');
    const { service } = await start([wasm, new ThreadedReference({ maxWork: 10 })]);
    wasm.failures.push(new ComputeError('a thread ended'), new ComputeError('a thread ended'));
    expect((await service.post<GradAnswer>('/surrogate/grad', small)).body.meta).toMatchObject({
      backend: 'reference',
      fallback: { from: 'wasm', reason: 'it failed' },
    });
    expect((await service.refused('/surrogate/grad', large)).code).toBe('internal_error');
    const { body } = await service.post<GradAnswer>('/surrogate/grad', large);
    expect(body.meta).toMatchObject({ backend: 'wasm' });
    expect(body.meta).not.toHaveProperty('fallback');
  });
});

describe('memory that wasm lacks', () => {
  it('is a 503 that says when to come back', async () => {
    const wasm = new FakeBackend('wasm');
    const { service, metrics } = await start([wasm, new FakeBackend('reference')]);
    wasm.failures.push(new OutOfMemoryError('not enough memory for the job'));
    const { status, headers, body } = await service.post('/surrogate/grad', large);
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ code: 'out_of_memory' });
    expect(await metrics()).toContain('surrogate_backend_up{backend="wasm"} 1');
    expect((await service.post('/surrogate/grad', small)).status).toBe(200);
  });
});
