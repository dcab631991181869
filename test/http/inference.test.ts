import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

let service: Service;
beforeAll(async () => { service = await Service.start(); });
afterAll(() => service.stop());

const infer = (model: string, request: unknown) => service.post<Inference & Failure>(`/v2/models/${model}/infer`, request);
const output = ({ outputs }: Inference, name: string): Output => outputs.find((one) => one.name === name)!;
const input = (name: string, data: unknown, shape: number[], datatype = 'FP32') => ({ name, shape, datatype, data });
const linspace = Array.from({ length: 50 }, (_, i) => 0.5 + (i * 2) / 49);

describe('the server', () => {
  it('says what it is, and when it is ready', async () => {
    expect((await service.request('/v2')).body).toMatchObject({ name: 'surrogate-gradient-service', extensions: ['binary_tensor_data'] });
    expect(await service.request('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } });
    await expect.poll(async () => (await service.request('/v2/health/ready')).status).toBe(200);
    expect((await service.request('/v2/health/ready')).body).toEqual({ ready: true });
  });

  it.each(['surrogate_eval', 'surrogate_grad', 'lif_simulate', 'lif_grad'])('has the model %s', async (model) => {
    const { status, body } = await service.request<{ inputs: Output[]; outputs: Output[] }>(`/v2/models/${model}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: model, versions: ['1'] });
    for (const tensor of [...body.inputs, ...body.outputs]) expect(tensor).toMatchObject({ name: expect.any(String) as string, datatype: expect.stringMatching(/^(FP32|INT32|UINT8)$/) as string });
    expect((await service.request(`/v2/models/${model}/versions/1`)).body).toEqual(body);
    expect((await service.request(`/v2/models/${model}/ready`)).body).toMatchObject({ name: model });
    expect((await service.request(`/v2/models/${model}/versions/1/ready`)).status).toBe(200);
  });

  it('has no other models, versions or paths', async () => {
    expect(await service.request('/v2/models/lif_grat')).toMatchObject({ status: 404, body: { error: 'There is no model "lif_grat"; did you mean "lif_grad"?' } });
    expect(await service.request('/v2/models/lif_grad/versions/2')).toMatchObject({ status: 404, body: { error: 'The model "lif_grad" has no version "2", only "1".' } });
    expect((await infer('nothing', {})).status).toBe(404);
    expect((await service.request<Failure>('/v2/nothing')).body.error).toContain('There is no "/v2/nothing"');
    expect((await service.request<Failure>('/v2/models/lif_grad/infer')).status).toBe(405);
  });
});

describe('infer', () => {
  it('gives the gradients of surrogates', async () => {
    const { status, headers, body } = await infer('surrogate_grad', { id: 'a1', inputs: [input('x', [-0.5, 0, 0.5], [3])], parameters: { surrogate: 'sigmoid' } });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ model_name: 'surrogate_grad', model_version: '1', id: 'a1', parameters: { backend: 'wasm', device: 'cpu', dtype: 'float32' } });
    const plain = (await service.post<GradAnswer>('/surrogate/grad', { x: [-0.5, 0, 0.5], surrogate: 'sigmoid' })).body;
    expect(body.outputs).toEqual([{ name: 'grad', datatype: 'FP32', shape: [3], data: plain.results[0]!.grad }]);
  });

  it('takes a surrogate with parameters as text, nested data, and a cotangent', async () => {
    const request = {
      inputs: [input('x', [[-0.5, 0], [0.5, 1]], [2, 2]), input('cotangent', [1, 2], [2], 'FP64')],
      parameters: { surrogate: '{"name": "sigmoid", "alpha": 2}' },
    };
    const plain = (await service.post<GradAnswer>('/surrogate/grad', { x: [[-0.5, 0], [0.5, 1]], cotangent: [1, 2], surrogate: { name: 'sigmoid', alpha: 2 } })).body;
    expect((await infer('surrogate_grad', request)).body.outputs).toEqual([{ name: 'grad', datatype: 'FP32', shape: [2, 2], data: (plain.results[0]!.grad as number[][]).flat() }]);
  });

  it('runs neurons, and gives what is recorded or asked for', async () => {
    const inputs = [input('current', [1.5, 2], [2]), input('tau', [10], [1])];
    const parameters = { steps: 500, reset: 'soft', refractory: 1 };
    const plain = (await service.post<SimulateAnswer>('/lif/simulate', { current: [1.5, 2], steps: 500, neuron: { tau: [10], reset: 'soft', refractory: 1 }, record: ['spike_counts', 'spike_times', 'spikes'] })).body;
    const recorded = (await infer('lif_simulate', { inputs, parameters: { ...parameters, record: 'spike_counts,spike_times, spikes' } })).body;
    expect(recorded.outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['spike_counts', 'INT32', [2]], ['spike_times', 'FP32', [plain.spike_times!.flat().length]], ['spike_time_offsets', 'INT32', [3]], ['spikes', 'UINT8', [2, 500]],
    ]);
    expect(output(recorded, 'spike_counts').data).toEqual(plain.spike_counts);
    expect(output(recorded, 'spike_times').data).toEqual(plain.spike_times!.flat());
    expect(output(recorded, 'spikes').data).toEqual((plain.spikes as number[][]).flat());
    const asked = (await infer('lif_simulate', { inputs, parameters, outputs: [{ name: 'v_final' }, { name: 'spike_counts' }] })).body;
    expect(asked.outputs.map(({ name }) => name)).toEqual(['v_final', 'spike_counts']);
    expect((await infer('lif_simulate', { inputs, parameters })).body.outputs.map(({ name }) => name)).toEqual(['spike_counts', 'firing_rates']);
  });

  it('gives gradients through neurons, a number as shape [1]', async () => {
    const { body } = await infer('lif_grad', { inputs: [input('current', linspace, [50])], parameters: { steps: 100, wrt: 'current,tau', tau: 10 } });
    expect(body.outputs.map(({ name, shape }) => [name, shape])).toEqual([['loss', [50]], ['spike_counts', [50]], ['grad_current', [50]], ['grad_tau', [1]]]);
    const grads = output(body, 'grad_current').data!;
    expect(grads.reduce((sum, one) => sum + one, 0) / 50).toBeCloseTo(2.0763, 4);
    expect(Math.max(...grads)).toBeCloseTo(3.074, 4);
    expect(Math.min(...grads)).toBeCloseTo(1.6188, 4);
    const asked = (await infer('lif_grad', { inputs: [input('current', linspace, [50])], parameters: { steps: 100 }, outputs: [{ name: 'grad_v_threshold' }] })).body;
    expect(asked.outputs.map(({ name }) => name)).toEqual(['grad_v_threshold']);
  });

  it('takes losses and their tensors', async () => {
    const current = input('current', [1.5, 2], [2]);
    const rate = (await infer('lif_grad', { inputs: [current, input('target', [20], [1])], parameters: { steps: 100, loss: 'firing_rate_mse' } })).body;
    const plainRate = (await service.post<LifGradAnswer>('/lif/grad', { current: [1.5, 2], steps: 100, loss: { type: 'firing_rate_mse', target: [20] } })).body;
    expect(output(rate, 'loss').data).toEqual(plainRate.results[0]!.loss);
    const spikes = Array.from({ length: 200 }, (_, i) => Math.cos(i));
    const product = (await infer('lif_grad', { inputs: [current, input('cotangent_spikes', spikes, [2, 100])], parameters: { steps: 100 } })).body;
    const plainProduct = (await service.post<LifGradAnswer>('/lif/grad', { current: [1.5, 2], steps: 100, loss: { type: 'cotangent', spikes: [spikes.slice(0, 100), spikes.slice(100)] } })).body;
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
    const expected = (await infer('lif_grad', { ...request, inputs: [input('current', Array.from(current), [50])], parameters: { steps: 100 } })).body;
    const framed = frame(request, current, tau);
    for (const type of [{}, { 'content-type': 'application/octet-stream' }, { 'content-type': 'application/json' }]) {
      const headers = { 'inference-header-content-length': framed.headers['inference-header-content-length']!, ...type };
      const response = await service.send('/v2/models/lif_grad/infer', { body: framed.body, headers });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      const body = await unframe<Inference>(response);
      expect(body.outputs.map(({ name, parameters }) => [name, parameters?.binary_data_size])).toEqual([['loss', 200], ['spike_counts', 200], ['grad_current', 200]]);
      expect(output(body, 'grad_current').values!.map(Math.fround)).toEqual(output(expected, 'grad_current').data!.map(Math.fround));
    }
  });

  it('gives bytes for the outputs that are asked for as bytes', async () => {
    const request = { inputs: [input('x', [0, 1], [2])], parameters: { surrogate: 'erf' }, outputs: [{ name: 'value', parameters: { binary_data: true } }, { name: 'spike' }] };
    const response = await fetch(`${service.url}/v2/models/surrogate_eval/infer`, { method: 'POST', body: JSON.stringify(request) });
    const body = await unframe<Inference>(response);
    expect(output(body, 'spike')).toMatchObject({ datatype: 'UINT8', data: [1, 1] });
    expect(output(body, 'value')).toMatchObject({ datatype: 'FP32', parameters: { binary_data_size: 8 } });
    const but = { ...request, parameters: { surrogate: 'erf', binary_data_output: true }, outputs: [{ name: 'value', parameters: { binary_data: false } }, { name: 'spike' }] };
    const mixed = await unframe<Inference>(await fetch(`${service.url}/v2/models/surrogate_eval/infer`, { method: 'POST', body: JSON.stringify(but) }));
    expect(output(mixed, 'value').data).toHaveLength(2);
    expect(output(mixed, 'spike').values).toEqual([1, 1]);
  });

  it('ignores what other servers\' parameters say', async () => {
    expect((await infer('surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid', sequence_id: 1, priority: 2, timeout: 1000, triton_x: true } })).status).toBe(200);
  });

  it.each([
    ['surrogate_grad', { inputs: [input('y', [0], [1])] }, '/inputs/0/name: there is no input "y"'],
    ['surrogate_grad', { inputs: [input('x', [0], [1], 'INT64')] }, '/inputs/0/datatype: must be "FP32" or "FP64", got "INT64"'],
    ['surrogate_grad', { inputs: [input('x', [0], [2])], parameters: { surrogate: 'erf' } }, '/x: shape [2] needs 2 values, but data has 1'],
    ['surrogate_grad', { inputs: [input('x', [[0, 1], [2]], [2, 2])], parameters: { surrogate: 'erf' } }, 'needs 4 values, but data has 3'],
    ['surrogate_grad', { inputs: [input('x', [null], [1])], parameters: { surrogate: 'erf' } }, 'must be a finite number'],
    ['surrogate_grad', { inputs: [input('x', 'abc', [1])], parameters: { surrogate: 'erf' } }, '/inputs/0/data: must be an array of numbers, got "abc"'],
    ['surrogate_grad', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32' }] }, 'must have either "data" or the parameter "binary_data_size"'],
    ['surrogate_grad', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } }] }, 'only 0 of the 0 bytes behind the JSON are left'],
    ['surrogate_grad', { inputs: [input('x', [0], [1]), input('x', [0], [1])] }, '/inputs/1/name: "x" is there already'],
    ['surrogate_grad', { inputs: [] }, '/x: is required'],
    ['surrogate_grad', {}, '/inputs: is required'],
    ['surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoit' } }, 'did you mean "sigmoid"'],
    ['surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: '{"name"' } }, '/surrogate: must be a name, or a JSON object as text'],
    ['surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' }, outputs: [{ name: 'value' }] }, '/outputs/0/name: there is no output "value"'],
    ['surrogate_grad', { inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' }, outputs: [{ name: 'grad' }, { name: 'grad' }] }, '/outputs/1/name: "grad" is there already'],
    ['surrogate_grad', { id: 'x'.repeat(1025), inputs: [input('x', [0], [1])], parameters: { surrogate: 'sigmoid' } }, '/id: must NOT have more than 1024 characters'],
    ['lif_simulate', { inputs: [input('current', [1], [1])], parameters: { steps: 10, record: 'v' }, outputs: [{ name: 'v_pre' }] }, '"v_pre" is not computed by this request, which gives v'],
    ['lif_simulate', { inputs: [input('current', [1], [1])], parameters: { steps: '10' } }, '/steps: must be a whole number, got "10"'],
    ['lif_simulate', { inputs: [input('current', [1], [1])], parameters: { steps: 10, stepz: 1 } }, 'unknown field "stepz"; did you mean "steps"?'],
    ['lif_simulate', { inputs: [input('current', [1], [1])], parameters: { steps: 10, current: 1 } }, '/parameters/current: is an input as well'],
  ])('of %s with %j is refused as the protocol has it', async (model, request, message) => {
    const { status, headers, body } = await infer(model, request);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(Object.keys(body)).toEqual(['error']);
    expect(body.error).toContain(message);
  });

  it('refuses a body that is no JSON, and one that is none', async () => {
    expect((await infer('lif_grad', '{"inputs": [')).body.error).toContain('Unexpected the end of the text');
    expect((await service.request<Failure>('/v2/models/lif_grad/infer', { method: 'POST' })).body.error).toContain('none came');
  });
});
