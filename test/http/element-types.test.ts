import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementTypeNames, elementTypes, type ElementType } from '../../src/codecs/element-types.ts';
import { readNpy } from '../../src/codecs/npy.ts';
import { elementBytes } from '../../support/element-bytes.ts';
import { numbers, type Base64Tensor, type GradAnswer, type LifGradAnswer, type SimulateAnswer } from './answers.ts';
import { frame, unframe } from './framing.ts';
import { errorsOf, Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

/** Six numbers of each type, at the ends of its range where the surrogate still has a gradient there or not. */
const samples: Readonly<Record<ElementType, readonly number[]>> = {
  float32: [-1, 0, 0.5, 1, 2 ** -149, 3e38].map(Math.fround),
  float64: [-1, 0, 0.5, 1, 2 ** -149, 2 ** 120],
  bits: [0, 1, 1, 0, 1, 1],
  bool: [0, 1, 1, 0, 1, 1],
  uint8: [0, 1, 2, 3, 4, 255],
  int8: [-128, -2, -1, 0, 1, 127],
  uint16: [0, 1, 2, 3, 4, 65_535],
  int16: [-32_768, -1, 0, 1, 2, 32_767],
  uint32: [0, 1, 2, 2 ** 24, 2 ** 24 + 2, 2 ** 32 - 256],
  int32: [-(2 ** 31), -1, 0, 1, 2 ** 24, 2 ** 31 - 128],
  uint64: [0, 1, 2, 2 ** 24, 2 ** 53, 2 ** 64 - 2 ** 40],
  int64: [-(2 ** 63), -1, 0, 1, 2 ** 53, 2 ** 63 - 2 ** 39],
  float16: [-65_504, -0.5, 2 ** -24, 2 ** -14, 0.333251953125, 65_504],
  bfloat16: [-1.5, 0, 2 ** -133, 1.0078125, 2, 2 ** 127],
};
const narrow = elementTypeNames.filter((type) => type !== 'float64');
const shape = [2, 3];
/** Has a gradient other than 0 or 1 for every x. */
const surrogate = 'inv_square_grad';

type FramedGrad = GradAnswer<{ readonly dtype: string; readonly values: readonly number[] }>;

function npyFile(descr: string, dims: readonly number[], bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims.join(', ')},), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dictionary}`.padEnd(127) + '\n', 'latin1');
  return new Uint8Array(Buffer.concat([head, bytes]));
}

/** The gradient at the samples of a type, sent as float32 numbers in JSON. */
async function expectedGrad(type: ElementType, dtype: 'float32' | 'float64' = 'float32'): Promise<number[]> {
  const request = { x: samples[type], surrogate, dtype, encoding: 'base64' };
  const { body } = await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', request);
  return numbers(body.results[0]!.grad);
}

const base64 = (type: ElementType, values: readonly number[], dims: readonly number[] = [values.length]) => ({
  dtype: type,
  shape: dims,
  base64: Buffer.from(elementBytes(type, values)).toString('base64'),
});

describe.each(narrow)('%s', (type) => {
  const bytes = elementBytes(type, samples[type]);

  it('is taken in base64', async () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const request = { x: base64(type, samples[type], shape), surrogate, encoding: 'base64', ...(dtype === 'float64' && { dtype }) };
      const { status, body } = await service.post<GradAnswer<Base64Tensor>>('/surrogate/grad', request);
      expect(status, JSON.stringify(body)).toBe(200);
      // None of them is float64, which would decide the precision.
      expect([body.meta.dtype, body.results[0]!.grad.dtype, body.results[0]!.grad.shape]).toEqual([dtype, dtype, shape]);
      expect(numbers(body.results[0]!.grad)).toEqual(await expectedGrad(type, dtype));
    }
  });

  it('is taken behind framed JSON, at any address', async () => {
    for (const spaces of [0, 1, 2, 3, 5]) {
      const json = JSON.stringify({ x: { dtype: type, shape, binary_data_size: bytes.length }, surrogate }) + ' '.repeat(spaces);
      const response = await service.send('/surrogate/grad', frame(json, bytes), { accept: 'application/octet-stream' });
      const { grad } = (await unframe<FramedGrad>(response)).results[0]!;
      expect(grad).toMatchObject({ dtype: 'float32', shape, values: await expectedGrad(type) });
    }
  });

  const { npy, datatype } = elementTypes[type];
  it.skipIf(npy === undefined)('is taken as npy', async () => {
    const response = await fetch(`${service.url}/surrogate/grad?surrogate=${surrogate}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-npy' },
      body: npyFile(npy!, shape, bytes),
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    expect(readNpy(answer), Buffer.from(answer).toString()).toMatchObject({ dtype: 'float32', shape });
    expect(Array.from(new Float32Array(answer.slice(128).buffer))).toEqual(await expectedGrad(type));
  });

  it.skipIf(datatype === undefined)(`is taken by /v2 as bytes, ${datatype}`, async () => {
    const inputs = [{ name: 'x', shape, datatype, parameters: { binary_data_size: bytes.length } }];
    const request = frame({ inputs, parameters: { surrogate, binary_data_output: true } }, bytes);
    const body = await unframe<{ outputs: { values: number[]; datatype: string }[] }>(
      await service.send('/v2/models/surrogate_grad/infer', request),
    );
    expect(body.outputs[0]).toMatchObject({ datatype: 'FP32', shape, values: await expectedGrad(type) });
  });

  it.skipIf(datatype === undefined)(`is ${type.includes('float16') ? 'refused' : 'taken'} by /v2 as JSON, ${datatype}`, async () => {
    const data = type === 'bool' ? samples[type].map(Boolean) : samples[type];
    const nested = [data.slice(0, 3), data.slice(3)];
    for (const given of [data, nested]) {
      const inputs = [{ name: 'x', shape, datatype, data: given }];
      const request = { inputs, parameters: { surrogate } };
      const { status, body } = await service.post<{ error?: string; outputs: { datatype: string; data: number[] }[] }>(
        '/v2/models/surrogate_grad/infer',
        request,
      );
      if (type.includes('float16')) {
        expect([status, body.error]).toEqual([400, `/x/data: ${datatype} comes as bytes only; the protocol has no JSON for it`]);
      } else {
        expect(body.outputs[0]).toMatchObject({ datatype: 'FP32', shape });
        expect(body.outputs[0]!.data.map(Math.fround)).toEqual(await expectedGrad(type));
      }
    }
  });
});

