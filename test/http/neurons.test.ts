import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { golden } from '../compute/support/golden.ts';
import { announce, frame, unframe } from './framing.ts';
import { errorsOf, Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const post = async <Body>(path: string, body: object) => (await service.post<Body>(path, body)).body;

interface Results {
  readonly results: readonly {
    readonly surrogate?: object;
    readonly loss: number[];
    readonly grad: Record<string, unknown>;
    readonly v: number[][];
  }[];
  readonly neuron?: object;
}
type Records = Readonly<Record<string, number[][]>> & { readonly state: Readonly<Record<string, number[]>> };

const leaky = { model: 'snntorch.Leaky', beta: 0.9 };
const current = [[0.3, 1.2, 0.4, 0.9, 0.1, 1.4]];

describe('a neuron of a library', () => {
  it('has its own step, surrogate and settings', async () => {
    const { results, neuron } = await post<Results>('/lif/grad', { current, neuron: leaky, wrt: ['beta', 'threshold', 'v_init', 'state'] });
    expect(results[0]!.surrogate).toEqual({ name: 'snntorch.atan', alpha: 2 });
    expect(results[0]!.grad).toEqual({
      beta: expect.any(Number) as number,
      threshold: expect.any(Number) as number,
      v_init: expect.any(Number) as number,
      state: { v: results[0]!.grad.v_init },
    });
    expect(neuron).toMatchObject({ model: 'general', leak: 0.9, strict: true, reset: { kind: 'soft', when: 'late' } });
  });

  it('runs the same by the settings that its name stands for', async () => {
    const record = ['v', 'v_pre', 'v_post', 'spikes'];
    const { neuron, ...own } = await post<Records & { readonly neuron: object }>('/lif/simulate', { current, neuron: leaky, record });
    const general = await post<Records>('/lif/simulate', { current, neuron, record });
    for (const name of record) expect(general[name], name).toEqual(own[name]);
  });

  it('goes on from its state', async () => {
    const neuron = { model: 'cuba_lif' };
    const [first, second] = [current[0]!.slice(0, 3), current[0]!.slice(3)];
    const whole = await post<Records>('/lif/simulate', { current, neuron, dt: 1, record: ['v', 'u', 'state'] });
    const { state } = await post<Records>('/lif/simulate', { current: [first], neuron, dt: 1, record: ['state'] });
    const rest = await post<Records>('/lif/simulate', { current: [second], neuron, dt: 1, state, record: ['v', 'u', 'state'] });
    expect(Object.keys(state)).toEqual(expect.arrayContaining(['v', 'u']));
    expect(rest.v![0]).toEqual(whole.v![0]!.slice(3));
    expect(rest.u![0]).toEqual(whole.u![0]!.slice(3));
    expect(rest.state).toEqual(whole.state);
  });

  it('without spikes has no surrogate', async () => {
    const { results } = await post<Results>('/lif/grad', { current, neuron: { model: 'li' }, loss: { type: 'cotangent', v: 1 } });
    expect(results).toHaveLength(1);
    expect(results[0]).not.toHaveProperty('surrogate');
    expect(results[0]!.grad.current).toEqual([expect.any(Array) as number[]]);
  });
});

describe('POST /lif/jvp', () => {
  it.each(['spikes', 'smooth'])('is the transpose of the gradient (%s)', async (forward) => {
    const request = {
      current,
      neuron: leaky,
      forward,
      loss: { type: 'cotangent', v: 0.3, spikes: 1.1 },
      dtype: 'float64',
      backend: 'reference',
    };
    const { results: gradients } = await post<Results>('/lif/grad', { ...request, wrt: ['current', 'beta'] });
    const { current: bars, beta } = gradients[0]!.grad as { current: number[][]; beta: number };
    const tangent = [[1, -2, 0.5, 0, 3, 1]];
    const { results } = await post<Results>('/lif/jvp', { ...request, tangents: { current: tangent, beta: 0.7 } });
    const expected = 0.7 * beta + tangent[0]!.reduce((sum, value, t) => sum + value * bars[0]![t]!, 0);
    expect(results[0]!.loss[0]).toBeCloseTo(expected, 9);
    expect(results[0]!.v[0]).toHaveLength(6);
  });

  it('moves a smooth run as finite differences do', async () => {
    const request = { neuron: leaky, forward: 'smooth', dtype: 'float64', backend: 'reference' };
    const vAt = async (step: number) =>
      (await post<Records>('/lif/simulate', { ...request, current: [current[0]!.map((value) => value + step)], record: ['v'] })).v![0]!;
    const [after, before] = [await vAt(1e-5), await vAt(-1e-5)];
    const { results } = await post<Results>('/lif/jvp', { ...request, current, tangents: { current: [new Array(6).fill(1)] } });
    for (const [t, value] of results[0]!.v[0]!.entries()) expect(value).toBeCloseTo((after[t]! - before[t]!) / 2e-5, 6);
  });
});

describe('the catalogue of neurons', () => {
  it('lists every model, and each by its name', async () => {
    const { body } = await service.request<{ neurons: { name: string }[] }>('/neurons');
    expect(body.neurons.map(({ name }) => name)).toEqual([...neurons.keys()]);
    const { body: entry } = await service.request('/neurons/snntorch.Leaky');
    expect(entry).toEqual(body.neurons.find(({ name }) => name === 'snntorch.Leaky'));
    expect(entry).toMatchObject({
      library: 'snnTorch',
      equations: expect.arrayContaining([expect.any(String)]) as string[],
      parameters: { beta: { allows_null: false, differentiable: true }, threshold: { default: 1 } },
      options: { reset_mechanism: { default: 'subtract', values: ['subtract', 'zero', 'none'] } },
      state: ['v'],
      surrogate: 'snntorch.atan',
    });
  });

  it('names the nearest of an unknown one', async () => {
    const { status, body } = await service.request<{ code: string; detail: string }>('/neurons/snntorch.Leeky');
    expect([status, body.code]).toEqual([404, 'neuron_not_found']);
    expect(body.detail).toContain('did you mean "snntorch.Leaky"?');
  });
});

describe("a library's own numbers", () => {
  const { inputs, cotangents, cases } = golden('neurons.json');
  const known = cases
    .filter(({ request }) => neurons.has(request.neuron.model))
    .map((one, i) => [`${i} ${one.request.neuron.model}`, one] as const);

  it.each(known)('are answered: %s', async (_name, { request, spikes, v, grad }) => {
    const { neuron, surrogate, wrt } = request;
    const run = { neuron, current: inputs[request.current], dtype: 'float64' };
    const forward = await post<Records>('/lif/simulate', { ...run, record: ['v', ...(spikes ? ['spikes'] : [])] });
    expectClose(forward.v, v);
    if (spikes) expect(forward.spikes).toEqual(spikes);
    if (wrt.length === 0) return;
    const loss = { type: 'cotangent', v: cotangents.v, ...(spikes && { spikes: cotangents.spikes }) };
    const { results } = await post<Results>('/lif/grad', { ...run, ...(surrogate && { surrogate }), wrt, loss });
    for (const name of wrt) expectClose(results[0]!.grad[name], grad[name]);
  });

  /** The numbers of the framed tensors of a request. */
  const float32 = (rows: unknown) => Float32Array.from(flat(rows));
  const shape = [6, 40];

  it.each(known)('are answered as bytes in float32: %s', async (_name, { request, spikes, v, grad }) => {
    const { neuron, surrogate, wrt } = request;
    const of = async <Body>(path: string, json: object, ...tensors: readonly Float32Array[]) => {
      const { body, headers } = frame({ current: announce(tensors[0]!, shape), neuron, ...json }, ...tensors);
      return unframe<Body>(await service.send(path, { body, headers: { ...headers, accept: 'application/octet-stream' } }));
    };
    type Tensor = { readonly values: number[] } | number;
    const numbers = (tensor: Tensor | undefined) => (typeof tensor === 'object' ? tensor.values : tensor);
    const input = float32(inputs[request.current]);
    const forward = await of<Record<string, Tensor>>('/lif/simulate', { record: ['v', ...(spikes ? ['spikes'] : [])] }, input);
    expectClose(numbers(forward.v), v, float32Tolerance);
    if (spikes) expectClose(numbers(forward.spikes), spikes, float32Tolerance);
    if (wrt.length === 0) return;
    const bars = [float32(cotangents.v), ...(spikes ? [float32(cotangents.spikes)] : [])];
    const loss = { type: 'cotangent', v: announce(bars[0]!, shape), ...(spikes && { spikes: announce(bars[1]!, shape) }) };
    const { results } = await of<{ results: { grad: Record<string, Tensor> }[] }>(
      '/lif/grad',
      { ...(surrogate && { surrogate }), wrt, loss },
      input,
      ...bars,
    );
    for (const name of wrt) expectClose(numbers(results[0]!.grad[name]), grad[name], float32Tolerance);
  });

  it.each(known)('are answered by the Open Inference Protocol: %s', async (_name, { request, spikes, v, grad }) => {
    const { neuron, surrogate, wrt } = request;
    const input = (name: string, rows: unknown, of: readonly number[] = shape) => ({ name, shape: of, datatype: 'FP64', data: flat(rows) });
    const given = Object.entries(neuron);
    const current = input('current', inputs[request.current]);
    const perNeuron = given.flatMap(([name, value]) => (Array.isArray(value) ? [input(name, value, [value.length])] : []));
    const fields = Object.fromEntries(given.flatMap(([name, value]) => (Array.isArray(value) ? [] : [[name, value ?? 'null']])));
    const infer = async (model: string, bars: object[], parameters: object) => {
      const body = { inputs: [current, ...perNeuron, ...bars], parameters: { ...fields, dtype: 'float64', ...parameters } };
      const { outputs } = await post<{ outputs: { name: string; data: number[] }[] }>(`/v2/models/${model}/infer`, body);
      return new Map(outputs.map(({ name, data }) => [name, data]));
    };
    const forward = await infer('lif_simulate', [], { record: spikes ? 'v,spikes' : 'v' });
    expectClose(forward.get('v'), v);
    if (spikes) expectClose(forward.get('spikes'), spikes);
    if (wrt.length === 0) return;
    const bars = [input('cotangent_v', cotangents.v), ...(spikes ? [input('cotangent_spikes', cotangents.spikes)] : [])];
    const parameters = { wrt: wrt.join(), ...(surrogate && { surrogate: JSON.stringify(surrogate) }) };
    const gradients = await infer('lif_grad', bars, parameters);
    for (const name of wrt) expectClose(gradients.get(`grad_${name}`), grad[name]);
  });
});

describe('the bytes of a library neuron', () => {
  const framed = async <Body>(path: string, request: object) => {
    const { body, headers } = frame(request);
    return unframe<Body>(await service.send(path, { body, headers: { ...headers, accept: 'application/octet-stream' } }));
  };

  it.each([
    ['uint8', { record: ['spikes'] }, leaky],
    ['uint8', { record: ['spikes'] }, { ...leaky, graded_spikes_factor: 1 }],
    ['float32', { record: ['spikes'] }, { ...leaky, graded_spikes_factor: 2 }],
    ['float32', { record: ['spikes'] }, { model: 'sinabs.IAF' }],
  ])('has spikes as %s (%j, %j)', async (dtype, record, neuron) => {
    const { spikes } = await framed<{ spikes: object }>('/lif/simulate', { current, neuron, ...record });
    expect(spikes).toMatchObject({ dtype, shape: [1, 6] });
  });

  it('has a time for each of several spikes in a step', async () => {
    const request = { current: [[5.3, 0, 2.2, 0.1]], neuron: { model: 'sinabs.IAF' }, record: ['spikes', 'spike_times', 'spike_counts'] };
    expect(await post('/lif/simulate', request)).toMatchObject({
      spikes: [[5, 0, 2, 0]],
      spike_times: [[0, 0, 0, 0, 0, 2, 2]],
      spike_counts: [7],
    });
  });

  it('refuses parameters from which a setting follows that is not finite', async () => {
    const request = { current: 1, steps: 3, neuron: { model: 'snntorch.Alpha', alpha: 0.7, beta: 0.7 } };
    for (const dry_run of [true, false])
      expect(await post('/lif/simulate', { ...request, dry_run })).toMatchObject({
        code: 'invalid_request',
        errors: [
          {
            path: '/neuron',
            message: expect.stringMatching(/^gives snntorch\.Alpha a gain of -?Infinity, which has to be finite/) as string,
          },
        ],
      });
  });

  it('answers no spike times of neurons that fire a billion times in a step, before there is memory for them', async () => {
    const request = { current: [3e9, 1.5], steps: 3, neuron: { model: 'sinabs.IAF' } };
    expect(await post('/lif/simulate', { ...request, record: ['spike_counts'] })).toMatchObject({ spike_counts: [2147483647, 4] });
    expect(await post('/lif/simulate', { ...request, record: ['spike_times'] })).toMatchObject({
      code: 'too_much_work',
      status: 413,
      detail:
        'The neurons fired at least 2147483647 times, several times a step; `spike_times` has at most 65542. Record `spikes`, which says how often they fired in each step.',
    });
  });
});

describe('gradients of a run in chunks', () => {
  it('are those of the whole run', async () => {
    const neuron = { model: 'norse.LIFAdEx' };
    const request = { neuron, dtype: 'float64', wrt: ['current', 'state', 'tau_mem_inv'] };
    const [first, second] = [[current[0]!.slice(0, 3)], [current[0]!.slice(3)]];
    const gradient = async (body: object) => (await post<Results>('/lif/grad', { ...request, ...body })).results[0]!.grad;
    const whole = await gradient({ current, loss: { type: 'cotangent', v: 1, spikes: 0.5 } });
    const { state } = await post<Records>('/lif/simulate', { neuron, current: first, dtype: 'float64', record: ['state'] });
    const last = await gradient({ current: second, state, loss: { type: 'cotangent', v: 1, spikes: 0.5 } });
    const start = await gradient({ current: first, loss: { type: 'cotangent', v: 1, spikes: 0.5, state: last.state } });
    expectClose([...flat(start.current), ...flat(last.current)], whole.current);
    expectClose(flat(start.tau_mem_inv)[0]! + flat(last.tau_mem_inv)[0]!, whole.tau_mem_inv);
    for (const [name, value] of Object.entries(whole.state as object)) expectClose((start.state as Record<string, unknown>)[name], [value]);
  });
});

describe('a flat request', () => {
  const inputs = [{ name: 'current', shape: [1, 6], datatype: 'FP32', data: current[0] }];
  const infer = async (parameters: object) => service.post<{ outputs: object[] }>('/v2/models/lif_simulate/infer', { inputs, parameters });

  it("gives a library's neuron its own time step, and null", async () => {
    const { status } = await infer({ model: 'brainpy.state.LIF', dt: 0.1, record: 'v' });
    expect(status).toBe(200);
    const { body } = await infer({ model: 'spikingjelly.IFNode', v_reset: 'null', record: 'v' });
    const json = await post<Records>('/lif/simulate', { current, neuron: { model: 'spikingjelly.IFNode', v_reset: null }, record: ['v'] });
    expect(body.outputs).toEqual([{ name: 'v', datatype: 'FP32', shape: [1, 6], data: json.v![0] }]);
  });
});

describe('a request that a user of a library gets wrong', () => {
  it.each<[string, object, string]>([
    ['/lif/grad', { neuron: leaky, wrt: ['alpha'] }, 'got "alpha"; did you mean "surrogate.alpha"?'],
    ['/lif/grad', { neuron: { model: 'norse.LIF' }, wrt: ['dt'] }, 'dt is a setting of norse.LIF, without a gradient'],
    ['/lif/grad', { neuron: { model: 'bindsnet.LIFNodes' } }, '/neuron/model: bindsnet.LIFNodes has no gradient: BindsNET trains by local'],
    ['/lif/jvp', { neuron: leaky, tangents: { tau: 1 } }, '/tangents/tau: must be one of "current", "graded_spikes_factor", "beta"'],
    ['/lif/simulate', { neuron: leaky, record: ['u'] }, '/record/0: must be one of "spike_counts"'],
    ['/lif/simulate', { neuron: { model: 'general', synapse: 3 } }, '/neuron/synapse: must be an object with fields such as "decay"'],
    [
      '/lif/simulate',
      { neuron: { model: 'general', synaps: { decay: 1 } } },
      '/neuron/synaps: unknown field "synaps"; did you mean "synapse"?',
    ],
    ['/lif/simulate', { neuron: { model: 'spikingjelly.PSN' } }, "/neuron/model: SpikingJelly's PSN is left out on purpose"],
  ])('is told so (%s, %j)', async (path, request, message) => {
    expect(errorsOf(await service.refused(path, { current, ...request }))).toContain(message);
  });

  it('is told once of a required parameter that is null', async () => {
    const problem = await service.refused('/lif/simulate', { current, neuron: { ...leaky, beta: null } });
    expect(problem.errors).toHaveLength(1);
  });
});

/** A rounding of the input to float32 alone moves a number by up to 2e-4 of the largest. */
const float32Tolerance = 5e-4;

/** Compares numbers one by one: differences within a part of the largest. */
function expectClose(actual: unknown, expected: unknown, tolerance = 1e-8): void {
  const [got, wanted] = [flat(actual), flat(expected)];
  expect(got).toHaveLength(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [i, value] of wanted.entries()) expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, largest));
}

function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
}
