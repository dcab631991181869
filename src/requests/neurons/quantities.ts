import { surrogateDefinition } from '../../compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../compute/surrogates/definition.ts';
import type { Neuron } from './neurons.ts';
import type { NameSet } from '../validation.ts';

/** The name of all initial states together. */
export const stateName = 'state';
const surrogatePrefix = 'surrogate.';

/** A quantity that a gradient can be taken with respect to: its name in a job, and the fields in which its gradient is answered. */
export interface DifferentiableQuantity {
  readonly name: string;
  readonly path: readonly string[];
}

/** The quantities of a request's neurons by which `wrt` and `tangents` name them. */
export class DifferentiableQuantities implements NameSet {
  readonly #neuron: Neuron;
  readonly #surrogates: readonly Surrogate[];

  /** @param surrogates none for neurons that have no spikes. */
  constructor(neuron: Neuron, surrogates: readonly Surrogate[]) {
    this.#neuron = neuron;
    this.#surrogates = surrogates;
  }

  has(name: string): name is string {
    if (name === 'current' || name === stateName) return true;
    if (name.startsWith(surrogatePrefix)) return this.#surrogateNames().includes(name);
    if (this.#isDifferentiable(name)) return true;
    return name.endsWith('_init') && this.states().some((state) => name === `${state}_init`);
  }

  list(): readonly string[] {
    const { model } = this.#neuron;
    const names = [...Object.keys(model.nullable), ...Object.keys(model.parameters)];
    return ['current', ...names.filter((name) => this.#isDifferentiable(name)), ...this.states().map((state) => `${state}_init`)];
  }

  others(): readonly string[] {
    return [stateName, ...this.#surrogateNames()];
  }

  reason(name: string): string | undefined {
    const { model } = this.#neuron;
    if (this.#isSetting(name)) return `${name} is a setting of ${model.name}, without a gradient`;
    return Object.hasOwn(model.nullable, name) ? `give ${name} a value to differentiate by it` : undefined;
  }

  states(): readonly string[] {
    return this.#neuron.program.step.states;
  }

  /** What a known name stands for. */
  of(name: string): readonly DifferentiableQuantity[] {
    if (name !== stateName) return [{ name, path: ['grad', name] }];
    return this.states().map((state) => ({ name: `${state}_init`, path: ['grad', stateName, state] }));
  }

  /** Whether a parameter has a value and a gradient. */
  #isDifferentiable(name: string): boolean {
    const { parameters, model } = this.#neuron;
    const { otherwise, none } = (Object.hasOwn(model.nullable, name) ? model.nullable[name] : undefined) ?? {};
    const hasValue = Object.hasOwn(parameters, name) || otherwise !== undefined || none !== undefined;
    return hasValue && !this.#isSetting(name);
  }

  #isSetting(name: string): boolean {
    const { parameters, nullable } = this.#neuron.model;
    return (parameters[name] ?? nullable[name])?.isSetting === true;
  }

  /** The real-valued parameters that all surrogates have. */
  #surrogateNames(): readonly string[] {
    const [first, ...others] = this.#surrogates.map(({ name }) => surrogateDefinition(name).parameters);
    if (first === undefined) return [];
    return Object.keys(first)
      .filter((name) => [first, ...others].every((parameters) => parameters[name] !== undefined && !parameters[name].integer))
      .map((name) => surrogatePrefix + name);
  }
}
