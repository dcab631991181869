import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader, readNpy } from '../../src/codecs/npy.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { GradAnswer, LifGradAnswer, SimulateAnswer } from './answers.ts';
import { Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const npy = (values: Float32Array | Float64Array, shape: readonly number[] = [values.length]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat([npyHeader(values instanceof Float32Array ? 'float32' : 'float64', shape), Buffer.from(values.buffer)]));
const send = (path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(service.url + path, { method: 'POST', body, headers: { 'content-type': 'application/x-npy', ...headers } });

/** The numbers of an npy answer that holds float32. */
async function floats(response: Response): Promise<{ shape: readonly number[]; values: number[] }> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(response.status, Buffer.from(bytes).toString().slice(0, 300)).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/x-npy');
  const array = readNpy(bytes);
  if (typeof array === 'string') throw new Error(array);
  return { shape: array.shape, values: Array.from(new Float32Array(bytes.slice(array.dataOffset).buffer)) };
}

const x = Float32Array.of(-0.5, 0, 0.5, 1, 2, 3);

describe('an npy body', () => {
  it('gives npy: the gradients of a surrogate, named with its parameters in the URL', async () => {
    const answer = await floats(await send('/surrogate/grad?surrogate=sigmoid&alpha=2', npy(x, [2, 3])));
    const plain = (await service.post<GradAnswer>('/surrogate/grad', { x: Array.from(x), surrogate: { name: 'sigmoid', alpha: 2 } })).body
      .results[0]!.grad as number[];
    expect(answer.shape).toEqual([2, 3]);
    expect(answer.values).toEqual(plain.map(Math.fround));
  });

  it('takes a table as JSON text', async () => {
    const surrogate = encodeURIComponent('{"name": "table", "x": [-1, 1], "grad": [0, 1]}');
    const { values } = await floats(await send(`/surrogate/grad?surrogate=${surrogate}`, npy(x)));
    expect(values).toEqual([0.25, 0.5, 0.75, 1, 0, 0]);
  });

  it('may be float64, in Fortran order, and large', async () => {
    const header = npyHeader('float64', [2, 3]).toString('latin1').replace("'fortran_order': False", "'fortran_order': True ");
    const body = new Uint8Array(Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(Float64Array.from([0, 3, 1, 4, 2, 5]).buffer)]));
    const answer = await floats(await send('/surrogate/eval?surrogate=relu_grad&outputs=value&dtype=float32', body));
    const plain = (
      await service.post<{ results: { value: number[] }[] }>('/surrogate/eval', {
        x: [0, 1, 2, 3, 4, 5],
        surrogate: 'relu_grad',
        outputs: ['value'],
      })
    ).body.results[0]!.value;
    expect(answer.values).toEqual(plain.map(Math.fround));

    const large = Float32Array.from({ length: 300_000 }, (_, i) => Math.sin(i));
    const { values } = await floats(await send('/surrogate/grad?surrogate=sigmoid', npy(large)));
    expect(values).toHaveLength(300_000);
    expect(values[1]).toBe((await floats(await send('/surrogate/grad?surrogate=sigmoid', npy(large.slice(1, 2))))).values[0]);
  });

  it('is the current of neurons', async () => {
    const current = Float32Array.of(1.5, 2);
    const v = await floats(await send('/lif/simulate?steps=50&tau=20&reset=soft&record=v&input_scaling=false', npy(current)));
    const plain = (
      await service.post<SimulateAnswer>('/lif/simulate', {
        current: [1.5, 2],
        steps: 50,
        neuron: { tau: 20, reset: 'soft', input_scaling: false },
        record: ['v'],
      })
    ).body;
    expect(v.shape).toEqual([2, 50]);
    expect(v.values).toEqual((plain.v as number[][]).flat().map(Math.fround));
    const gradient = await floats(
      await send('/lif/grad?steps=50&surrogate=erf&alpha=2&detach_reset=true&loss=firing_rate_mse&target=20&wrt=v_init', npy(current)),
    );
    const plainGrad = (
      await service.post<LifGradAnswer>('/lif/grad', {
        current: [1.5, 2],
        steps: 50,
        surrogate: { name: 'erf', alpha: 2 },
        detach_reset: true,
        loss: { type: 'firing_rate_mse', target: 20 },
        wrt: ['v_init'],
      })
    ).body;
    expect(gradient.shape).toEqual([]);
    expect(gradient.values).toEqual([Math.fround(plainGrad.results[0]!.grad.v_init as number)]);
  });

  it('gives whole numbers as what they are', async () => {
    const response = await send('/lif/simulate?steps=500&record=spikes', npy(Float32Array.of(1.5)));
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toContain(
      "'descr': '|u1', 'fortran_order': False, 'shape': (1, 500)",
    );
  });

  it('is answered with JSON or framed where that is accepted', async () => {
    const response = await send('/surrogate/grad?surrogate=sigmoid', npy(x), { accept: 'application/json' });
    expect(((await response.json()) as GradAnswer).results[0]!.grad).toHaveLength(6);
    expect(
      (await send('/surrogate/grad?surrogate=sigmoid', npy(x), { accept: 'application/octet-stream' })).headers.get(
        'inference-header-content-length',
      ),
    ).toBeTruthy();
  });

  it.each([
    ['/surrogate/grad', npy(x), 'invalid_request', '/surrogate: is required'],
    ['/surrogate/grad?surrogate=sigmoit', npy(x), 'invalid_request', 'did you mean "sigmoid"'],
    ['/surrogate/grad?surrogate=sigmoid&alpha=abc', npy(x), 'invalid_request', '/surrogate/alpha: must be a number'],
    ['/surrogate/grad?surrogate=sigmoid&beta=1', npy(x), 'invalid_request', '/surrogate/beta: sigmoid has no parameter "beta"'],
    ['/surrogate/grad?surrogate=sigmoid&surrogate=erf', npy(x), 'invalid_request', '/surrogate: must stand in the URL once'],
    [
      '/surrogate/eval?surrogate=sigmoid',
      npy(x),
      'invalid_request',
      '/outputs: must be "spike" or "value", since an npy answer holds one tensor',
    ],
    ['/lif/simulate?steps=10', npy(x), 'invalid_request', '/record: must name one field'],
    ['/lif/simulate?steps=010&record=v', npy(x), 'invalid_request', '/steps: must be a whole number, got "010"'],
    ['/lif/simulate?steps=10&record=v&stepz=1', npy(x), 'invalid_request', 'did you mean "steps"'],
    ['/lif/grad?steps=10&wrt=current,tau', npy(x), 'invalid_request', '/wrt: must name one quantity'],
    ['/surrogate/grad?surrogate=sigmoid', npy(x).slice(0, -4), 'invalid_npy', 'not an array of numbers as numpy.save writes it'],
    ['/surrogate/grad?surrogate=sigmoid', new Uint8Array(Buffer.from('PK zip')), 'invalid_npy', 'numpy.save'],
    ['/surrogate/grad?surrogate=sigmoid', npy(Float32Array.of(NaN)), 'invalid_request', '/x: element 0 must be a finite number'],
  ])('to %s is refused where it is wrong (%#)', async (path, body, code, detail) => {
    const response = await send(path, body);
    const problem = (await response.json()) as ProblemDocument;
    expect(problem).toMatchObject({ status: 400, code });
    expect(problem.detail).toContain(detail);
  });
});

it('a JSON request can be answered with npy', async () => {
  const response = await fetch(`${service.url}/surrogate/grad`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/x-npy' },
    body: JSON.stringify({ x: [0, 1], surrogate: 'sigmoid' }),
  });
  expect((await floats(response)).shape).toEqual([2]);
});