describe('spikes that the service has answered', () => {
  const run = { current: { linspace: [1.2, 3, 8] }, steps: 300, neuron: { refractory: 0.5 } };
  const spikesOf = async () =>
    (await service.post<SimulateAnswer<Base64Tensor>>('/lif/simulate', { ...run, record: ['spikes'], encoding: 'base64' })).body.spikes!;
  const rowsOf = (spikes: Base64Tensor) => {
    const values = numbers(spikes);
    return Array.from({ length: 8 }, (_, b) => values.slice(300 * b, 300 * (b + 1)));
  };

  it('are a current and a cotangent as they are', async () => {
    const spikes = await spikesOf();
    expect(spikes).toMatchObject({ dtype: 'uint8', shape: [8, 300] });
    const rows = rowsOf(spikes);
    expect(rows.flat()).toContain(1);
    const request = (given: unknown) => ({
      current: given,
      neuron: { resistance: 40 },
      loss: { type: 'cotangent', spikes: given, v: given },
    });
    const asBytes = await service.post<LifGradAnswer>('/lif/grad', request(spikes));
    const asNumbers = await service.post<LifGradAnswer>('/lif/grad', request(rows));
    expect(asBytes.status, JSON.stringify(asBytes.body)).toBe(200);
    expect(asBytes.body.results).toEqual(asNumbers.body.results);
    expect(asBytes.body.meta.dtype).toBe('float32');
    expect((asBytes.body.results[0]!.spike_counts as number[]).some((count) => count > 0)).toBe(true);
  });

  it('come and go as npy', async () => {
    const send = (path: string, body: Uint8Array<ArrayBuffer>) =>
      fetch(service.url + path, { method: 'POST', headers: { 'content-type': 'application/x-npy' }, body });
    const current = elementBytes('float32', [1.5, 2.5]);
    const file = await send('/lif/simulate?steps=200&record=spikes', npyFile('<f4', [2], current));
    const spikes = new Uint8Array(await file.arrayBuffer());
    expect(readNpy(spikes)).toMatchObject({ dtype: 'uint8', shape: [2, 200] });
    const v = new Uint8Array(await (await send('/lif/simulate?record=v&input_scaling=false', spikes)).arrayBuffer());
    const rows = [0, 1].map((b) => Array.from(spikes.slice(128 + 200 * b, 328 + 200 * b)));
    const plain = (
      await service.post<SimulateAnswer<Base64Tensor>>('/lif/simulate', {
        current: rows,
        neuron: { input_scaling: false },
        record: ['v'],
        encoding: 'base64',
      })
    ).body.v!;
    expect(Array.from(new Float32Array(v.slice(128).buffer))).toEqual(numbers(plain));
  });

  it('come and go through /v2, and as tangents, targets and parameters', async () => {
    const inputs = [{ name: 'current', shape: [2], datatype: 'FP32', data: [1.5, 2.5] }];
    const first = await service.post<{ outputs: { name: string; shape: number[]; datatype: string; data: number[] }[] }>(
      '/v2/models/lif_simulate/infer',
      { inputs, parameters: { steps: 200, record: 'spikes' } },
    );
    const [spikes] = first.body.outputs;
    expect(spikes).toMatchObject({ name: 'spikes', datatype: 'UINT8', shape: [2, 200] });
    const again = await service.post('/v2/models/lif_simulate/infer', { inputs: [{ ...spikes, name: 'current' }] });
    expect(again.status, JSON.stringify(again.body)).toBe(200);

    const ones = (type: ElementType) => base64(type, [1, 1]);
    const request = (type: ElementType) => ({
      current: [1.5, 2.5],
      steps: 100,
      neuron: { v_threshold: ones(type), resistance: ones(type) },
      state: { v: ones(type) },
      loss: { type: 'firing_rate_mse', target: ones(type) },
      tangents: { current: ones(type), state: { v: ones(type) } },
    });
    const asBool = await service.post<{ results: unknown }>('/lif/jvp', request('bool'));
    expect(asBool.status, JSON.stringify(asBool.body)).toBe(200);
    expect(asBool.body.results).toEqual((await service.post<{ results: unknown }>('/lif/jvp', request('float32'))).body.results);
  });

  it('in Fortran order, many of them', async () => {
    const [rows, columns] = [700, 800];
    const fortran = Uint8Array.from({ length: rows * columns }, (_, i) => Number(i % 7 === 0));
    const file = npyFile('|b1', [rows, columns], fortran);
    const text = Buffer.from(file.subarray(0, 128)).toString('latin1').replace("'fortran_order': False", "'fortran_order': True ");
    file.set(Buffer.from(text, 'latin1'));
    const response = await fetch(`${service.url}/lif/simulate?record=v_final&input_scaling=false`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-npy' },
      body: file,
    });
    const current = Array.from({ length: rows }, (_, b) => Array.from({ length: columns }, (_, t) => fortran[t * rows + b]!));
    const { body } = await service.post<SimulateAnswer<Base64Tensor>>('/lif/simulate', {
      current,
      neuron: { input_scaling: false },
      record: ['v_final'],
      encoding: 'base64',
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    expect(Array.from(new Float32Array(answer.slice(128).buffer))).toEqual(numbers(body.v_final!));
  });
});

describe('what is not a number of its type, or that float32 does not hold, is a 400', () => {
  const integers = 'must be an integer that float32 holds exactly, as it does all up to 16777216 in magnitude';
  it.each([
    ['bool', Uint8Array.of(0, 1, 2), 'element 2 of a bool must be 0 or 1, got 2'],
    ['int32', Int32Array.of(2 ** 24, 2 ** 24 + 1), `element 1 ${integers}, got 16777217; send the tensor as float64`],
    ['int64', BigInt64Array.of(0n, 1n, 2n ** 53n + 1n), `element 2 ${integers}, got 9007199254740993; send the tensor as float64`],
    ['uint64', BigUint64Array.of(2n ** 64n - 1n), `element 0 ${integers}, got 18446744073709551615; send the tensor as float64`],
    ['float16', Uint16Array.of(0x0001, 0x7c00), "element 1 must be a finite number within float32's range, got Infinity"],
    ['float16', Uint16Array.of(0xfe01), "element 0 must be a finite number within float32's range, got NaN"],
    ['bfloat16', Uint16Array.of(0x7f7f, 0xff80), "element 1 must be a finite number within float32's range, got -Infinity"],
  ] as const)('(%#, %s)', async (dtype, { buffer, length, byteLength }, message) => {
    const bytes = new Uint8Array(buffer);
    const x = { dtype, shape: [length], base64: Buffer.from(bytes).toString('base64') };
    expect(errorsOf(await service.refused('/surrogate/grad', { x, surrogate }))).toBe(`/x/base64: ${message}`);
    // Whatever it is computed in: so is the range of all numbers.
    expect(errorsOf(await service.refused('/surrogate/grad', { x, surrogate, dtype: 'float64' }))).toBe(`/x/base64: ${message}`);
    const framed = frame({ x: { dtype, shape: [length], binary_data_size: byteLength }, surrogate }, bytes);
    expect(await (await service.send('/surrogate/grad', framed)).text()).toContain(`/x: ${message}`);
  });

  it.each([
    ['INT32', [1, 1.5], '/x/data/1: must be a whole number from -2147483648 to 2147483647, as INT32 has them, got 1.5'],
    ['INT32', [1, 2 ** 31], '/x/data/1: must be a whole number from -2147483648 to 2147483647, as INT32 has them, got 2147483648'],
    ['INT32', [1, 2 ** 24 + 1], `/x/data/1: ${integers}, got 16777217; send the tensor as float64`],
    ['UINT8', [-1, 0], '/x/data/0: must be a whole number from 0 to 255, as UINT8 has them, got -1'],
    ['UINT8', [0, true], "/x/data/1: must be a finite number within float32's range, got true"],
    ['BOOL', [true, 1], '/x/data/1: must be true or false, as BOOL has them in JSON, got 1'],
    ['BOOL', Array<number>(100).fill(1), '/x/data/0: must be true or false, as BOOL has them in JSON, got 1'],
    ['BOOL', [true, null], '/x/data/1: must be true or false, as BOOL has them in JSON, got null'],
    ['BOOL', [true, true, true], '/x: shape [2] needs 2 values, but data has 3'],
    ['FP32', [true, false], "/x/data/0: must be a finite number within float32's range, got true"],
  ])('in JSON of /v2 (%#, %s)', async (datatype, data, message) => {
    const request = { inputs: [{ name: 'x', shape: [2], datatype, data }], parameters: { surrogate } };
    const { status, body } = await service.post<{ error: string }>('/v2/models/surrogate_grad/infer', request);
    expect(status).toBe(400);
    expect(body.error).toContain(message);
  });

  it('booleans in JSON, and bytes that are too few', async () => {
    expect(errorsOf(await service.refused('/surrogate/grad', { x: [true], surrogate }))).toContain("float32's range, got true");
    const x = { dtype: 'int64', shape: [2], base64: Buffer.alloc(8).toString('base64') };
    expect(errorsOf(await service.refused('/surrogate/grad', { x, surrogate }))).toBe(
      '/x: shape [2] of int64 needs 16 bytes, but base64 holds 8',
    );
  });

  it('a parameter out of its range', async () => {
    const neuron = { tau: base64('int8', [3, 2, 0, 1, -1]) };
    expect(errorsOf(await service.refused('/lif/simulate', { current: 1, steps: 1, neuron }))).toBe(
      '/neuron/tau/2: must be above 0, got 0\n/neuron/tau/4: must be above 0, got -1',
    );
  });
});
