import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { EvalAnswer, GradAnswer, LifGradAnswer, SimulateAnswer } from './answers.ts';
import { announce, frame, unframe, type Framed } from './framing.ts';
import { Service } from './service.ts';
import { numRuns } from '../thorough.ts';

const octets = { accept: 'application/octet-stream' };

interface Tensor {
  dtype: string;
  shape: number[];
  binary_data_size: number;
  values: number[];
}

let service: Service;
beforeAll(async () => {
  service = await Service.start({ MAX_BODY_BYTES: '20000000' });
});
afterAll(() => service.stop());

const random = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 2);

describe('a framed request', () => {
  it('means the same as its JSON', async () => {
    const [current, tau, target] = [random(50), Float64Array.from(random(50), (value) => 10 + value), random(50)];
    const request = { steps: 200, wrt: ['current', 'tau'], loss: { type: 'firing_rate_mse' } };
    const framed = frame(
      { ...request, loss: { ...request.loss, target: announce(target) }, neuron: { tau: announce(tau) }, current: announce(current) },
      target,
      tau,
      current,
    );
    const plain = {
      ...request,
      current: Array.from(current),
      neuron: { tau: Array.from(tau) },
      loss: { ...request.loss, target: Array.from(target) },
    };
    // The bytes are of float64, and so is the answer.
    const expected = (await service.post<LifGradAnswer>('/lif/grad', { ...plain, dtype: 'float64' })).body.results;
    const response = await service.send('/lif/grad', framed);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(((await response.json()) as LifGradAnswer).results).toEqual(expected);
  });

  it.each(['float32', 'float64'] as const)('may have %s at any address and of any size', async (dtype) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 9 }), fc.constantFrom(1, 3, 100, 70_001), async (spaces, length) => {
        const values = dtype === 'float32' ? random(length) : Float64Array.from(random(length));
        const framed = frame(`${JSON.stringify({ x: announce(values), surrogate: 'sigmoid' })}${' '.repeat(spaces)}`, values);
        const { results } = await unframe<GradAnswer<Tensor>>(await service.send('/surrogate/grad', framed, octets));
        expect(results[0]!.grad).toMatchObject({ dtype, shape: [length], binary_data_size: values.byteLength });
        const plain = (
          await service.post<GradAnswer<{ base64: string }>>('/surrogate/grad', {
            x: Array.from(values),
            surrogate: 'sigmoid',
            encoding: 'base64',
            dtype,
          })
        ).body.results[0]!.grad;
        const answered = dtype === 'float32' ? Float32Array.from(results[0]!.grad.values) : Float64Array.from(results[0]!.grad.values);
        expect(Buffer.from(answered.buffer).toString('base64')).toBe(plain.base64);
      }),
      { numRuns: numRuns(30) },
    );
  });

  it('may have any shape, with every gradient in its own', async () => {
    const current = random(6 * 40);
    const framed = frame({ current: announce(current, [6, 40]), neuron: { v_threshold: 0.5 }, wrt: ['current', 'v_threshold'] }, current);
    const { results } = await unframe<LifGradAnswer<Tensor>>(await service.send('/lif/grad', framed, octets));
    const { loss, spike_counts, grad } = results[0]!;
    expect(loss).toMatchObject({ dtype: 'float32', shape: [6], binary_data_size: 24 });
    expect(spike_counts).toMatchObject({ dtype: 'int32', shape: [6], binary_data_size: 24 });
    expect(grad.current).toMatchObject({ dtype: 'float32', shape: [6, 40] });
    expect(typeof grad.v_threshold).toBe('number');
  });

  const x = Float32Array.of(1, 2, 3);
  const request = { x: announce(x), surrogate: 'sigmoid' };
  const head = JSON.stringify(request).length;
  const refused: [string, Framed, string, string][] = [
    [
      'bytes are left over',
      frame(request, x, Uint8Array.of(0)),
      'invalid_request',
      'has 13 bytes behind its JSON, but the binary_data_size of its tensors add up to 12',
    ],
    [
      'bytes are missing',
      frame(request, x.subarray(0, 2)),
      'invalid_request',
      '/x/binary_data_size: is 12, but only 8 of the 8 bytes behind the JSON are left',
    ],
    [
      'a size does not fit the shape',
      frame({ ...request, x: { dtype: 'float32', shape: [4], binary_data_size: 12 } }, x),
      'invalid_request',
      '/x: shape [4] of float32 needs 16 bytes, but binary_data_size is 12',
    ],
    [
      'a shape is beyond counting',
      frame({ ...request, x: { dtype: 'float32', shape: [2 ** 40, 2 ** 40], binary_data_size: 12 } }, x),
      'invalid_request',
      'needs',
    ],
    [
      'a size is no whole number',
      frame({ ...request, x: { dtype: 'float32', shape: [3], binary_data_size: 12.5 } }, x),
      'invalid_request',
      '/x/binary_data_size: must be a whole number of at least 0, got 12.5',
    ],
    [
      'a size is negative',
      frame({ ...request, x: { dtype: 'float32', shape: [3], binary_data_size: -12 } }, x),
      'invalid_request',
      'got -12',
    ],
    [
      'a type is unknown',
      frame({ ...request, x: { dtype: 'int128', shape: [3], binary_data_size: 12 } }, x),
      'invalid_request',
      '/x/dtype: must be one of "float32", "float64", "bits", "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "bfloat16", got "int128"',
    ],
    [
      'a shape is missing',
      frame({ ...request, x: { dtype: 'float32', binary_data_size: 12 } }, x),
      'invalid_request',
      '/x/shape: must be an array',
    ],
    [
      'a number is not finite',
      frame(request, Float32Array.of(1, NaN, 3)),
      'invalid_request',
      "/x: element 1 must be a finite number within float32's range, got NaN",
    ],
    [
      'a number is beyond float32',
      frame({ ...request, x: announce(Float64Array.of(1e300)) }, Float64Array.of(1e300)),
      'invalid_request',
      'got 1e+300',
    ],
    ['the JSON is none', frame('{"x": NaN}', x), 'invalid_json', 'Unexpected "NaN"'],
    [
      'the JSON is cut off',
      { ...frame(request, x), headers: { ...frame(request, x).headers, 'inference-header-content-length': String(head - 1) } },
      'invalid_json',
      'the end of the text',
    ],
    [
      'the header says more than there is',
      { ...frame(request, x), headers: { ...frame(request, x).headers, 'inference-header-content-length': '1000000' } },
      'invalid_frame',
      'says that 1000000 bytes are JSON, but the body has only',
    ],
    [
      'the header is no number',
      { ...frame(request, x), headers: { ...frame(request, x).headers, 'inference-header-content-length': '-5' } },
      'invalid_frame',
      'got "-5"',
    ],
    [
      'the media type is that of JSON alone',
      { ...frame(request, x), headers: { ...frame(request, x).headers, 'content-type': 'application/json' } },
      'invalid_frame',
      `says that ${head} of ${head + 12} bytes are JSON; send them with "Content-Type: application/octet-stream"`,
    ],
    [
      'the header is missing',
      { ...frame(request, x), headers: { 'content-type': 'application/octet-stream' } },
      'invalid_frame',
      'which is missing',
    ],
    [
      'the body is empty',
      { body: new Uint8Array(0), headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' } },
      'empty_body',
      'none came',
    ],
  ];
  it.each(refused)('is a 400 when %s', async (_what, framed, code, detail) => {
    const response = await service.send('/surrogate/grad', framed);
    const problem = (await response.json()) as ProblemDocument;
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.detail).toContain(detail);
  });

  it('is needed for tensors that announce bytes', async () => {
    const problem = await service.refused('/surrogate/grad', request);
    expect(problem.detail).toContain('/x: announces bytes with "binary_data_size", which takes "Content-Type: application/octet-stream"');
  });

  it('may not be larger than any body', async () => {
    const values = new Float32Array(5_100_000);
    const response = await service.send('/surrogate/grad', frame({ x: announce(values), surrogate: 'relu_grad' }, values));
    expect(((await response.json()) as ProblemDocument).code).toBe('body_too_large');
  });
});

