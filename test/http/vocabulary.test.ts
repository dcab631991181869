import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader } from '../../src/codecs/npy.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import type { GradAnswer, LifGradAnswer } from './answers.ts';
import { frame } from './framing.ts';
import { errorsOf, Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const run = { current: [1.5], steps: 10 };
/** A npy body of two numbers. */
const npy = new Uint8Array(Buffer.concat([npyHeader('float32', [2]), Buffer.from(Float32Array.of(0, 1).buffer)]));
const decay = (word: string) =>
  `did you mean "tau"? From a decay factor a step, tau = -dt/ln(${word}) with "integration": "exponential", or dt/(1-${word}) with "euler". The neuron that has it is {"model": "snntorch.Leaky", "beta": ...}.`;

describe("a word of another library's", () => {
  it.each<[object, string]>([
    [{ neuron: { v_th: 1 } }, '/neuron/v_th: unknown field "v_th"; did you mean "v_threshold"?'],
    [{ neuron: { thresh: 1 } }, '/neuron/thresh: unknown field "thresh"; did you mean "v_threshold"?'],
    [
      { neuron: { reset_mechanism: 'subtract' } },
      '/neuron/reset_mechanism: unknown field "reset_mechanism"; did you mean "reset"? "soft" subtracts the threshold ("subtract" elsewhere), "hard" puts v to v_reset ("zero"), "none" does neither.',
    ],
    [{ neuron: { tau_ref: 2 } }, '/neuron/tau_ref: unknown field "tau_ref"; did you mean "refractory"? It is in ms.'],
    [{ neuron: { t_ref: 2 } }, '/neuron/t_ref: unknown field "t_ref"; did you mean "refractory"? It is in ms.'],
    [{ neuron: { decay_input: false } }, '/neuron/decay_input: unknown field "decay_input"; did you mean "input_scaling"?'],
    [{ neuron: { detach_reset: true } }, '/neuron/detach_reset: is a field of the request itself, beside "neuron", for lif'],
    [{ neuron: { stop_reset_grad: true } }, '/neuron/stop_reset_grad: unknown field "stop_reset_grad"; did you mean /detach_reset?'],
    [{ neuron: { R: 2 } }, '/neuron/R: unknown field "R"; did you mean "resistance"?'],
    [{ neuron: { beta: 0.9 } }, `/neuron/beta: unknown field "beta"; ${decay('beta')}`],
    [{ neuron: { decay: 0.9 } }, `/neuron/decay: unknown field "decay"; ${decay('decay')}`],
    [{ neuron: { dt: 1 } }, '/neuron/dt: unknown field "dt"; did you mean /dt? It is in ms.'],
    [{ neuron: { spike_grad: 'atan' } }, '/neuron/spike_grad: unknown field "spike_grad"; did you mean /surrogate?'],
    [{ neuron: { nonsense: 1 } }, '/neuron/nonsense: unknown field "nonsense"; there are "model", "tau", "reset_amount"'],
    [{ tau: 20 }, '/tau: unknown field "tau"; did you mean /neuron/tau?'],
    [{ v_threshold: 1 }, '/v_threshold: unknown field "v_threshold"; did you mean /neuron/v_threshold?'],
    [{ v_th: 1 }, '/v_th: unknown field "v_th"; did you mean /neuron/v_threshold?'],
    [
      { neuron: { model: 'snntorch.Leaky', beta: 0.9 }, threshold: 1 },
      '/threshold: unknown field "threshold"; did you mean /neuron/threshold?',
    ],
    [{ surrogate: 'sigmoid', alpha: 4 }, '/alpha: unknown field "alpha"; did you mean "surrogate": {"name": "sigmoid", "alpha": ...}?'],
    [
      { surrogate: { name: 'snntorch.fast_sigmoid' }, alpha: 4 },
      '/alpha: unknown field "alpha"; did you mean "surrogate": {"name": "snntorch.fast_sigmoid", "slope": ...}?',
    ],
    [{ x: [1] }, '/x: unknown field "x"; did you mean "current"?'],
    [{ I: [1] }, '/I: unknown field "I"; did you mean "current"?'],
    [{ input: [1] }, '/input: unknown field "input"; did you mean "current"?'],
    [{ num_steps: 10 }, '/num_steps: unknown field "num_steps"; did you mean "steps"?'],
    [{ spike_grad: 'atan' }, '/spike_grad: unknown field "spike_grad"; did you mean "surrogate"?'],
    [{ nonsense: 1 }, '/nonsense: unknown field "nonsense"; there are "current", "steps", "dt", "time_axis", "neuron"'],
    [
      { neuron: { integration: 'exp' } },
      '/neuron/integration: must be one of "euler", "exponential", got "exp"; did you mean "exponential"?',
    ],
    [
      { neuron: { integration: 'exact' } },
      '/neuron/integration: must be one of "euler", "exponential", got "exact"; did you mean "exponential"?',
    ],
    [
      { neuron: { reset: 'reset_to_zero' } },
      '/neuron/reset: must be one of "hard", "soft", "none", got "reset_to_zero"; did you mean "hard"?',
    ],
    [{ neuron: { reset: 'subtract' } }, '/neuron/reset: must be one of "hard", "soft", "none", got "subtract"; did you mean "soft"?'],
    [{ neuron: { reset: -65 } }, 'got -65; did you mean "v_reset"? A number is the potential after a hard reset.'],
    [
      { neuron: { v_reset: null } },
      `/neuron/v_reset: must be a number or one value per neuron, got null; did you mean "reset": "soft"? SpikingJelly's null is the soft reset, which subtracts the threshold.`,
    ],
    [{ surrogate: 'super' }, '/surrogate: unknown surrogate "super"; did you mean "norse.superspike"?'],
    [
      { surrogate: 'ste' },
      '/surrogate: unknown surrogate "ste"; did you mean "snntorch.straight_through_estimator" or "spikingjelly.DeterministicPass"?',
    ],
    [{ surrogate: 'box' }, '/surrogate: unknown surrogate "box"; did you mean "spikingjelly.Rect" or "spyx.boxcar"?'],
    [{ surrogate: { method: 'super', alpha: 100 } }, '/surrogate/method: unknown field "method"; did you mean "name"?'],
    [{ loss: 'mse' }, '/loss: must be an object, got "mse"; did you mean {"type": "firing_rate_mse", "target": ...}?'],
    [{ loss: 'spike_count' }, '/loss: must be an object, got "spike_count"; did you mean {"type": "spike_count"}?'],
    [{ loss: 'nonsense' }, '/loss: must be an object, got "nonsense"; its "type" is one of "spike_count"'],
    [{ loss: { type: 'mse', target: 80 } }, 'got "mse"; did you mean "firing_rate_mse"?'],
    [{ loss: { kind: 'mse', target: 80 } }, '/loss/kind: unknown field "kind"; did you mean "type"?'],
    [{ loss: { type: 'cotangent', mem: 1 } }, '/loss/mem: unknown field "mem"; did you mean "v"?'],
    [{ wrt: ['thresh'] }, 'got "thresh"; did you mean "v_threshold"?'],
    [{ state: { mem: 1 } }, '/state/mem: the neuron has no state "mem"; did you mean "v"?'],
    [{ dtype: 'double' }, 'got "double"; did you mean "float64"?'],
    [{ neuron: 'lif' }, '/neuron: must be an object, got "lif"; did you mean {"model": "lif"}?'],
  ])('is answered with the one of this service: %j', async (request, message) => {
    expect(errorsOf(await service.refused('/lif/grad', { ...run, ...request }))).toContain(message);
  });

  it('in a record is the name of the record', async () => {
    const problem = await service.refused('/lif/simulate', { ...run, record: ['mem', 'spk'] });
    expect(errorsOf(problem)).toMatch(/got "mem"; did you mean "v"\?\n.*got "spk"; did you mean "spikes"\?/);
  });

  it.each([
    ['/lif/simulate', { ...run, wrt: ['tau'] }, '/wrt: unknown field "wrt"; it is a field of /lif/grad'],
    ['/lif/simulate', { ...run, detach_reset: true }, 'unknown field "detach_reset"; it is a field of /lif/grad and /lif/jvp'],
    ['/lif/grad', { ...run, record: ['v'] }, '/record: unknown field "record"; it is a field of /lif/simulate'],
    ['/surrogate/eval', { x: 1, surrogate: 'erf', cotangent: 1 }, 'unknown field "cotangent"; it is a field of /surrogate/grad'],
  ])('of another route is said to be one: %s %j', async (path, request, message) => {
    expect(errorsOf(await service.refused(path, request))).toContain(message);
  });

  it('in a request for a surrogate is x', async () => {
    const problem = await service.refused('/surrogate/grad', { current: 1, surrogate: 'sigmoid' });
    expect(errorsOf(problem)).toContain('/current: unknown field "current"; did you mean "x"?');
  });

  it('in framed bytes is answered the same', async () => {
    const response = await service.send('/lif/grad', frame({ ...run, neuron: { v_th: 1 } }));
    expect(errorsOf((await response.json()) as ProblemDocument)).toContain('did you mean "v_threshold"?');
  });

  it.each([
    ['/lif/grad?steps=10&v_th=1', '/v_th: unknown field "v_th"; did you mean "v_threshold"?'],
    ['/lif/grad?steps=10&beta=0.9', `/beta: unknown field "beta"; ${decay('beta')}`],
    ['/lif/grad?steps=10&spike_grad=atan', '/spike_grad: unknown field "spike_grad"; did you mean "surrogate"?'],
    ['/lif/simulate?steps=10&record=v&tau_ref=2', '/tau_ref: unknown field "tau_ref"; did you mean "refractory"? It is in ms.'],
    ['/surrogate/grad?surrogate=sigmoid&nonsense=2', '/nonsense: unknown field "nonsense"; there are "x", "surrogate", "cotangent"'],
    ['/lif/grad?steps=10&current=1', '/current: is the array of the body; leave it out of the URL'],
  ])('in the URL of an npy body is not blamed on the surrogate: %s', async (path, message) => {
    const response = await service.send(path, { body: npy, headers: { 'content-type': 'application/x-npy' } });
    expect(response.status).toBe(400);
    expect(errorsOf((await response.json()) as ProblemDocument)).toContain(message);
  });

  it.each([
    [{ v_th: 1 }, '/v_th: unknown field "v_th"; did you mean "v_threshold"?'],
    [{ R: 1, decay: 0.9 }, '/R: unknown field "R"; did you mean "resistance"?'],
    [{ loss: 'mse' }, 'got "mse"; did you mean "firing_rate_mse"?'],
    [{ reset: 'zero' }, 'got "zero"; did you mean "hard"?'],
  ])('in parameters of /v2 is not blamed on the surrogate: %j', async (parameters, message) => {
    const inputs = [{ name: 'current', shape: [1], datatype: 'FP32', data: [1] }];
    const request = { inputs, parameters: { steps: 10, ...parameters } };
    const { status, body } = await service.post<{ error: string }>('/v2/models/lif_grad/infer', request);
    expect(status).toBe(400);
    expect(body.error).toContain(message);
  });

  it('as the name of an input of /v2 is answered with the input', async () => {
    const inputs = [{ name: 'I', shape: [1], datatype: 'FP32', data: [1] }];
    const { body } = await service.post<{ error: string }>('/v2/models/lif_grad/infer', { inputs });
    expect(body.error).toContain('there is no input "I"; did you mean "current"?');
  });
});

describe('a surrogate in another spelling', () => {
  it.each([
    ['Sigmoid', 'sigmoid'],
    ['ERF', 'erf'],
    ['GaussianGrad', 'gaussian_grad'],
    ['Piecewise_Leaky_ReLU', 'piecewise_leaky_relu'],
    ['ATan', 'spikingjelly.ATan'],
    ['Rect', 'spikingjelly.Rect'],
    ['snntorch.FastSigmoid', 'snntorch.fast_sigmoid'],
    ['SpikingJelly.atan', 'spikingjelly.ATan'],
    ['heaviErfc', 'norse.heavi_erfc'],
  ])('%s is taken as %s, and the answer says so', async (given, name) => {
    const { status, body } = await service.post<GradAnswer>('/surrogate/grad', { x: 0.1, surrogate: [given, { name: given }, name] });
    expect(status).toBe(200);
    expect(body.results.map(({ surrogate }) => surrogate.name)).toEqual([name, name, name]);
    expect(body.results[0]).toEqual(body.results[2]);
    expect((await service.request(`/surrogates/${given}`)).body).toMatchObject({ name });
    expect((await fetch(`${service.url}/surrogates/${given}.svg`)).status).toBe(200);
  });

  it('is taken in gradients of neurons, in the URL of an npy body and on /v2', async () => {
    const { body } = await service.post<LifGradAnswer>('/lif/grad', { ...run, surrogate: { name: 'Sigmoid', alpha: 2 } });
    expect(body.results[0]!.surrogate).toEqual({ name: 'sigmoid', alpha: 2 });

    const headers = { 'content-type': 'application/x-npy', accept: 'application/json' };
    const response = await service.send('/surrogate/grad?surrogate=ATan&alpha=3', { body: npy, headers });
    expect(((await response.json()) as GradAnswer).results[0]!.surrogate).toEqual({ name: 'spikingjelly.ATan', alpha: 3 });

    const inputs = [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }];
    const inferred = await service.post('/v2/models/surrogate_grad/infer', { inputs, parameters: { surrogate: 'GaussianGrad', sigma: 1 } });
    const [grad] = (inferred.body as { outputs: { data: number[] }[] }).outputs;
    // 0.5 / sqrt(2 pi): half a Gaussian of width 1, in float32.
    expect(grad!.data[0]).toBeCloseTo(0.5 / Math.sqrt(2 * Math.PI), 7);
  });

  it.each(['atan', 'tanh', 'SuperSpike'])('%s of several libraries is 404, with all of them', async (name) => {
    const { status, body } = await service.request<ProblemDocument>(`/surrogates/${name}`);
    expect(status).toBe(404);
    expect(body.detail).toMatch(/^ambiguous surrogate "\w+"; did you mean "[\w.]+".* or "[\w.]+"\?/);
  });
});

it('GET /neurons has the vocabulary', async () => {
  const { body } = await service.request<{ vocabulary: object[] }>('/neurons');
  expect(body.vocabulary).toContainEqual({ term: 'v_th', libraries: ['Norse'], role: 'field', path: '/neuron/v_threshold' });
  expect(body.vocabulary).toContainEqual({
    term: 'beta',
    libraries: ['snnTorch', 'Spyx'],
    role: 'field',
    path: '/neuron/tau',
    remark: expect.stringContaining('tau = -dt/ln(beta)') as string,
  });
  expect(body.vocabulary).toContainEqual({
    term: 'v_reset',
    libraries: ['SpikingJelly'],
    role: 'field',
    given: 'null',
    path: '/neuron/reset',
    value: 'soft',
    remark: expect.any(String) as string,
  });
  expect(body.vocabulary).toContainEqual({
    term: 'super',
    libraries: ['Norse'],
    role: 'value',
    path: '/surrogate/name',
    value: 'norse.superspike',
  });
});
