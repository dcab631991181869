import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unframe } from './framing.ts';
import { Service } from './service.ts';

/** Requests byte for byte as clients of the protocol write them, whose answers they read as these tests do. */

interface Answer {
  model_name: string;
  id: string;
  outputs: { name: string; datatype: string; shape: number[]; data?: number[]; values?: number[] }[];
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

async function send(model: string, headers: Record<string, string>, ...parts: readonly (string | Uint8Array)[]): Promise<Response> {
  const body = new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
  return fetch(`${service.url}/v2/models/${model}/infer`, { method: 'POST', headers, body });
}

const littleEndian = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("KServe's InferenceRESTClient", () => {
  const id = '8f6e5c5a-7b2d-4f6c-9a39-0f5a0a2ffb2e';

  it('sends numbers as JSON', async () => {
    const body = `{"id":"${id}","model_name":"surrogate_grad","inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[-0.5,0.0,0.5]}],"parameters":{"surrogate":"sigmoid"}}`;
    const response = await send('surrogate_grad', { 'content-type': 'application/json' }, body);
    expect(response.status).toBe(200);
    expect(response.headers.has('inference-header-content-length')).toBe(false);
    const answer = (await response.json()) as Answer;
    expect(answer).toMatchObject({ model_name: 'surrogate_grad', id, outputs: [{ name: 'grad', datatype: 'FP32', shape: [3] }] });
    expect(answer.outputs[0]!.data![1]).toBe(1);
  });

  it('sends and gets bytes', async () => {
    const json =
      `{"id":"${id}","model_name":"lif_simulate","inputs":[{"name":"current","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}],` +
      '"outputs":[{"name":"spike_counts","parameters":{"binary_data":true}},{"name":"firing_rates","parameters":{"binary_data":false}}],"parameters":{"steps":500}}';
    const headers = { 'inference-header-content-length': String(json.length), 'content-type': 'application/octet-stream' };
    const response = await send('lif_simulate', headers, json, littleEndian(1.5, 0));
    expect(response.status).toBe(200);
    const { outputs } = await unframe<Answer>(response);
    expect(outputs).toMatchObject([
      { name: 'spike_counts', datatype: 'INT32', values: [4, 0] },
      { name: 'firing_rates', datatype: 'FP32', data: [80, 0] },
    ]);
  });

  it('reads what was wrong from an answer of exactly its media type', async () => {
    const body = `{"id":"${id}","model_name":"lif_grad","inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[0.0]}],"parameters":{"surrogate":"sigmoid"}}`;
    const response = await send('surrogate_grad', { 'content-type': 'application/json' }, body);
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/json']);
    expect(await response.json()).toEqual({ error: '/model_name: is "lif_grad", but the URL names "surrogate_grad"' });
  });
});

describe("MLServer's codecs", () => {
  it('write their content types, and headers where a proxy adds them', async () => {
    const body =
      '{"id": "5e4b9f6c", "parameters": {"content_type": "np", "headers": {"x-request-id": "5e4b9f6c"}, "surrogate": "erf"}, ' +
      '"inputs": [{"name": "x", "shape": [3, 1], "datatype": "FP64", "parameters": {"content_type": "np"}, "data": [-0.5, 0.0, 0.5]}], ' +
      '"outputs": [{"name": "grad", "parameters": {"content_type": "np"}}]}';
    const response = await send('surrogate_grad', { 'content-type': 'application/json' }, body);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect((await response.json()) as Answer).toMatchObject({ id: '5e4b9f6c', outputs: [{ name: 'grad', shape: [3, 1] }] });
  });
});

describe("Triton's clients", () => {
  it('in C++ tell how long the JSON is where nothing follows it', async () => {
    const json =
      '{"id":"","inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[0]}],"parameters":{"surrogate":"sigmoid","binary_data_output":true}}';
    const response = await send(
      'surrogate_grad',
      { 'inference-header-content-length': String(json.length), 'content-type': 'application/json' },
      json,
    );
    expect((await unframe<Answer>(response)).outputs).toMatchObject([{ name: 'grad', values: [1] }]);
  });
});