describe('a framed answer', () => {
  it('has spikes as bytes, counts as int32, and spike times flat', async () => {
    const request = { current: [1.5, 0, 2], steps: 500, record: ['spikes', 'spike_counts', 'spike_times', 'v', 'firing_rates'] };
    const response = await service.send('/lif/simulate', { ...frame(request), headers: { 'content-type': 'application/json' } }, octets);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(Number(response.headers.get('inference-header-content-length')) % 8).toBe(0);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
    expect(response.headers.get('server-timing')).toMatch(/^decode;dur=.*, queue;dur=.*, compute;dur=.*, encode;dur=/);
    const body = await unframe<SimulateAnswer<Tensor> & { spike_times: Tensor; spike_time_offsets: Tensor }>(response);
    const plain = (await service.post<SimulateAnswer>('/lif/simulate', request)).body;
    expect(body.spikes).toMatchObject({ dtype: 'uint8', shape: [3, 500] });
    expect(body.spikes!.values).toEqual((plain.spikes as number[][]).flat());
    expect(body.spike_counts).toMatchObject({ dtype: 'int32', shape: [3], values: plain.spike_counts });
    expect(body.v).toMatchObject({ dtype: 'float32', shape: [3, 500] });
    expect(body.spike_time_offsets).toMatchObject({ dtype: 'int32', shape: [4] });
    const offsets = body.spike_time_offsets.values;
    const times = plain.spike_times!.map((_, b) => body.spike_times.values.slice(offsets[b], offsets[b + 1]));
    expect(times).toEqual(plain.spike_times!.map((row) => row.map(Math.fround)));
    expect(body.meta).toMatchObject({ backend: 'wasm', dtype: 'float32' });
  });

  it('has uint8 spikes and float32 values of surrogates', async () => {
    const response = await service.send(
      '/surrogate/eval',
      { ...frame({ x: [-1, 0, 1], surrogate: ['sigmoid', 'erf'] }), headers: { 'content-type': 'application/json' } },
      octets,
    );
    const { results } = await unframe<EvalAnswer<Tensor>>(response);
    expect(results.map(({ spike }) => spike)).toEqual(
      [1, 2].map(() => ({ dtype: 'uint8', shape: [3], binary_data_size: 3, values: [0, 1, 1] })),
    );
    expect(results[1]!.value).toMatchObject({ dtype: 'float32', shape: [3] });
  });

  it('is float64 where that is asked for', async () => {
    const response = await service.send(
      '/surrogate/grad',
      { ...frame({ x: [0.1], surrogate: 'sigmoid', dtype: 'float64' }), headers: { 'content-type': 'application/json' } },
      octets,
    );
    const { results } = await unframe<GradAnswer<Tensor>>(response);
    const plain = (await service.post<GradAnswer>('/surrogate/grad', { x: [0.1], surrogate: 'sigmoid', dtype: 'float64' })).body;
    expect(results[0]!.grad).toMatchObject({ dtype: 'float64', binary_data_size: 8, values: plain.results[0]!.grad });
  });

  it('of a large batch holds the same numbers as JSON, to the bit', async () => {
    const request = { current: { linspace: [0.5, 2.5, 70_000] }, steps: 20, wrt: ['current'] };
    const { results } = await unframe<LifGradAnswer<Tensor>>(
      await service.send('/lif/grad', { ...frame(request), headers: { 'content-type': 'application/json' } }, octets),
    );
    const plain = (await service.post<LifGradAnswer>('/lif/grad', request)).body.results[0]!;
    expect((results[0]!.grad.current as Tensor).values).toEqual(
      Float32Array.from(plain.grad.current as number[]).reduce((all: number[], one) => (all.push(one), all), []),
    );
    expect(results[0]!.spike_counts.values).toEqual(plain.spike_counts);
  });

  it('that leaves float32 is a 400', async () => {
    const request = { current: 1e38, steps: 100, dt: 100, neuron: { reset: 'none' }, record: ['v'] };
    const response = await service.send('/lif/simulate', { ...frame(request), headers: { 'content-type': 'application/json' } }, octets);
    expect(((await response.json()) as ProblemDocument).code).toBe('numerical_overflow');
  });
});
