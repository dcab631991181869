import { didYouMean } from '../src/errors/did-you-mean.ts';
import type { NeuronEntry, NeuronParameterEntry } from './api-types.ts';
import { element } from './dom.ts';
import { fieldGroup, type Field } from './fields.ts';
import { formula } from './formula.ts';
import { modelChoice } from './model-choice.ts';
import type { PartOptions } from './part.ts';
import { wrongFields, type Settings, type WrongField } from './settings.ts';

/** The fields of a neuron, and the neuron that they set. */
export interface NeuronForm {
  readonly entry: NeuronEntry;
  readonly element: HTMLFieldSetElement;
  /** The fields that hold something wrong; each says so beside itself too. */
  wrongFields(): WrongField[];
  /** The `neuron` of a request, of fields that are right. */
  neuron(): Readonly<Record<string, unknown>>;
  /** A parameter's number; undefined where there is none. */
  readonly numberOf: (parameter: string) => number | undefined;
}

const plainModel = 'lif';

/** The name of a parameter in an address. Those of other models than the plain one have a prefix, since the page has settings of the same names. */
function settingOf(model: string, parameter: string): string {
  return model === plainModel ? parameter : `neuron.${parameter}`;
}

/** Whether a name in an address is the model of a neuron, one of its parameters, or an end of the currents, which have its unit. */
export function isNeuronSetting(name: string, neurons: readonly NeuronEntry[]): boolean {
  const plain = neurons.find((one) => one.name === plainModel)!;
  return ['model', 'from', 'to'].includes(name) || name.startsWith('neuron.') || name in plain.parameters || name in plain.options;
}

/** The model that the settings name. */
function chosenModel({ neurons, report }: PartOptions, settings: Settings): NeuronEntry {
  const name = settings.text('model', plainModel);
  const entry = neurons.find((one) => one.name === name);
  if (entry !== undefined) return entry;
  report(
    `"${name}" is not a neuron; ${didYouMean(
      name,
      neurons.map((one) => one.name),
    )}`,
  );
  settings.set('model', undefined);
  return neurons.find((one) => one.name === plainModel)!;
}

/** The fields of the chosen model. Another choice makes the part anew, without the parameters of this one. */
export function neuronForm(options: PartOptions, settings: Settings): NeuronForm {
  const { neurons, restart } = options;
  const entry = chosenModel(options, settings);
  const choose = (name: string): void => {
    for (const setting of [...settings.texts.keys()])
      if (isNeuronSetting(setting, neurons) || setting.startsWith('d_')) settings.set(setting, undefined);
    settings.set('model', name);
    restart(settings.texts);
  };
  const fields = fieldsOf(entry, settings);
  const shown = [...fields].map(([name, field]) => ({
    isMain: entry.name !== plainModel || mainNames.includes(name),
    element: field.element,
  }));
  const others = shown.filter(({ isMain }) => !isMain).map((one) => one.element);
  return {
    entry,
    element: fieldGroup(
      'Neuron',
      modelChoice(neurons, entry, choose),
      element('details', {}, element('summary', {}, 'Equations of a step'), ...entry.equations.map((latex) => formula(latex))),
      ...shown.filter(({ isMain }) => isMain).map((one) => one.element),
      ...(others.length === 0 ? [] : [element('details', {}, element('summary', {}, `${others.length} more parameters`), ...others)]),
    ),
    wrongFields: () => wrongFields(fields.values()),
    neuron: () => {
      const values = Array.from(fields, ([name, field]) => [name, field.value()] as const);
      // What has its default is left out, so that the request shows what was chosen.
      return {
        ...(entry.name !== plainModel && { model: entry.name }),
        ...Object.fromEntries(values.filter(([name, value]) => value !== defaultOf(entry, name))),
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

/** Those parameters of the plain neuron that matter most, and come first. */
const mainNames: readonly string[] = ['tau', 'v_threshold', 'reset', 'v_reset', 'refractory', 'integration'];

/** A field for each parameter and option of the model's table. */
function fieldsOf(entry: NeuronEntry, settings: Settings): Fields {
  const { name: model, parameters, options, library } = entry;
  const fields = new Map<string, Field<unknown>>();
  let place = 0;
  for (const [name, parameter] of Object.entries(parameters)) {
    const { default: usual, unit, meaning, allows_null } = parameter;
    const setting = settingOf(model, name);
    const number = usual ?? numberFor(parameter, place);
    const described = {
      label: name,
      hint: meaning,
      ...(unit !== undefined && { unit }),
      ...rangeOf(parameter),
      ...sliderFor(number, parameter),
    };
    if (usual === undefined && !allows_null) place += 1;
    fields.set(
      name,
      allows_null ? settings.optionalNumber(setting, usual ?? null, described) : settings.number(setting, number, described),
    );
  }
  for (const [name, { default: usual, values, meaning }] of Object.entries(options)) {
    // The Gradient part has a control of its own for it.
    if (library === null && name === 'detach_reset') {
      settings.know([settingOf(model, name)]);
      continue;
    }
    const setting = settingOf(model, name);
    const described = { label: name, hint: meaning };
    const field = values
      ? settings.choice(setting, String(usual ?? values[0]), { ...described, choices: values.map((value) => [value, value]) })
      : settings.check(setting, usual === true, described);
    fields.set(name, field);
  }
  if (model !== plainModel) return fields;
  return new Map([
    ...mainNames.map((name) => [name, fields.get(name)!] as const),
    ...[...fields].filter(([name]) => !mainNames.includes(name)),
  ]);
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
    if (first === 'neuron') settings.complain(`neuron.${names.join('.')}`, message);
    settings.complain(names.at(-1) ?? first ?? '', message);
  }
}
