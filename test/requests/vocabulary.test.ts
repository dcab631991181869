import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { possibleStates } from '../../src/compute/neurons/model.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { Problem } from '../../src/errors/problems.ts';
import { nestRequest, type FlatValue } from '../../src/requests/bodies/flat-request.ts';
import { lifVocabulary } from '../../src/requests/words/unknown-fields.ts';
import { neuronFieldNames } from '../../src/requests/neurons/neurons.ts';
import { operations, planOf } from '../../src/requests/operations.ts';
import type { Operation } from '../../src/requests/plan.ts';
import { termsOf, vocabulary } from '../../src/requests/words/vocabulary.ts';

const { limits } = loadConfig({});

/** What is wrong with a request, each with its path in front. */
function errorsOf(operation: Operation, request: object): string[] {
  try {
    planOf(operation, request, limits);
  } catch (error) {
    if (error instanceof Problem) return (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

const ofNeuron = (neuron: object) => errorsOf('lif_grad', { current: 1, steps: 5, neuron });
const ofFlat = (operation: Operation, flat: Record<string, FlatValue>) => {
  try {
    const tensors = operation.startsWith('lif') ? { current: [1, 2] } : { x: [0, 1] };
    return errorsOf(operation, nestRequest(operation, flat, tensors));
  } catch (error) {
    if (error instanceof Problem) return (error.errors ?? []).map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
};
const fieldsOfRequests = new Set(Object.values(operations).flatMap(({ schema }) => Object.keys(schema.properties)));
const fieldsOfNeurons = new Set(
  [...neurons.values()].flatMap((model) => ['model', ...neuronFieldNames(model), ...possibleStates(model).map((state) => `${state}_init`)]),
);
const parametersOfSurrogates = new Set([...catalogue.values()].flatMap(({ parameters }) => Object.keys(parameters)));

describe('the vocabulary', () => {
  it('leads to fields that there are', () => {
    for (const { term, meanings } of vocabulary) {
      expect(meanings.length, term).toBeGreaterThan(0);
      for (const { path } of meanings) {
        const [field = '', ...inner] = path.slice(1).split('/');
        expect(fieldsOfRequests, `${term}: ${path}`).toContain(field);
        if (field === 'neuron' && inner.length > 0) expect(fieldsOfNeurons, term).toContain(inner.join('.'));
        if (field === 'surrogate' && inner.length > 0) expect(['name', ...parametersOfSurrogates], term).toContain(inner[0]);
      }
    }
  });

  it('leads to values that there are', () => {
    const optionValues = (name: string) => {
      const options = [...neurons.values()].flatMap((model) => model.options[name] ?? []);
      return options.flatMap(({ values }): readonly unknown[] => values ?? [true, false]);
    };
    for (const { term, meanings } of vocabulary) {
      for (const { path, value } of meanings) {
        if (value === undefined || value === null) continue;
        const name = path.slice(path.indexOf('/', 1) + 1).replaceAll('/', '.');
        if (path === '/surrogate/name') expect(catalogue.has(String(value)), `${term}: ${String(value)}`).toBe(true);
        else if (path === '/neuron/model') expect(neurons.has(String(value)), `${term}: ${String(value)}`).toBe(true);
        else if (path.startsWith('/neuron/')) expect(optionValues(name), `${term} for ${path}`).toContain(value);
      }
    }
  });

  it('names libraries that models and surrogates come from, or that have neither here', () => {
    const prefixes = new Set([...neurons.keys()].map((name) => name.slice(0, Math.max(0, name.lastIndexOf('.')))));
    for (const { term, meanings } of vocabulary)
      for (const { library } of meanings) if (library !== undefined) expect(prefixes, term).toContain(library);
  });

  it('has each word once in a group, and finds it in any spelling', () => {
    expect(termsOf('VTH').map(({ term }) => term)).toEqual(['v_th', 'V_th', 'vth']);
    expect(termsOf('V_th')[0]!.term).toBe('V_th');
    expect(termsOf('nothing')).toEqual([]);
  });

  it('has a meaning for lif of every word but those of other routes, and of a field by its own name', () => {
    const others = vocabulary.filter((term) => !lifVocabulary.some((one) => one.term === term.term));
    expect(others.map(({ term }) => term).filter((term) => !fieldsOfNeurons.has(term) && !fieldsOfRequests.has(term))).toEqual([
      'u',
      'v_minus_threshold',
      'target',
    ]);
  });
});

describe('a suggestion', () => {
  const models = [...neurons.keys()];
  const words = [...new Set(vocabulary.filter(({ role }) => role === 'field').map(({ term }) => term))];

  it.each(models)('for a field of %s is a field that it has', (name) => {
    const model = neurons.get(name)!;
    const fields = new Set(['model', ...neuronFieldNames(model), ...possibleStates(model).map((state) => `${state}_init`)]);
    const groups = new Set([...fields].map((field) => field.split('.')[0]!));
    for (const word of words) {
      if (fields.has(word) || groups.has(word)) continue;
      const message = ofNeuron({ model: name, [word]: 1 }).find((one) => one.includes(`unknown field "${word}"`));
      const suggested = /did you mean "([^"]*)"/.exec(message ?? '')?.[1];
      if (suggested !== undefined) expect([...fields, ...groups], `${word}: ${message!}`).toContain(suggested);
    }
  });

  it.each<[object, string]>([
    [{ model: 'snntorch.Leaky', beta: 0.9, tau: 20 }, 'unknown field "tau"; did you mean "beta"? beta = exp(-dt/tau).'],
    [{ model: 'snntorch.Leaky', beta: 0.9, v_th: 1 }, 'unknown field "v_th"; did you mean "threshold"?'],
    [{ model: 'snntorch.Leaky', beta: 0.9, reset: 'soft' }, 'unknown field "reset"; did you mean "reset_mechanism"?'],
    [{ model: 'snntorch.Leaky', beta: 0.9, reset_mechanism: 'soft' }, 'got "soft"; did you mean "subtract"?'],
    [{ model: 'snntorch.Leaky', beta: 0.9, refractory: 2 }, 'unknown field "refractory"; there are "model", "graded_spikes_factor"'],
    [{ model: 'spikingjelly.LIFNode', beta: 0.9 }, 'unknown field "beta"; did you mean "tau"? tau = 1/(1-beta), in steps.'],
    [{ model: 'spikingjelly.LIFNode', soft_reset: true }, 'unknown field "soft_reset"; did you mean "v_reset": null?'],
    [{ model: 'norse.LIF', tau: 10 }, 'unknown field "tau"; did you mean "tau_mem_inv"? tau_mem_inv = 1/tau, in 1/s.'],
    [{ model: 'norse.LIF', alpha: 100 }, 'unknown field "alpha"; did you mean /surrogate?'],
    [{ model: 'slax.LIF', beta: 0.9 }, 'did you mean "tau"? Its decay is sigmoid(tau): tau = ln(beta/(1-beta)).'],
    [{ model: 'slax.LIF', v_reset: null }, 'got null; did you mean "subtraction_reset": true?'],
    [{ model: 'general', v_th: 1 }, 'unknown field "v_th"; did you mean "threshold"?'],
    [
      { model: 'general', reset: { kind: 'subtract' } },
      '/neuron/reset/kind: must be one of "soft", "hard", "none", got "subtract"; did you mean "soft"?',
    ],
    [{ model: 'cuba_lif', tau_syn_inv: 200 }, 'unknown field "tau_syn_inv"; did you mean "tau_syn"?'],
    [{ model: 'LIFCell' }, 'unknown neuron "LIFCell"; did you mean "norse.LIF"?'],
    [{ model: 'snn.Leaky' }, 'unknown neuron "snn.Leaky"; did you mean "snntorch.Leaky"?'],
    [{ model: 'LIFNode' }, 'unknown neuron "LIFNode"; did you mean "spikingjelly.LIFNode"?'],
    [{ model: 'hodgkin_huxley' }, 'unknown neuron "hodgkin_huxley"; there are "lif", "if", "li"'],
  ])('knows the model: %j', (neuron, message) => {
    expect(ofNeuron(neuron).join('\n')).toContain(message);
  });
});

describe('a flat request', () => {
  it.each<[Operation, Record<string, FlatValue>, string]>([
    ['lif_grad', { steps: 5, v_th: 1 }, '/v_th: unknown field "v_th"; did you mean "v_threshold"?'],
    [
      'lif_grad',
      { steps: 5, beta: 0.9 },
      '/beta: unknown field "beta"; did you mean "tau"? From a decay factor a step, tau = -dt/ln(beta)',
    ],
    ['lif_grad', { steps: 5, tau_ref: 2 }, '/tau_ref: unknown field "tau_ref"; did you mean "refractory"? It is in ms.'],
    ['lif_grad', { num_steps: 5 }, '/num_steps: unknown field "num_steps"; did you mean "steps"?'],
    ['lif_grad', { steps: 5, spike_grad: 'erf' }, '/spike_grad: unknown field "spike_grad"; did you mean "surrogate"?'],
    ['lif_grad', { steps: 5, slope: 2 }, '/slope: unknown field "slope"; did you mean "alpha"?'],
    ['lif_grad', { steps: 5, surrogate: 'snntorch.fast_sigmoid', alpha: 2 }, '/alpha: unknown field "alpha"; did you mean "slope"?'],
    ['lif_grad', { steps: 5, target_rate: 80 }, '/target_rate: unknown field "target_rate"; did you mean "target"?'],
    ['lif_grad', { steps: 5, nonsense: 1 }, '/nonsense: unknown field "nonsense"; there are "current", "steps", "dt"'],
    ['lif_grad', { steps: 5, loss: 'mse' }, '/loss/type: must be one of "spike_count"'],
    ['lif_grad', { steps: 5, v_reset: 'null' }, 'got null; did you mean "reset": "soft"?'],
    ['lif_grad', { steps: 5, model: 'snntorch.Leaky', beta: 0.9, tau: 2 }, '/tau: unknown field "tau"; did you mean "beta"?'],
    ['lif_simulate', { steps: 5, thresh: 1 }, '/thresh: unknown field "thresh"; did you mean "v_threshold"?'],
    ['surrogate_grad', { surrogate: 'sigmoid', slope: 2 }, '/surrogate/slope: sigmoid has no parameter "slope"; did you mean "alpha"?'],
    ['surrogate_grad', { surrogate: 'sigmoid', v_th: 2 }, '/v_th: unknown field "v_th"; there are "x", "surrogate", "cotangent"'],
  ])('blames the name that is wrong: %s %j', (operation, flat, message) => {
    expect(ofFlat(operation, flat).join('\n')).toContain(message);
  });

  it('names all that is unknown at once', () => {
    expect(ofFlat('lif_grad', { steps: 5, v_th: 1, R: 2 })).toHaveLength(2);
  });

  it('leaves parameters to a surrogate that is not known, so that its name is reported', () => {
    expect(ofFlat('surrogate_grad', { surrogate: 'sigmoyd', alpha: 2 })).toEqual([
      '/surrogate/name: unknown surrogate "sigmoyd"; did you mean "sigmoid"?',
    ]);
  });
});
