import { valueAt } from '../numbers.ts';
import type { NeuronProblem, NeuronQuantity } from '../jobs.ts';
import { programOf, termValuesByPath } from './terms.ts';
import { generalStep } from './general.ts';
import { neuronModel } from './catalogue.ts';
import { numbersAlgebra, withComputed, type DerivedTree } from './model.ts';

/** A setting that differs from neuron to neuron: computed as it is read, since there may be millions of neurons. */
export class SettingNumbers {
  readonly length: number;
  readonly #at: (b: number) => number;

  /** @param at computes the number of a neuron. */
  constructor(length: number, at: (b: number) => number) {
    this.length = length;
    this.#at = at;
  }

  /** The numbers of neurons from one up to another. */
  numbers(from: number, to: number): Float64Array {
    const numbers = new Float64Array(to - from);
    for (let b = from; b < to; b++) numbers[b - from] = this.#at(b);
    return numbers;
  }
}

/** Settings as requests nest them, with a number per neuron where neurons differ. */
export interface PlainSettings {
  readonly [name: string]: number | string | boolean | SettingNumbers | PlainSettings | readonly PlainSettings[];
}

const groups: ReadonlySet<string> = new Set(['synapse', 'adaptation', 'reset', 'multi_spike', 'refractory', 'drift']);

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * The fields of a neuron whose model is `general` by the names of that model's tables: `{"synapse": {"decay": 0.8}}` becomes
 * `synapse.decay`. Values stay as they are, right or wrong.
 */
export function flatSettings(neuron: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(neuron)) {
    if (name === 'output_lag') flat[name] = value === 0 || value === 1 ? value === 1 : value;
    else if (name === 'synapse' && Array.isArray(value)) {
      if (value.length === 1) flatten(flat, name, value[0]);
      else for (const [i, synapse] of value.entries()) flatten(flat, `${name}.${i}`, synapse);
    } else if (groups.has(name)) flatten(flat, name, value);
    else flat[name] = value;
  }
  return flat;
}

function flatten(flat: Record<string, unknown>, path: string, group: unknown): void {
  if (group === null) {
    // Without a group there is no such mechanism; a reset is there unless told otherwise.
    if (path === 'reset') flat['reset.kind'] = 'none';
    return;
  }
  if (!isGroup(group)) {
    flat[path] = group;
    return;
  }
  if (path === 'multi_spike') flat[path] = true;
  for (const [name, value] of Object.entries(group)) {
    if (name === 'delay' && path.startsWith('synapse')) {
      if (value !== 0) flat[`${path}.timing`] = value === 1 ? 'delayed' : value;
    } else if (path === 'reset' && name === 'drop' && (value === 'threshold' || value === 'effective')) {
      flat['reset.drop_effective'] = value === 'effective';
    } else flat[`${path}.${name}`] = value;
  }
}

/**
 * The settings of the general neuron that a problem's model and parameters stand for, as a request of the model `general` gives them:
 * numbers, or one of each neuron where they differ. Undefined for a model with a step of its own.
 */
export function generalSettings(problem: NeuronProblem): PlainSettings | undefined {
  const model = neuronModel(problem.model);
  if (model.step !== generalStep) return undefined;
  const perNeuron = new Map<string, SettingNumbers>();
  for (const [path, term] of termValuesByPath(problem, programOf(problem))) {
    if (term.per === 'scalar') continue;
    const at = 'at' in term ? term.at : (b: number) => valueAt(term.values, b);
    perNeuron.set(path, new SettingNumbers(problem.neurons, at));
  }
  // Without neurons any number gives the same settings.
  const first = (quantity: NeuronQuantity) =>
    quantity.per === 'scalar' ? quantity.value : quantity.values.length === 0 ? 1 : valueAt(quantity.values, 0);
  const given = Object.fromEntries(Object.entries(problem.parameters).map(([name, quantity]) => [name, first(quantity)]));
  const parameters = withComputed(model, numbersAlgebra, given);
  const { initial, ...settings } = model.derive(numbersAlgebra, parameters, problem.options, problem.dt);
  const { threshold, reset, ...plain } = plainTree(settings, '', perNeuron);
  return {
    model: 'general',
    ...plain,
    ...(threshold === undefined ? { spiking: false } : { threshold, reset: reset ?? { kind: 'none' } }),
    ...initialState(initial, parameters, perNeuron),
  };
}

/** The states that do not start at 0. */
function initialState(
  initial: Readonly<Record<string, number>>,
  parameters: Readonly<Record<string, number>>,
  perNeuron: ReadonlyMap<string, SettingNumbers>,
): PlainSettings {
  return Object.fromEntries(
    Object.entries(initial).flatMap(([state, value]) => {
      const start = perNeuron.get(`initial.${state}`) ?? parameters[`${state}_init`] ?? value;
      return start === 0 ? [] : [[`${state}_init`, start]];
    }),
  );
}

function plainTree(tree: DerivedTree<number>, path: string, perNeuron: ReadonlyMap<string, SettingNumbers>): PlainSettings {
  const plain: Record<string, PlainSettings[string]> = {};
  for (const [name, value] of Object.entries(tree)) {
    const inner = path === '' ? name : `${path}.${name}`;
    if (value === undefined) continue;
    if (isList(value)) plain[name] = value.map((one, i) => plainTree(one, `${inner}.${i}`, perNeuron));
    else if (typeof value === 'object') plain[name] = plainTree(value, inner, perNeuron);
    else if (name === 'timing' && value !== 'decay_last') plain.delay = value === 'delayed' ? 1 : 0;
    else if (name === 'output_lag') plain[name] = Number(value);
    else plain[name] = perNeuron.get(inner) ?? value;
  }
  return plain;
}

function isList(value: unknown): value is readonly DerivedTree<number>[] {
  return Array.isArray(value);
}
