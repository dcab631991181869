import type { NeuronEntry, NeuronParameterEntry } from './api-types.ts';
import { fieldGroup, type Field } from './fields.ts';
import { modelChoice } from './model-choice.ts';
import type { PartOptions } from './part.ts';
import type { Settings } from './settings.ts';

/** The fields of a neuron, and the neuron that they set. */
export interface NeuronForm {
  readonly entry: NeuronEntry;
  readonly element: HTMLFieldSetElement;
  /** Whether all fields hold something right; each says for itself what is wrong. */
  isRight(): boolean;
  /** The `neuron` of a request, of fields that are right. */
  neuron(): Readonly<Record<string, unknown>>;
  /** A parameter's number; undefined where there is none. */
  numberOf(parameter: string): number | undefined;
}

const plainModel = 'lif';
/** In front of a parameter's name in the address, since the page has settings of the same names. */
const prefix = 'neuron.';

/** The model that the settings name. */
export function chosenModel(neurons: readonly NeuronEntry[], settings: Settings): NeuronEntry {
  const name = settings.text('model', plainModel);
  return (neurons.find((one) => one.name === name) ?? neurons.find((one) => one.name === plainModel))!;
}

/** The fields of the chosen model. Another choice makes the part anew, without the parameters of this one. */
export function neuronForm({ neurons, restart }: PartOptions, settings: Settings): NeuronForm {
  const entry = chosenModel(neurons, settings);
  const choose = (name: string): void => {
    for (const setting of [...settings.texts.keys()])
      if (setting.startsWith(prefix) || setting.startsWith('d_')) settings.set(setting, undefined);
    settings.set('model', name);
    restart(settings.texts);
  };
  const fields = entry.name === plainModel ? plainFields(entry, settings) : tableFields(entry, settings);
  const choice = modelChoice(neurons, entry, choose);
  return {
    entry,
    element: fieldGroup('Neuron', choice, ...Array.from(fields.values(), ({ element }) => element)),
    isRight: () => Array.from(fields.values(), (field) => field.value() !== undefined).every(Boolean),
    neuron: () => {
      const values = Object.fromEntries(Array.from(fields, ([name, field]) => [name, field.value()]));
      if (entry.name === plainModel) return values;
      // What has its default is left out, so that the request shows what was chosen.
      return {
        model: entry.name,
        ...Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== defaultOf(entry, name))),
      };
    },
    numberOf: (parameter) => {
      const value = fields.get(parameter)?.value();
      return typeof value === 'number' ? value : undefined;
    },
  };
}

function defaultOf({ parameters, options }: NeuronEntry, name: string): unknown {
  return (parameters[name] ?? options[name])?.default;
}

type Fields = ReadonlyMap<string, Field<unknown>>;

const integrations = [
  ['euler', 'Euler'],
  ['exponential', 'exponential'],
] as const;
const resets = [
  ['hard', 'hard: to v_reset'],
  ['soft', 'soft: minus the threshold'],
  ['none', 'none'],
] as const;

/** Those fields of the plain neuron that matter most. */
function plainFields({ parameters }: NeuronEntry, settings: Settings): Fields {
  const number = (name: string, options: Omit<Parameters<Settings['number']>[2], 'label'> & { readonly label?: string }): Field<number> => {
    const { default: usual, unit, meaning } = parameters[name]!;
    return settings.number(name, Number(usual), { label: name, hint: meaning, ...(unit !== undefined && { unit }), ...options });
  };
  const reset = settings.choice('reset', 'hard', { label: 'Reset', choices: resets });
  const vReset = number('v_reset', { minimum: -1e4, maximum: 1e4, slider: [-1, 1] });
  const showReset = (): void => {
    vReset.element.hidden = reset.value() !== 'hard';
  };
  reset.element.addEventListener('change', showReset);
  showReset();
  return new Map<string, Field<unknown>>([
    ['tau', number('tau', { minimum: 1e-3, maximum: 1e6, slider: [1, 100], logarithmic: true })],
    ['v_threshold', number('v_threshold', { label: 'Threshold', hint: 'v_threshold', minimum: -1e4, maximum: 1e4, slider: [0.1, 3] })],
    ['reset', reset],
    ['v_reset', vReset],
    ['refractory', number('refractory', { label: 'Refractory', minimum: 0, maximum: 1e6, slider: [0, 20] })],
    ['integration', settings.choice('integration', 'euler', { label: 'Integration', choices: integrations })],
  ]);
}

/** A field for each parameter and option of the model's table. */
function tableFields({ parameters, options, library }: NeuronEntry, settings: Settings): Fields {
  const fields = new Map<string, Field<unknown>>();
  let place = 0;
  for (const [name, parameter] of Object.entries(parameters)) {
    const { default: usual, unit, meaning, allows_null } = parameter;
    const described = { label: name, hint: meaning, ...(unit !== undefined && { unit }), ...rangeOf(parameter) };
    const setting = prefix + name;
    if (allows_null) fields.set(name, settings.optionalNumber(setting, usual ?? null, described));
    else {
      const number = usual ?? numberFor(parameter, place++);
      fields.set(name, settings.number(setting, number, { ...described, ...sliderFor(number, parameter) }));
    }
  }
  for (const [name, { default: usual, values }] of Object.entries(options)) {
    // The Gradient part has a control of its own for it.
    if (library === null && name === 'detach_reset') continue;
    const setting = prefix + name;
    const field = values
      ? settings.choice(setting, String(usual ?? values[0]), { label: name, choices: values.map((value) => [value, value]) })
      : settings.check(setting, usual === true, name);
    fields.set(name, field);
  }
  return fields;
}

/** Beyond every number that makes sense. */
const far = 1e6;
const small = 1e-6;

function rangeOf({ minimum, maximum, exclusive_minimum }: NeuronParameterEntry): { minimum: number; maximum: number } {
  return { minimum: minimum ?? (exclusive_minimum === undefined ? -far : exclusive_minimum + small), maximum: maximum ?? far };
}

/** A number to begin with where a request must give one: time constants by their unit, others near 1 and each a little less. */
function numberFor({ unit, differentiable }: NeuronParameterEntry, place: number): number {
  if (unit === 's') return differentiable ? 0.01 : 0.001;
  return unit === 'ms' || unit === 'steps' ? 10 : Number(Math.max(0.1, 0.9 - 0.1 * place).toFixed(1));
}

function sliderFor(usual: number, parameter: NeuronParameterEntry): { slider: [number, number]; logarithmic?: boolean } {
  const { minimum, maximum } = rangeOf(parameter);
  if (usual > 0 && minimum >= 0 && maximum > 1)
    return { slider: [Math.max(minimum, usual / 20), Math.min(maximum, usual * 20)], logarithmic: true };
  const width = Math.max(1, 2 * Math.abs(usual));
  return { slider: [Math.max(minimum, usual - width), Math.min(maximum, usual + width)] };
}

/** Says beside the fields what the service finds wrong with them. */
export function complainOfSettings(errors: readonly { readonly path: string; readonly message: string }[], settings: Settings): void {
  for (const { path, message } of errors) {
    const [first, ...names] = path.split('/').slice(1);
    if (first === 'neuron') settings.complain(prefix + names.join('.'), message);
    settings.complain(names.at(-1) ?? first ?? '', message);
  }
}
