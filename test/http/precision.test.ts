import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader, readNpy } from '../../src/codecs/npy.ts';
import { numbers, type Base64Tensor, type GradAnswer, type LifGradAnswer, type SimulateAnswer } from './answers.ts';
import { announce, frame, unframe } from './framing.ts';
import { errorsOf, Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const x = Float64Array.of(-0.1, 0.2, 0.3);
const base64 = (values: Float32Array | Float64Array) => ({
  dtype: values instanceof Float64Array ? 'float64' : 'float32',
  shape: [values.length],
  base64: Buffer.from(values.buffer).toString('base64'),
});

/** The gradients in a precision: those of float64 have digits that float32 does not hold. */
async function gradIn(dtype: 'float32' | 'float64'): Promise<number[]> {
  const request = { x: Array.from(x), surrogate: 'arctan', dtype, encoding: 'base64' };
  return numbers((await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', request)).body.results[0]!.grad);
}

describe('a tensor of float64 makes the answer float64', () => {
  it('in base64, in each encoding', async () => {
    const wide = await gradIn('float64');
    expect(wide.map(Math.fround)).not.toEqual(wide);
    const request = { x: base64(x), surrogate: 'arctan' };
    const plain = await service.post<GradAnswer>('/surrogate/grad', request);
    expect(plain.body.meta.dtype).toBe('float64');
    expect(plain.body.results[0]!.grad).toEqual(wide);
    const encoded = await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', { ...request, encoding: 'base64' });
    expect(encoded.body.results[0]!.grad.dtype).toBe('float64');
    expect(numbers(encoded.body.results[0]!.grad)).toEqual(wide);
  });

  it('as bytes', async () => {
    const framed = frame({ x: announce(x), surrogate: 'arctan' }, x);
    const response = await service.send('/surrogate/grad', framed, { accept: 'application/octet-stream' });
    const { results, meta } = await unframe<GradAnswer<{ dtype: string; values: number[] }>>(response);
    expect([meta.dtype, results[0]!.grad.dtype]).toEqual(['float64', 'float64']);
    expect(results[0]!.grad.values).toEqual(await gradIn('float64'));
  });

  it('as npy, unless the URL says otherwise', async () => {
    const body = new Uint8Array(Buffer.concat([npyHeader('float64', [3]), Buffer.from(x.buffer)]));
    const send = async (query: string) => {
      const headers = { 'content-type': 'application/x-npy' };
      const response = await fetch(`${service.url}/surrogate/grad?surrogate=arctan${query}`, { method: 'POST', headers, body });
      return new Uint8Array(await response.arrayBuffer());
    };
    const wide = await send('');
    expect(readNpy(wide)).toMatchObject({ dtype: 'float64', shape: [3] });
    expect(Array.from(new Float64Array(wide.slice(128).buffer))).toEqual(await gradIn('float64'));
    const narrow = await send('&dtype=float32');
    expect(readNpy(narrow)).toMatchObject({ dtype: 'float32' });
    expect(Array.from(new Float32Array(narrow.slice(128).buffer))).toEqual(await gradIn('float32'));
  });

  it('as FP64 of /v2, in JSON too, where the type is said', async () => {
    const infer = async (input: object, parameters: object = {}) => {
      const request = frame({ inputs: [{ name: 'x', shape: [3], ...input }], parameters: { surrogate: 'arctan', ...parameters } });
      const bytes = 'data' in input ? [] : [x];
      const body = new Uint8Array(Buffer.concat([request.body, ...bytes.map(({ buffer }) => Buffer.from(buffer))]));
      const response = await service.send('/v2/models/surrogate_grad/infer', { ...request, body });
      return (await response.json()) as { outputs: { datatype: string; data: number[] }[]; parameters: { dtype: string } };
    };
    const wide = { datatype: 'FP64', data: await gradIn('float64') };
    const asBytes = await infer({ datatype: 'FP64', parameters: { binary_data_size: 24 } });
    expect([asBytes.outputs[0], asBytes.parameters]).toMatchObject([wide, { dtype: 'float64' }]);
    expect((await infer({ datatype: 'FP64', data: Array.from(x) })).outputs[0]).toMatchObject(wide);
    const narrow = await infer({ datatype: 'FP64', data: Array.from(x) }, { dtype: 'float32' });
    expect(narrow.outputs[0]!.datatype).toBe('FP32');
    expect((await infer({ datatype: 'FP32', data: Array.from(x) })).outputs[0]!.datatype).toBe('FP32');
  });

  it('wherever it stands', async () => {
    const ten = base64(Float64Array.of(10));
    for (const part of [
      { neuron: { tau: ten } },
      { state: { v: base64(Float64Array.of(0)) } },
      { loss: { type: 'firing_rate_mse', target: ten } },
      { loss: { type: 'cotangent', spikes: 1, state: { v: base64(Float64Array.of(1)) } } },
    ]) {
      const request = { current: base64(Float32Array.of(1.5)), steps: 200, ...part };
      const { body } = await service.post<LifGradAnswer>('/lif/grad', request);
      expect(body.meta.dtype, JSON.stringify(part)).toBe('float64');
      const asked = await service.post<LifGradAnswer>('/lif/grad', { ...request, dtype: 'float64' });
      expect(body.results).toEqual(asked.body.results);
    }
    const tangents = { current: base64(Float64Array.of(1)) };
    expect((await service.post<GradAnswer>('/lif/jvp', { current: [1.5], steps: 10, tangents })).body.meta.dtype).toBe('float64');
    const run = { current: base64(Float64Array.of(1.5)), steps: 10, record: ['v'], encoding: 'base64' };
    const { body } = await service.post<SimulateAnswer<Base64Tensor>>('/lif/simulate', run);
    expect([body.meta.dtype, body.v!.dtype]).toEqual(['float64', 'float64']);
    const outline = await service.post<{ v: object }>('/lif/simulate', { ...run, dry_run: true });
    expect(outline.body).toMatchObject({ v: { dtype: 'float64', bytes: 80 }, meta: { dtype: 'float64' } });
  });

  it('in a body that is read in a thread', async () => {
    const large = Float64Array.from({ length: 700_000 }, (_, i) => Math.sin(i));
    const framed = frame({ x: announce(large), surrogate: 'arctan' }, large);
    const response = await service.send('/surrogate/grad', framed, { accept: 'application/octet-stream' });
    const { results } = await unframe<GradAnswer<{ dtype: string; values: number[] }>>(response);
    expect(results[0]!.grad.dtype).toBe('float64');
    expect(results[0]!.grad.values[1]).toBeCloseTo(1 / (1 + (Math.PI * Math.sin(1)) ** 2 / 4) / 2, 14);
  });
});

describe('else the answer is float32', () => {
  it('for float32 beside JSON with as many digits as there may be', async () => {
    const request = { x: base64(Float32Array.from(x)), cotangent: 0.12345678901234567, surrogate: 'arctan' };
    expect((await service.post<GradAnswer>('/surrogate/grad', request)).body.meta.dtype).toBe('float32');
    const numbersAlone = { x: Array.from(x), surrogate: 'arctan' };
    expect((await service.post<GradAnswer>('/surrogate/grad', numbersAlone)).body.meta.dtype).toBe('float32');
  });

  it('where the request asks for float32, and float64 where it asks for that', async () => {
    const asked = await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', {
      x: base64(x),
      surrogate: 'arctan',
      dtype: 'float32',
      encoding: 'base64',
    });
    expect(asked.body.results[0]!.grad.dtype).toBe('float32');
    expect(numbers(asked.body.results[0]!.grad)).toEqual(await gradIn('float32'));
    const other = { x: base64(Float32Array.from(x)), surrogate: 'arctan', dtype: 'float64' };
    expect((await service.post<GradAnswer>('/surrogate/grad', other)).body.meta.dtype).toBe('float64');
  });
});

it('float64 with the back-end tensorflow, which does not compute it, is refused where it stands, unless float32 is asked for', async () => {
  const request = { current: base64(Float64Array.of(1.5)), steps: 10, backend: 'tensorflow' };
  expect(errorsOf(await service.refused('/lif/grad', request))).toBe(
    '/current: is float64, which is computed by the back-ends "wasm" and "reference" only, not by "tensorflow"; leave /backend out, or send float32, or "dtype": "float32"',
  );
  // There is no TensorFlow here, and wasm does it.
  const { body } = await service.post<LifGradAnswer>('/lif/grad', { ...request, dtype: 'float32' });
  expect(body.meta).toMatchObject({ backend: 'wasm', dtype: 'float32', fallback: { from: 'tensorflow' } });
});
