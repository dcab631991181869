import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { Problem } from '../../src/errors/problems.ts';
import { nestRequest } from '../../src/requests/bodies/flat-request.ts';
import { planOf } from '../../src/requests/operations.ts';
import type { Operation, Plans } from '../../src/requests/plan.ts';
import { neuronOf } from '../../src/responses/neuron-settings.ts';

const { limits } = loadConfig({});

/** A request for two neurons and three steps. */
const input = { current: [1, 2], steps: 3 };
const leaky = { model: 'snntorch.Leaky', beta: 0.9 };

function plan<O extends Operation>(operation: O, request: object): Plans[O] {
  return planOf(operation, { ...input, ...request }, limits);
}

/** The errors of a request, each with its path in front. */
function errorsOf(operation: Operation, request: object): string[] {
  try {
    plan(operation, request);
  } catch (error) {
    if (error instanceof Problem) return (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const problemOf = (request: object) => plan('lif_simulate', request).job.problem;
const scalar = (value: number) => ({ per: 'scalar', value });

describe('the neuron of a request', () => {
  it('is the plain one unless another is named', () => {
    const problem = problemOf({});
    expect(problem).toMatchObject({ model: 'lif', dt: 0.1, parameters: { tau: scalar(10), v_threshold: scalar(1) } });
    expect(problem.options).toMatchObject({ reset: 'hard', integration: 'euler', input_scaling: true, detach_reset: false });
    expect(problem.parameters).not.toHaveProperty('refractory');
    expect(problemOf({ neuron: { model: 'lif', tau: null } }).parameters).not.toHaveProperty('tau');
  });

  it('has the parameters, options and time step of its model', () => {
    const problem = problemOf({ neuron: { ...leaky, threshold: [1, 2], reset_mechanism: 'zero', v_init: 0.5 } });
    expect(problem).toMatchObject({ model: 'snntorch.Leaky', dt: 1, options: { reset_mechanism: 'zero', reset_delay: true } });
    expect(problem.parameters).toEqual({
      beta: scalar(0.9),
      threshold: { per: 'neuron', values: Float64Array.of(1, 2) },
      v_init: scalar(0.5),
    });
    expect(problemOf({ neuron: leaky, dt: 0.5 }).dt).toBe(0.5);
  });

  it('starts from a state', () => {
    expect(problemOf({ state: { v: [0.1, 0.2] } }).parameters.v_init).toEqual({ per: 'neuron', values: Float64Array.of(0.1, 0.2) });
    expect(problemOf({ neuron: { refractory: 1 }, state: { refractory: 2 } }).parameters.refractory_init).toEqual(scalar(2));
  });

  it('takes detach_reset from the request, where it is of no library', () => {
    expect(plan('lif_grad', { detach_reset: true }).job.problem.options.detach_reset).toBe(true);
  });

  it.each<[string, object, string]>([
    [
      'an unknown model',
      { neuron: { model: 'snntorch.Leeky' } },
      '/neuron/model: unknown neuron "snntorch.Leeky"; did you mean "snntorch.Leaky"?',
    ],
    ['a model that is no name', { neuron: { model: 1 } }, '/neuron/model: must be the name of a neuron, got 1'],
    ['no object', { neuron: 'lif' }, '/neuron: must be an object, got "lif"'],
    ['a missing parameter', { neuron: { model: 'snntorch.Leaky' } }, '/neuron/beta: is required by snntorch.Leaky'],
    ['null for what cannot be', { neuron: { ...leaky, threshold: null } }, '/neuron/threshold: must be a number, nested arrays'],
    ["another model's parameter", { neuron: { ...leaky, tau: 1 } }, '/neuron/tau: unknown field "tau"; did you mean "beta"?'],
    ['a misspelt parameter', { neuron: { ...leaky, treshold: 1 } }, 'unknown field "treshold"; did you mean "threshold"?'],
    ['a misspelt word', { neuron: { ...leaky, reset_mechanism: 'substract' } }, 'got "substract"; did you mean "subtract"?'],
    ['a switch that is no boolean', { neuron: { ...leaky, reset_delay: 1 } }, '/neuron/reset_delay: must be a boolean, got 1'],
    ['a tensor as setting', { neuron: { refractory: [1, 2] } }, '/neuron/refractory: must be a number, got an array of 2'],
    ['a value out of range', { neuron: { tau: [1, -1] } }, '/neuron/tau/1: must be above 0, got -1'],
    ['parameters that do not fit', { neuron: { ...leaky, beta: [1, 1, 1] } }, '/neuron/beta: has shape [3], for 3 neurons'],
    ['a state that it lacks', { state: { u: 1 } }, '/state/u: the neuron has no state "u"; there is only "v"'],
    ['an initial state that it lacks', { neuron: { u_init: 1 } }, '/neuron/u_init: unknown field "u_init"; did you mean "v_init"?'],
    [
      'an initial state that it has with other parameters only',
      { neuron: { refractory_init: 1 } },
      '/neuron/refractory_init: unknown field "refractory_init"; did you mean "refractory"?',
    ],
    ['a state twice', { neuron: { v_init: 1 }, state: { v: 1 } }, '/state/v: is given as /neuron/v_init too; give it once'],
    ['a state that is no object', { state: [1] }, '/state: must be an object with a value of each state, got an array of 1'],
    ['detach_reset in the wrong place', { neuron: { detach_reset: true } }, '/neuron/detach_reset: is a field of the request itself'],
  ])('is refused with %s', (_name, request, message) => {
    expect(errorsOf('lif_simulate', request).join('\n')).toContain(message);
  });

  it('is refused with detach_reset where the model has none', () => {
    expect(errorsOf('lif_grad', { neuron: leaky, detach_reset: true })).toEqual([
      '/detach_reset: has no effect on snntorch.Leaky; leave it out',
    ]);
  });
});

describe('the general neuron', () => {
  const neuron = { model: 'general', leak: 0.9, synapse: { decay: [0.8, 0.7] }, reset: { kind: 'soft', drop: 'effective' } };

  it('has settings in groups, counted in steps', () => {
    const problem = problemOf({ neuron });
    expect(problem).toMatchObject({ model: 'general', dt: 1, options: { 'reset.kind': 'soft', 'reset.drop_effective': true } });
    expect(problem.parameters).toEqual({
      leak: scalar(0.9),
      'synapse.decay': { per: 'neuron', values: Float64Array.of(0.8, 0.7) },
      threshold: scalar(1),
    });
    expect(plan('lif_grad', { neuron, wrt: ['synapse.decay', 'u_init'] }).job.wrt).toEqual(['synapse.decay', 'u_init']);
  });

  it('is what a name of a library stands for', () => {
    expect(neuronOf(plan('lif_simulate', { neuron: leaky }))).toMatchObject({ model: 'general', leak: 0.9, threshold: 1, strict: true });
    expect(neuronOf(plan('lif_simulate', {}))).toBeUndefined();
  });

  it('is what a name of a library stands for without neurons too', () => {
    const neuron = { model: 'snntorch.Lapicque', beta: [] };
    expect(neuronOf(plan('lif_simulate', { current: [], neuron }))).toMatchObject({ model: 'general', leak: { length: 0 } });
  });

  it('is refused with what a group lacks', () => {
    expect(errorsOf('lif_simulate', { neuron: { model: 'general', synapse: { dekay: 1 } } })).toEqual([
      '/neuron/synapse/dekay: unknown field "synapse.dekay"; did you mean "synapse.decay"?',
    ]);
  });
});

describe('a neuron without spikes', () => {
  const neuron = { model: 'li' };

  it('has a loss on v, and no parameters of a surrogate', () => {
    const loss = { type: 'cotangent', v: 1 };
    expect(plan('lif_grad', { neuron, loss }).job).toMatchObject({ loss: { v: scalar(1) }, surrogates: [{ name: 'sigmoid' }] });
    expect(errorsOf('lif_grad', { neuron, loss, wrt: ['surrogate.alpha'] })[0]).toContain('/wrt/0: must be one of "current"');
  });

  it.each<[string, object, string]>([
    ['none', {}, '/loss: is required: li has no spikes; take a loss on v, {"type": "cotangent", "v": ...}'],
    ['one on rates', { loss: { type: 'firing_rate_mse', target: 1 } }, '/loss/type: is "firing_rate_mse", but li has no spikes'],
    ['one on spikes', { loss: { type: 'cotangent', spikes: 1 } }, '/loss/spikes: has no effect: li has no spikes'],
  ])('is refused with a loss that is %s', (_name, request, message) => {
    expect(errorsOf('lif_grad', { neuron, ...request }).join('\n')).toContain(message);
  });
});

describe('the surrogate of a request', () => {
  it("is the neuron's own unless another is named", () => {
    expect(plan('lif_grad', { neuron: leaky }).job.surrogates).toEqual([{ name: 'snntorch.atan', parameters: { alpha: 2 } }]);
    expect(plan('lif_grad', {}).job.surrogates).toEqual([{ name: 'sigmoid', parameters: { alpha: 4 } }]);
  });

  it('belongs to a smooth run', () => {
    const { job } = plan('lif_simulate', { forward: 'smooth', surrogate: 'arctan' });
    expect(job).toMatchObject({ problem: { smooth: true }, surrogate: { name: 'arctan' } });
    expect(plan('lif_simulate', { forward: 'smooth', neuron: leaky }).job.surrogate?.name).toBe('snntorch.atan');
    expect(errorsOf('lif_simulate', { surrogate: 'arctan' })[0]).toContain('leave it out, or ask for "forward": "smooth"');
    expect(errorsOf('lif_simulate', { forward: 'smooth', surrogate: ['erf', 'arctan'] })[0]).toContain('must be one surrogate');
  });
});

describe('the quantities of a gradient', () => {
  it('are those of the model, in the shapes in which they were given', () => {
    const { job, gradients } = plan('lif_grad', {
      neuron: { ...leaky, threshold: [1, 2] },
      wrt: ['current', 'beta', 'threshold', 'v_init', 'surrogate.alpha', 'state'],
    });
    expect(job.wrt).toEqual(['current', 'beta', 'threshold', 'v_init', 'surrogate.alpha']);
    expect(gradients).toEqual([
      { name: 'current', path: ['grad', 'current'], shape: [2] },
      { name: 'beta', path: ['grad', 'beta'], shape: [] },
      { name: 'threshold', path: ['grad', 'threshold'], shape: [2] },
      { name: 'v_init', path: ['grad', 'v_init'], shape: [] },
      { name: 'surrogate.alpha', path: ['grad', 'surrogate.alpha'], shape: [] },
      { name: 'v_init', path: ['grad', 'state', 'v'], shape: [] },
    ]);
  });

  it.each<[string, object, string]>([
    ['a misspelt one', { neuron: leaky, wrt: ['betta'] }, '"v_init", got "betta"; did you mean "beta"?'],
    ['a setting', { wrt: ['refractory'] }, 'refractory is a setting of lif, without a gradient'],
    ['one that is not there', { wrt: ['v_min'] }, 'give v_min a value to differentiate by it'],
    ['a misspelt parameter of the surrogate', { wrt: ['surrogate.alfa'] }, 'did you mean "surrogate.alpha"?'],
  ])('are refused with %s', (_name, request, message) => {
    expect(errorsOf('lif_grad', request).join('\n')).toContain(message);
  });
});

describe('the records of a run', () => {
  it('are the fixed ones and the states by name', () => {
    const { job } = plan('lif_simulate', { neuron: { refractory: 1 }, record: ['v_post', 'refractory', 'state'] });
    expect([...job.record]).toEqual(['v_post', 'refractory', 'state']);
    expect(errorsOf('lif_simulate', { record: ['u'] })[0]).toContain('/record/0: must be one of "spike_counts"');
  });
});

describe('the cotangents of a loss', () => {
  const lossOf = (cotangents: object) => plan('lif_grad', { loss: { type: 'cotangent', ...cotangents } }).job.loss;

  it('have a value per neuron and step, per step, per neuron, or one', () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(lossOf({ spikes: rows, v: [[1], [2]], v_pre: [3, 4] })).toEqual({
      type: 'cotangent',
      spikes: { per: 'step', values: Float64Array.of(1, 2, 3, 4, 5, 6) },
      v: { per: 'neuron', values: Float64Array.of(1, 2) },
      v_pre: { per: 'neuron', values: Float64Array.of(3, 4) },
    });
    expect(lossOf({ spikes: [[1, 2, 3]], v: 2 })).toMatchObject({ spikes: { per: 'step' }, v: scalar(2) });
  });

  it('may be of the last state', () => {
    expect(lossOf({ state: { v: [1, 2] } })).toEqual({ type: 'cotangent', state: { v: { per: 'neuron', values: Float64Array.of(1, 2) } } });
    expect(errorsOf('lif_grad', { loss: { type: 'cotangent', state: { a: 1 } } })).toEqual([
      '/loss/state/a: the neuron has no state "a"; there is only "v"',
    ]);
    expect(errorsOf('lif_grad', { loss: { type: 'cotangent', state: { v: [1, 2, 3] } } })[0]).toContain('/loss/state/v: has shape [3]');
  });
});

describe('tangents', () => {
  it('have the shapes of their quantities', () => {
    const { job } = plan('lif_jvp', {
      neuron: { ...leaky, threshold: [1, 2] },
      tangents: { current: [1, 0], beta: 1, threshold: 2, state: { v: 3 } },
    });
    expect(job.tangents).toEqual({
      current: { per: 'neuron', values: Float64Array.of(1, 0) },
      beta: scalar(1),
      threshold: scalar(2),
      v_init: scalar(3),
    });
  });

  it.each<[string, object, string]>([
    ['none', {}, '/tangents: must name at least one of "current", "tau"'],
    ['an unknown name', { taw: 1 }, 'got "taw"; did you mean "tau"?'],
    ['another shape', { tau: [1, 2] }, '/tangents/tau: must be a number or of the shape [] of its quantity, got shape [2]'],
    ['a state twice', { v_init: 1, state: { v: 1 } }, '/tangents/state/v: the tangent of v_init is given twice'],
    ['an unknown state', { state: { u: 1 } }, '/tangents/state/u: the neuron has no state "u"'],
  ])('are refused with %s', (_name, tangents, message) => {
    expect(errorsOf('lif_jvp', { tangents }).join('\n')).toContain(message);
  });

  it('are required', () => {
    expect(errorsOf('lif_jvp', {})).toEqual(['/tangents: is required']);
  });
});

describe('a flat request', () => {
  const current = 1;

  it('gives the neuron the fields of its model, and the rest to the surrogate', () => {
    const flat = { model: 'snntorch.Leaky', beta: 0.9, alpha: 3, dt: 0.5, cotangent_v_pre: 1 };
    expect(nestRequest('lif_grad', flat, { current })).toEqual({
      current,
      dt: 0.5,
      neuron: { model: 'snntorch.Leaky', beta: 0.9 },
      loss: { type: 'cotangent', v_pre: 1 },
      surrogate: { name: 'snntorch.atan', alpha: 3 },
    });
  });

  it('has tangents by name', () => {
    expect(nestRequest('lif_jvp', { tangent_current: 1, tangent_tau: 2 }, { current })).toEqual({
      current,
      tangents: { current: 1, tau: 2 },
    });
  });

  it('refuses unknown names, and leaves an unknown model to be refused', () => {
    expect(() => nestRequest('lif_simulate', { taw: 1 }, { current })).toThrow('/taw: unknown field "taw"; did you mean "tau"?');
    expect(nestRequest('lif_simulate', { model: 'snntorch.Leeky', beta: 1 }, { current })).toEqual({
      current,
      neuron: { model: 'snntorch.Leeky', beta: 1 },
    });
  });
});
