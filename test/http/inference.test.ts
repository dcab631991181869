import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GradAnswer, LifGradAnswer, SimulateAnswer } from './answers.ts';
import { frame, unframe } from './framing.ts';
import { Service } from './service.ts';

interface Output {
  name: string;
  datatype: string;
  shape: number[];
  data?: number[];
  parameters?: { binary_data_size: number };
  values?: number[];
}
interface Inference {
  model_name: string;
  model_version: string;
  id?: string;
  parameters: Record<string, unknown>;
  outputs: Output[];
}
interface Failure {
  error: string;
}

const models = ['surrogate_eval', 'surrogate_grad', 'lif_simulate', 'lif_grad', 'network_simulate', 'network_grad'] as const;

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const infer = (model: string, request: unknown) => service.post<Inference & Failure>(`/v2/models/${model}/infer`, request);
const output = ({ outputs }: Inference, name: string): Output => outputs.find((one) => one.name === name)!;
const input = (name: string, data: unknown, shape: number[], datatype = 'FP32') => ({ name, shape, datatype, data });
const linspace = Array.from({ length: 50 }, (_, i) => 0.5 + (i * 2) / 49);

describe('the server', () => {
  it('says what it is, and when it is ready', async () => {
    expect((await service.request('/v2')).body).toMatchObject({
      name: 'surrogate-gradient-service',
      extensions: ['binary_tensor_data', 'model_configuration', 'statistics'],
    });
    expect(await service.request('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } });
    await expect.poll(async () => (await service.request('/v2/health/ready')).status).toBe(200);
    expect((await service.request('/v2/health/ready')).body).toEqual({ ready: true });
  });

  it.each(models)('has the model %s', async (model) => {
    const { status, body } = await service.request<{ inputs: Output[]; outputs: Output[] }>(`/v2/models/${model}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: model, versions: ['1'] });
    for (const tensor of [...body.inputs, ...body.outputs])
      expect(tensor).toMatchObject({
        name: expect.any(String) as string,
        datatype: expect.stringMatching(/^(FP32|INT32|UINT8)$/) as string,
      });
    expect((await service.request(`/v2/models/${model}/versions/1`)).body).toEqual(body);
    expect((await service.request(`/v2/models/${model}/ready`)).body).toMatchObject({ name: model });
    expect((await service.request(`/v2/models/${model}/versions/1/ready`)).status).toBe(200);
  });

  it('has no other models, versions or paths', async () => {
    expect(await service.request('/v2/models/lif_grat')).toMatchObject({
      status: 404,
      body: { error: 'There is no model "lif_grat"; did you mean "lif_grad"?' },
    });
    expect(await service.request('/v2/models/lif_grad/versions/2')).toMatchObject({
      status: 404,
      body: { error: 'The model "lif_grad" has no version "2", only "1".' },
    });
    expect((await infer('nothing', {})).status).toBe(404);
    expect((await service.request<Failure>('/v2/nothing')).body.error).toContain('There is no "/v2/nothing"');
    expect((await service.request<Failure>('/v2/models/lif_grad/infer')).status).toBe(405);
  });

  it.each([
    ['/v2/models/lif_grad/bar', /"\/v2\/models\/lif_grad\/(config|infer|ready|stats)"/],
    ['/v2/models/lif_grad/stat', /"\/v2\/models\/lif_grad\/stats"/],
    ['/v2/models/lif_grad/versions/1/configuration', /"\/v2\/models\/lif_grad\/versions\/1\/config"/],
    ['/v2/model/lif_grad/ready', /"\/v2\/models\/lif_grad\/ready"/],
    ['/v2/model/lif_grad', /"\/v2\/models\/lif_grad"/],
    ['/v3/models/lif_grad/ready', /"\/v2\/models\/lif_grad\/ready"/],
    ['/v2/repository/models/lif_grad/load', /"\/v2\/repository\/index"/],
    ['/v2/health', /"\/v2\/health\/(live|ready)"/],
  ])('names the route that %s comes nearest to', async (path, hint) => {
    const { status, body } = await service.request<Partial<Failure> & { detail?: string }>(path);
    expect(status).toBe(404);
    expect(body.error ?? body.detail).toMatch(new RegExp(`^There is no "${path}"; did you mean ${hint.source}\\?$`));
  });

  it.each([
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models/stats',
    '/v2/models/lif_grad',
    '/v2/models/lif_grad/ready',
    '/v2/models/lif_grad/config',
    '/v2/models/lif_grad/stats',
    '/v2/models/none',
    '/v2/none',
  ])('%s answers application/json and no more, as clients compare it', async (path) => {
    expect((await service.request(path)).headers.get('content-type')).toBe('application/json');
  });

  it("tells a model's configuration as Triton does", async () => {
    const { body } = await service.request<{ input: unknown[]; output: unknown[] }>('/v2/models/lif_grad/config');
    expect(body).toMatchObject({
      name: 'lif_grad',
      platform: 'surrogate-gradient-service',
      backend: 'surrogate-gradient-service',
      max_batch_size: 0,
    });
    expect(body.input.slice(0, 2)).toEqual([
      { name: 'current', data_type: 'TYPE_FP32', dims: [-1, -1], optional: false },
      { name: 'tau', data_type: 'TYPE_FP32', dims: [-1], optional: true },
    ]);
    expect(body.output.slice(0, 3)).toEqual([
      { name: 'loss', data_type: 'TYPE_FP32', dims: [-1] },
      { name: 'spike_counts', data_type: 'TYPE_INT32', dims: [-1] },
      { name: 'grad_current', data_type: 'TYPE_FP32', dims: [-1, -1] },
    ]);
    const { inputs, outputs } = (await service.request<{ inputs: Output[]; outputs: Output[] }>('/v2/models/lif_grad')).body;
    expect(body.input).toHaveLength(inputs.length);
    expect(body.output).toHaveLength(outputs.length);
    expect((await service.request('/v2/models/lif_grad/versions/1/config')).body).toEqual(body);
    expect((await service.request('/v2/models/lif_grad/versions/3/config')).status).toBe(404);
  });

  it.each([undefined, '{}', '{"ready": true}', '{"ready": false}'])('lists its models (%s)', async (body) => {
    await expect.poll(async () => (await service.request('/v2/health/ready')).status).toBe(200);
    const index = await service.request('/v2/repository/index', { method: 'POST', ...(body !== undefined && { body }) });
    expect(index).toMatchObject({ status: 200, body: models.map((name) => ({ name, version: '1', state: 'READY' })) });
    expect(index.headers.get('content-type')).toBe('application/json');
  });

  it.each([
    ['{"ready": "yes"}', 400, '/ready: must be a boolean, got "yes"'],
    ['{"readi": true}', 400, 'unknown field "readi"; did you mean "ready"?'],
    ['{', 400, 'Unexpected the end of the text'],
    [JSON.stringify({ ready: 'x'.repeat(1024) }), 413, 'larger than the 1024 bytes'],
  ])('refuses to list them for %s', async (body, status, error) => {
    const index = await service.request<Failure>('/v2/repository/index', { method: 'POST', body });
    expect(index.status).toBe(status);
    expect(index.body.error).toContain(error);
  });

  it('takes no requests while it drains, and says so of each model', async () => {
    const draining = await Service.start();
    try {
      await expect.poll(async () => (await draining.request('/v2/models/lif_grad/ready')).status).toBe(200);
      vi.spyOn(draining.app.lifecycle, 'unreadyReason', 'get').mockReturnValue('draining');
      for (const path of ['/v2/models/lif_grad/ready', '/v2/models/lif_grad/versions/1/ready']) {
        expect(await draining.request(path)).toMatchObject({ status: 503, body: { name: 'lif_grad', ready: false } });
      }
      expect(await draining.request('/v2/health/ready')).toMatchObject({ status: 503, body: { ready: false } });
      const index = (body: string) => draining.request<object[]>('/v2/repository/index', { method: 'POST', body });
      expect((await index('{}')).body[0]).toEqual({ name: 'surrogate_eval', version: '1', state: 'UNAVAILABLE', reason: 'draining' });
      expect((await index('{"ready": true}')).body).toEqual([]);
    } finally {
      await draining.stop();
    }
  });
});

interface Duration {
  count: number;
  ns: number;
}
interface Statistics {
  model_stats: {
    name: string;
    version: string;
    last_inference: number;
    inference_count: number;
    execution_count: number;
    inference_stats: Record<string, Duration>;
    batch_stats: [];
  }[];
}

describe('statistics', () => {
  it('count what a model has done, over all routes, and how long it took', async () => {
    // Without a logger Fastify does not time requests.
    const own = await Service.start({}, { logger: pino({ level: 'silent' }) });
    try {
      const before = (await own.request<Statistics>('/v2/models/lif_simulate/stats')).body;
      const none = { count: 0, ns: 0 };
      const inference_stats = {
        success: none,
        fail: none,
        queue: none,
        compute_input: none,
        compute_infer: none,
        compute_output: none,
        cache_hit: none,
        cache_miss: none,
      };
      expect(before).toEqual({
        model_stats: [
          {
            name: 'lif_simulate',
            version: '1',
            last_inference: 0,
            inference_count: 0,
            execution_count: 0,
            inference_stats,
            batch_stats: [],
          },
        ],
      });

      const begun = Date.now();
      const request = { inputs: [input('current', [1.5], [1])], parameters: { steps: 100 } };
      for (let i = 0; i < 3; i++) await own.post('/v2/models/lif_simulate/infer', request);
      await own.post('/lif/simulate', { current: 1.5, steps: 100 });
      await own.post('/v2/models/lif_simulate/infer', { ...request, parameters: { steps: -1 } });
      await own.post('/lif/simulate', '{');
      await own.post('/surrogate/grad', { x: 0, surrogate: 'erf' });
      const stats = async (path: string) => (await own.request<Statistics>(path)).body.model_stats;
      await expect.poll(async () => (await stats('/v2/models/lif_simulate/stats'))[0]!.inference_stats.fail!.count).toBe(2);
      const [after] = await stats('/v2/models/lif_simulate/stats');
      expect(after).toMatchObject({ name: 'lif_simulate', inference_count: 4, execution_count: 4 });
      expect(after!.last_inference).toBeGreaterThanOrEqual(begun);
      expect(after!.last_inference).toBeLessThanOrEqual(Date.now());
      const { success, fail, queue, compute_input, compute_infer, compute_output } = after!.inference_stats;
      for (const { count } of [success!, queue!, compute_input!, compute_infer!, compute_output!]) expect(count).toBe(4);
      for (const { ns } of [success!, fail!, compute_input!, compute_infer!, compute_output!]) expect(ns).toBeGreaterThan(0);
      expect(success!.ns).toBe(queue!.ns + compute_input!.ns + compute_infer!.ns + compute_output!.ns);
      expect(await stats('/v2/models/lif_simulate/versions/1/stats')).toEqual([after]);
      const all = await stats('/v2/models/stats');
      expect(all.map(({ name, inference_count }) => [name, inference_count])).toEqual([
        ['surrogate_eval', 0],
        ['surrogate_grad', 1],
        ['lif_simulate', 4],
        ['lif_grad', 0],
        ['network_simulate', 0],
        ['network_grad', 0],
      ]);
    } finally {
      await own.stop();
    }
  });

  it('are of models that there are', async () => {
    expect((await service.request('/v2/models/none/stats')).status).toBe(404);
    expect((await service.request('/v2/models/lif_grad/versions/2/stats')).status).toBe(404);
  });
});

describe('infer', () => {
  it('gives the gradients of surrogates', async () => {
    const { status, headers, body } = await infer('surrogate_grad', {
      id: 'a1',
      inputs: [input('x', [-0.5, 0, 0.5], [3])],
      parameters: { surrogate: 'sigmoid' },
    });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(body).toMatchObject({
      model_name: 'surrogate_grad',
      model_version: '1',
      id: 'a1',
      parameters: { backend: 'wasm', device: 'cpu', dtype: 'float32' },
    });
    const plain = (await service.post<GradAnswer>('/surrogate/grad', { x: [-0.5, 0, 0.5], surrogate: 'sigmoid' })).body;
    expect(body.outputs).toEqual([{ name: 'grad', datatype: 'FP32', shape: [3], data: plain.results[0]!.grad }]);
  });

  it('takes a table as text', async () => {
    const { body } = await infer('surrogate_grad', {
      inputs: [input('x', [-2, 0, 0.5], [3])],
      parameters: { surrogate: '{"name": "table", "x": [-1, 1], "grad": [0, 1]}' },
    });
    expect(body.outputs).toEqual([{ name: 'grad', datatype: 'FP32', shape: [3], data: [0, 0.5, 0.75] }]);
  });

  it('takes a surrogate with parameters as text, nested data, and a cotangent', async () => {
    const request = {
      inputs: [
        input(
          'x',
          [
            [-0.5, 0],
            [0.5, 1],
          ],
          [2, 2],
        ),
        input('cotangent', [1, 2], [2], 'FP32'),
      ],
      parameters: { surrogate: '{"name": "sigmoid", "alpha": 2}' },
    };
    const plain = (
      await service.post<GradAnswer>('/surrogate/grad', {
        x: [
          [-0.5, 0],
          [0.5, 1],
        ],
        cotangent: [1, 2],
        surrogate: { name: 'sigmoid', alpha: 2 },
      })
    ).body;
    expect((await infer('surrogate_grad', request)).body.outputs).toEqual([
      { name: 'grad', datatype: 'FP32', shape: [2, 2], data: (plain.results[0]!.grad as number[][]).flat() },
    ]);
  });

  it('runs neurons, and gives what is recorded or asked for', async () => {
    const inputs = [input('current', [1.5, 2], [2]), input('tau', [10], [1])];
    const parameters = { steps: 500, reset: 'soft', refractory: 1 };
    const plain = (
      await service.post<SimulateAnswer>('/lif/simulate', {
        current: [1.5, 2],
        steps: 500,
        neuron: { tau: [10], reset: 'soft', refractory: 1 },
        record: ['spike_counts', 'spike_times', 'spikes'],
      })
    ).body;
    const recorded = (await infer('lif_simulate', { inputs, parameters: { ...parameters, record: 'spike_counts,spike_times, spikes' } }))
      .body;
    expect(recorded.outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['spike_counts', 'INT32', [2]],
      ['spike_times', 'FP32', [plain.spike_times!.flat().length]],
      ['spike_time_offsets', 'INT32', [3]],
      ['spikes', 'UINT8', [2, 500]],
    ]);
    expect(output(recorded, 'spike_counts').data).toEqual(plain.spike_counts);
    expect(output(recorded, 'spike_times').data).toEqual(plain.spike_times!.flat());
    expect(output(recorded, 'spikes').data).toEqual((plain.spikes as number[][]).flat());
    const asked = (await infer('lif_simulate', { inputs, parameters, outputs: [{ name: 'v_final' }, { name: 'spike_counts' }] })).body;
    expect(asked.outputs.map(({ name }) => name)).toEqual(['v_final', 'spike_counts']);
    expect((await infer('lif_simulate', { inputs, parameters })).body.outputs.map(({ name }) => name)).toEqual([
      'spike_counts',
      'firing_rates',
    ]);
  });

  it('gives gradients through neurons, a number as shape [1]', async () => {
    const { body } = await infer('lif_grad', {
      inputs: [input('current', linspace, [50])],
      parameters: { steps: 100, wrt: 'current,tau', tau: 10 },
    });
    expect(body.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['loss', [50]],
      ['spike_counts', [50]],
      ['grad_current', [50]],
      ['grad_tau', [1]],
    ]);
    const grads = output(body, 'grad_current').data!;
    expect(grads.reduce((sum, one) => sum + one, 0) / 50).toBeCloseTo(2.0763, 4);
    expect(Math.max(...grads)).toBeCloseTo(3.074, 4);
    expect(Math.min(...grads)).toBeCloseTo(1.6188, 4);
    const asked = (
      await infer('lif_grad', {
        inputs: [input('current', linspace, [50])],
        parameters: { steps: 100 },
        outputs: [{ name: 'grad_v_threshold' }],
      })
    ).body;
    expect(asked.outputs.map(({ name }) => name)).toEqual(['grad_v_threshold']);
  });

  it('takes losses and their tensors', async () => {
    const current = input('current', [1.5, 2], [2]);
    const rate = (
      await infer('lif_grad', { inputs: [current, input('target', [20], [1])], parameters: { steps: 100, loss: 'firing_rate_mse' } })
    ).body;
    const plainRate = (
      await service.post<LifGradAnswer>('/lif/grad', { current: [1.5, 2], steps: 100, loss: { type: 'firing_rate_mse', target: [20] } })
    ).body;
    expect(output(rate, 'loss').data).toEqual(plainRate.results[0]!.loss);
    const spikes = Array.from({ length: 200 }, (_, i) => Math.cos(i));
    const product = (
      await infer('lif_grad', { inputs: [current, input('cotangent_spikes', spikes, [2, 100])], parameters: { steps: 100 } })
    ).body;
    const plainProduct = (
      await service.post<LifGradAnswer>('/lif/grad', {
        current: [1.5, 2],
        steps: 100,
        loss: { type: 'cotangent', spikes: [spikes.slice(0, 100), spikes.slice(100)] },
      })
    ).body;
    expect(output(product, 'grad_current').data).toEqual(plainProduct.results[0]!.grad.current);
  });

  it('takes and gives bytes as the binary extension has them, whatever the media type', async () => {
    const current = Float32Array.from(linspace);
    const tau = Float64Array.of(10);
    const request = {
      inputs: [
        { name: 'current', shape: [50], datatype: 'FP32', parameters: { binary_data_size: 200 } },
        input('v_init', [0], [1]),
        { name: 'tau', shape: [1], datatype: 'FP64', parameters: { binary_data_size: 8 } },
      ],
      parameters: { steps: 100, binary_data_output: true },
    };
    const plain = { inputs: [input('current', Array.from(current), [50])], parameters: { steps: 100, dtype: 'float64' } };
    const expected = (await infer('lif_grad', plain)).body;
    const framed = frame(request, current, tau);
    for (const type of [{}, { 'content-type': 'application/octet-stream' }, { 'content-type': 'application/json' }]) {
      const headers = { 'inference-header-content-length': framed.headers['inference-header-content-length']!, ...type };
      const response = await service.send('/v2/models/lif_grad/infer', { body: framed.body, headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      const body = await unframe<Inference>(response);
      expect(body.outputs.map(({ name, parameters }) => [name, parameters?.binary_data_size])).toEqual([
        ['loss', 400],
        ['spike_counts', 200],
        ['grad_current', 400],
      ]);
      expect(output(body, 'grad_current').values).toEqual(output(expected, 'grad_current').data);
    }
  });

  it('gives bytes for the outputs that are asked for as bytes', async () => {
    const request = {
      inputs: [input('x', [0, 1], [2])],
      parameters: { surrogate: 'erf' },
      outputs: [{ name: 'value', parameters: { binary_data: true } }, { name: 'spike' }],
    };
    const response = await fetch(`${service.url}/v2/models/surrogate_eval/infer`, { method: 'POST', body: JSON.stringify(request) });
    const body = await unframe<Inference>(response);
    expect(output(body, 'spike')).toMatchObject({ datatype: 'UINT8', data: [1, 1] });
    expect(output(body, 'value')).toMatchObject({ datatype: 'FP32', parameters: { binary_data_size: 8 } });
    const but = {
      ...request,
      parameters: { surrogate: 'erf', binary_data_output: true },
      outputs: [{ name: 'value', parameters: { binary_data: false } }, { name: 'spike' }],
    };
    const mixed = await unframe<Inference>(
      await fetch(`${service.url}/v2/models/surrogate_eval/infer`, { method: 'POST', body: JSON.stringify(but) }),
    );
    expect(output(mixed, 'value').data).toHaveLength(2);
    expect(output(mixed, 'spike').values).toEqual([1, 1]);
  });

  it("ignores what other servers' parameters say", async () => {
    const ignored = {
      sequence_id: 1,
      sequence_start: true,
      priority: 2,
      triton_x: { any: ['thing'] },
      content_type: 'np',
      headers: { 'x-request-id': 'a' },
    };
    const request = {
      inputs: [{ ...input('x', [0], [1]), parameters: ignored }],
      parameters: { surrogate: 'sigmoid', ...ignored },
      outputs: [{ name: 'grad', parameters: ignored }],
    };
    expect((await infer('surrogate_grad', request)).body.outputs).toEqual([{ name: 'grad', datatype: 'FP32', shape: [1], data: [1] }]);
  });

  it('takes null and no outputs for what is left out', async () => {
    const request = {
      id: null,
      model_name: null,
      model_version: null,
      inputs: [{ ...input('x', [0], [1]), parameters: null }],
      parameters: { surrogate: 'sigmoid' },
    };
    const expected = [{ name: 'grad', datatype: 'FP32', shape: [1], data: [1] }];
    for (const outputs of [null, [], [{ name: 'grad', parameters: null }]])
      expect((await infer('surrogate_grad', { ...request, outputs })).body.outputs).toEqual(expected);
  });

  it('takes the name and the version of the model that the URL names', async () => {
    const request = {
      model_name: 'surrogate_grad',
      model_version: '1',
      inputs: [input('x', [0], [1])],
      parameters: { surrogate: 'sigmoid' },
    };
    expect((await infer('surrogate_grad', request)).status).toBe(200);
    expect((await infer('surrogate_grad/versions/1', request)).status).toBe(200);
  });

  it("takes a surrogate's parameters beside its name, and a list of one", async () => {
    const grads = async (parameters: object) =>
      (await infer('surrogate_grad', { inputs: [input('x', [0.1], [1])], parameters })).body.outputs[0]!.data;
    const expected = await grads({ surrogate: '{"name": "sigmoid", "alpha": 2}' });
    expect(await grads({ surrogate: 'sigmoid', alpha: 2 })).toEqual(expected);
    expect(await grads({ surrogate: '["sigmoid"]', alpha: 2 })).toEqual(expected);
  });

  it('takes many numbers nested as the shape says, or not at all', async () => {
    const x = Array.from({ length: 6000 }, (_, i) => i / 1000 - 3);
    const rows = Array.from({ length: 60 }, (_, i) => x.slice(100 * i, 100 * (i + 1)));
    const grads = async (data: unknown) =>
      (await infer('surrogate_grad', { inputs: [input('x', data, [60, 100])], parameters: { surrogate: 'erf' } })).body;
    const flat = await grads(x);
    expect(flat.outputs[0]).toMatchObject({ shape: [60, 100] });
    expect((await grads(rows)).outputs).toEqual(flat.outputs);
    const columns = Array.from({ length: 100 }, (_, i) => x.slice(60 * i, 60 * (i + 1)));
    expect((await grads(columns)).error).toContain(
      '/inputs/0/data: ragged: must be an array of 60, as shape [60, 100] says, got an array of 100',
    );
  });

  describe('with a timeout', () => {
    const long = {
      inputs: [
        input(
          'current',
          Array.from({ length: 2000 }, () => 1.5),
          [2000],
        ),
      ],
      parameters: { steps: 200_000 },
    };

    it('of microseconds is stopped after as many', async () => {
      const { status, body } = await infer('lif_simulate', { ...long, parameters: { ...long.parameters, timeout: 20_000 } });
      expect(status).toBe(504);
      expect(body).toEqual({ error: 'The request took longer than 20000 microseconds, its own timeout.' });
    });

    it('whose body is so large that a thread reads it is stopped too', async () => {
      const current = Array.from({ length: 40_000 }, (_, i) => 1.5 + i / 1e6);
      const { status, body } = await infer('lif_simulate', {
        inputs: [input('current', current, [40_000])],
        parameters: { steps: 10_000, timeout: 20_000 },
      });
      expect(status).toBe(504);
      expect(body.error).toContain('20000 microseconds');
    });

    it('has no more time than the server allows, or the header', async () => {
      const hasty = await Service.start({ REQUEST_TIMEOUT_MS: '50' });
      try {
        const request = { ...long, parameters: { ...long.parameters, timeout: 60e6 } };
        const byServer = await hasty.post<Failure>('/v2/models/lif_simulate/infer', request);
        expect([byServer.status, byServer.body.error]).toEqual([504, 'The request took longer than 50 ms.']);
      } finally {
        await hasty.stop();
      }
      const byHeader = await service.post<Failure>(
        '/v2/models/lif_simulate/infer',
        { ...long, parameters: { ...long.parameters, timeout: 60e6 } },
        { 'x-request-timeout-ms': '30' },
      );
      expect([byHeader.status, byHeader.body.error]).toEqual([504, 'The request took longer than 30 ms.']);
    });

    it('of 0, or one that is kept, is answered', async () => {
      for (const timeout of [0, 60e6])
        expect((await infer('lif_simulate', { inputs: [input('current', [1.5], [1])], parameters: { steps: 10, timeout } })).status).toBe(
          200,
        );
    });
  });

  it.each([
    ['surrogate_grad', { inputs: [input('y', [0], [1])] }, '/inputs/0/name: there is no input "y"'],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1], 'BYTES')] },
      '/inputs/0/datatype: must be one of "FP32", "FP64", "BOOL", "UINT8", "INT8", "UINT16", "INT16", "UINT32", "INT32", "UINT64", "INT64", "FP16", "BF16", got "BYTES"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [2])], parameters: { surrogate: 'erf' } },
      '/x: shape [2] needs 2 values, but data has 1',
    ],
    ['surrogate_grad', { inputs: [input('x', [[0, 1], [2]], [2, 2])], parameters: { surrogate: 'erf' } }, 'needs 4 values, but data has 3'],
    ['surrogate_grad', { inputs: [input('x', [null], [1])], parameters: { surrogate: 'erf' } }, 'must be a finite number'],
    [
      'surrogate_grad',
      { inputs: [input('x', 'abc', [1])], parameters: { surrogate: 'erf' } },
      '/inputs/0/data: must be an array of numbers, got "abc"',
    ],
    [
      'surrogate_grad',
      { inputs: [{ name: 'x', shape: [1], datatype: 'FP32' }] },
      'must have either "data" or the parameter "binary_data_size"',
    ],
    [
      'surrogate_grad',
      { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } }] },
      'only 0 of the 0 bytes behind the JSON are left',
    ],
    ['surrogate_grad', { inputs: [input('x', [0], [1]), input('x', [0], [1])] }, '/inputs/1/name: "x" is given twice'],
    ['surrogate_grad', { inputs: [] }, '/x: is required'],
    ['surrogate_grad', {}, '/inputs: is required'],
    ['surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoit' } }, 'did you mean "sigmoid"'],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: '{"name"' } },
      '/surrogate: must be a name, or a JSON object as text',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' }, outputs: [{ name: 'value' }] },
      '/outputs/0/name: there is no output "value"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' }, outputs: [{ name: 'grad' }, { name: 'grad' }] },
      '/outputs/1/name: "grad" is given twice',
    ],
    [
      'surrogate_grad',
      { id: 'x'.repeat(1025), inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' } },
      '/id: must NOT have more than 1024 characters',
    ],
    [
      'lif_simulate',
      { inputs: [input('current', [1], [1])], parameters: { steps: 10, record: 'v' }, outputs: [{ name: 'v_pre' }] },
      '"v_pre" is not computed by this request, which gives v',
    ],
    ['lif_simulate', { inputs: [input('current', [1], [1])], parameters: { steps: '10' } }, '/steps: must be a whole number, got "10"'],
    [
      'lif_simulate',
      { inputs: [input('current', [1], [1])], parameters: { steps: 10, stepz: 1 } },
      'unknown field "stepz"; did you mean "steps"?',
    ],
    [
      'lif_simulate',
      { inputs: [input('current', [1], [1])], parameters: { steps: 10, current: 1 } },
      '/parameters/current: is an input as well',
    ],
    [
      'lif_simulate',
      { model_name: 'lif_grad', inputs: [input('current', [1], [1])] },
      '/model_name: is "lif_grad", but the URL names "lif_simulate"',
    ],
    [
      'lif_simulate',
      { model_version: '2', inputs: [input('current', [1], [1])] },
      '/model_version: is "2", but the model of the URL has version "1"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: '["sigmoid", "erf"]' } },
      '/parameters/surrogate: must be one surrogate, got an array of 2',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: '["sigmoid", "erf"]', alpha: 2 } },
      '/parameters/surrogate: must be one surrogate, got an array of 2',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: '{"name": "sigmoid", "alpha": 2}', alpha: 3 } },
      '/alpha: is in "surrogate" as well; give it once',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf', encoding: 'base64' } },
      '/parameters/encoding: must be "json", got "base64"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf', binary_data_output: 'yes' } },
      '/parameters/binary_data_output: must be a boolean, got "yes"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf', timeout: '1 s' } },
      '/parameters/timeout: must be a whole number, got "1 s"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf' }, outputs: [{ name: 'grad', parameters: { classification: 2 } }] },
      '/outputs/0/parameters/classification: "classification" is not supported',
    ],
    [
      'surrogate_grad',
      {
        inputs: [input('x', [0], [1])],
        parameters: { surrogate: 'erf' },
        outputs: [{ name: 'grad', parameters: { shared_memory_region: 'a', binary_data: false } }],
      },
      '/outputs/0/parameters/shared_memory_region: "shared_memory_region" is not supported; an output here has only "binary_data"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf' }, outputs: [{ name: 'grad', parameters: { binary_data: 1 } }] },
      '/outputs/0/parameters/binary_data: must be a boolean, got 1',
    ],
    [
      'surrogate_grad',
      {
        inputs: [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { shared_memory_region: 'a', shared_memory_byte_size: 4 } }],
        parameters: { surrogate: 'erf' },
      },
      '/inputs/0/parameters/shared_memory_region: "shared_memory_region" is not supported; an input here has only "binary_data_size"',
    ],
    [
      'surrogate_grad',
      { inputs: [{ ...input('x', [0], [1]), encoding: 'base64' }], parameters: { surrogate: 'erf' } },
      '/inputs/0/encoding: unknown field "encoding"',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [[1, 2, 3], [4]], [2, 2])], parameters: { surrogate: 'erf' } },
      '/inputs/0/data/0: ragged: must be an array of 2, as shape [2, 2] says, got an array of 3',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [[1, 2, 3]], [3])], parameters: { surrogate: 'erf' } },
      '/inputs/0/data: ragged: must be an array of 3, as shape [3] says, got an array of 1',
    ],
    [
      'surrogate_grad',
      { inputs: [input('x', [[1, 2], 3, 4], [2, 2])], parameters: { surrogate: 'erf' } },
      '/inputs/0/data: ragged: must be an array of 2, as shape [2, 2] says, got an array of 3',
    ],
    [
      'surrogate_grad',
      {
        inputs: [
          input(
            'x',
            [
              [[1], 2],
              [3, 4],
            ],
            [2, 2],
          ),
        ],
        parameters: { surrogate: 'erf' },
      },
      '/inputs/0/data/0/0: ragged: must be a number, as shape [2, 2] says, got an array of 1',
    ],
  ])('of %s with %j is refused as the protocol has it', async (model, request, message) => {
    const { status, headers, body } = await infer(model, request);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/json');
    expect(Object.keys(body)).toEqual(['error']);
    expect(body.error).toContain(message);
  });

  it('says one thing of a parameter of the wrong type', async () => {
    const { body } = await infer('surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: { name: 'erf' } } });
    expect(body).toEqual({ error: '/parameters/surrogate: must be a string or a number or a boolean, got an object with "name"' });
  });

  it.each([
    ['zeros', Float32Array.of(0, 0)],
    ['numbers', Float32Array.of(1, -1.1)],
  ])('names the header that %s behind the JSON need', async (_what, x) => {
    const { body } = frame(
      { inputs: [{ name: 'x', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } }], parameters: { surrogate: 'erf' } },
      x,
    );
    for (const type of ['application/octet-stream', 'application/json']) {
      const response = await service.send('/v2/models/surrogate_grad/infer', { body, headers: { 'content-type': type } });
      expect(response.status).toBe(400);
      expect(((await response.json()) as Failure).error).toContain(
        'the header Inference-Header-Content-Length must say how many bytes are JSON',
      );
    }
  });

  it('takes JSON alone whatever its media type', async () => {
    const body = new Uint8Array(Buffer.from(JSON.stringify({ inputs: [input('x', [0], [1])], parameters: { surrogate: 'erf' } })));
    expect(
      (await service.send('/v2/models/surrogate_grad/infer', { body, headers: { 'content-type': 'application/octet-stream' } })).status,
    ).toBe(200);
  });

  it('refuses a body that is no JSON, and one that is none', async () => {
    expect((await infer('lif_grad', '{"inputs": [')).body.error).toContain('Unexpected the end of the text');
    expect((await service.request<Failure>('/v2/models/lif_grad/infer', { method: 'POST' })).body.error).toContain('none came');
  });
});
