import { describe, expect, it } from 'vitest';
import { FramedTensor, NumericArray, RawTensor, TypedData } from '../../src/codecs/request-tensors.ts';
import { float64Tensor } from '../../src/requests/options.ts';

const bytes = new Uint8Array(8);
const base64 = (dtype: string) => ({ dtype, shape: [1], base64: 'AAAAAAAAAAA=' });
const framed = (dtype: string) => new FramedTensor({ dtype, shape: [1], binary_data_size: 8 }, bytes);

describe('a tensor that came as float64', () => {
  it.each<[object, string]>([
    [{ x: base64('float64') }, '/x'],
    [{ x: framed('float64') }, '/x'],
    [{ x: new RawTensor({ dtype: 'float64', shape: [1], bytes }) }, '/x'],
    [{ x: new TypedData('float64', [1], [0.5]) }, '/x'],
    [{ x: [0], surrogate: 'sigmoid', cotangent: framed('float64') }, '/cotangent'],
    [{ current: 1, neuron: { tau: 10, v_threshold: base64('float64') } }, '/neuron/v_threshold'],
    [{ current: 1, neuron: { model: 'general', reset: { value: framed('float64') } } }, '/neuron/reset/value'],
    [{ current: base64('float32'), state: { v: 0, w: framed('float64') } }, '/state/w'],
    [{ current: [1, 2], loss: { type: 'firing_rate_mse', target: base64('float64') } }, '/loss/target'],
    [{ current: [1, 2], loss: { type: 'cotangent', state: { v: base64('float64') } } }, '/loss/state/v'],
    [{ current: [1, 2], tangents: { tau: 1, state: { v: framed('float64') } } }, '/tangents/state/v'],
  ])('is found (%#)', (request, path) => {
    expect(float64Tensor(request)).toBe(path);
  });

  it.each<object>([
    { x: 0.1, surrogate: 'sigmoid' },
    { x: [0.1, 1e-300], surrogate: ['sigmoid', { name: 'erf', alpha: 2 }], cotangent: { shape: [1], data: [0.1] } },
    { x: new NumericArray(Float64Array.of(0.1), [1]) },
    { x: { shape: [1], data: new NumericArray(Float64Array.of(0.1), [1]) } },
    { current: { linspace: [0, 1, 3] }, neuron: null, loss: { type: 'spike_count' } },
    ...(['float32', 'float16', 'bfloat16', 'bool', 'uint8', 'int32', 'int64'] as const).flatMap((dtype) => [
      { x: base64(dtype) },
      { x: framed(dtype) },
      { x: new RawTensor({ dtype, shape: [1], bytes }) },
      { x: new TypedData(dtype, [1], [1]) },
    ]),
  ])('is none of another form (%#)', (request) => {
    expect(float64Tensor(request)).toBeUndefined();
  });
});
