import type { NeuronEntry } from './api-types.ts';
import { isNeuronSetting } from './neuron-form.ts';
import type { Part } from './part.ts';

type Texts = ReadonlyMap<string, string>;

/** How each part was left. Surrogates and the neuron go along from part to part. */
export class KeptSettings {
  readonly #parts: Readonly<Record<string, Part>>;
  readonly #neurons: readonly NeuronEntry[];
  readonly #settings = new Map<string, Texts>();

  constructor(parts: Readonly<Record<string, Part>>, neurons: readonly NeuronEntry[]) {
    this.#parts = parts;
    this.#neurons = neurons;
  }

  of(part: string): Texts {
    return this.#settings.get(part) ?? new Map();
  }

  /** Keeps the settings of a part, and hands on to the others what they have in common with it. */
  keep(from: string, settings: Texts): void {
    this.#settings.set(from, settings);
    const { surrogates, hasNeuron } = this.#parts[from]!;
    for (const [name, part] of Object.entries(this.#parts)) {
      if (name === from) continue;
      const others = new Map(this.of(name));
      const picked = surrogates === undefined ? undefined : settings.get(surrogates);
      if (part.surrogates !== undefined && picked !== undefined) others.set(part.surrogates, picked);
      if (hasNeuron === true && part.hasNeuron === true) this.#handOnNeuron(settings, others);
      this.#settings.set(name, others);
    }
  }

  #handOnNeuron(from: Texts, to: Map<string, string>): void {
    const isOther = from.get('model') !== to.get('model');
    for (const setting of [...to.keys()])
      // What is to be differentiated is chosen among the parameters of one model.
      if (isNeuronSetting(setting, this.#neurons) || (isOther && setting.startsWith('d_'))) to.delete(setting);
    for (const [setting, text] of from) if (isNeuronSetting(setting, this.#neurons)) to.set(setting, text);
  }
}
