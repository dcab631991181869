import type { Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../../codecs/tensor.ts';
import { memoize } from '../../compute/cache.ts';
import { extremes, indicesIn, isGenerated, valueAt, type Linspace } from '../../compute/numbers.ts';
import type { NeuronQuantity } from '../../compute/jobs.ts';
import { programOf } from '../../compute/neurons/terms.ts';
import { neurons } from '../../compute/neurons/catalogue.ts';
import { leftOut } from '../../compute/neurons/libraries/left-out.ts';
import {
  type NeuronModel,
  type NeuronOption,
  type NeuronOptions,
  type NeuronParameter,
  type OptionValue,
  possibleStates,
} from '../../compute/neurons/model.ts';
import type { NeuronProgram } from '../../compute/neurons/program.ts';
import { flatSettings } from '../../compute/neurons/nested-settings.ts';
import { standardNeuron } from '../../compute/standard-jobs.ts';
import type { Limits } from '../../config/limits.ts';
import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { didYouMean } from '../../errors/did-you-mean.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import {
  meaningOf,
  notAllowed,
  suggestField,
  suggestValue,
  unknownField,
  unknownState,
  withHint,
  type Place,
} from '../words/suggestions.ts';

/** The model of a request that names none. */
export const defaultModel = 'lif';
/** The model whose fields stand in groups. */
export const generalModel = 'general';

/** A tensor of a request, and its place there. */
export interface GivenTensor {
  readonly path: string;
  readonly tensor: Tensor;
}

/** The neurons of a request. */
export interface Neuron {
  readonly model: NeuronModel;
  readonly options: NeuronOptions;
  /** As a problem has them, of the neurons that the request gives, which may be fewer than a batch has. */
  readonly parameters: Readonly<Record<string, NeuronQuantity>>;
  /** The parameters and initial states (`<state>_init`) that the request gives, by name. */
  readonly given: ReadonlyMap<string, GivenTensor>;
  /** Their program in a run with spikes, which has the states and outputs of a smooth one too. */
  readonly program: NeuronProgram;
}

/** The fields of a request that describe its neurons. */
export interface NeuronRequest {
  readonly neuron?: unknown;
  readonly state?: unknown;
  readonly detach_reset?: boolean;
  readonly wrt?: unknown;
  readonly tangents?: unknown;
}

/** A field of `neuron`. */
type Field =
  | { readonly kind: 'parameter'; readonly rule: NeuronParameter; readonly isNullable: boolean }
  | { readonly kind: 'option'; readonly rule: NeuronOption };

/** What requests for a model are read with. */
interface ModelFields {
  readonly model: NeuronModel;
  readonly fields: ReadonlyMap<string, Field>;
  readonly defaults: Readonly<Record<string, NeuronQuantity>>;
  readonly options: NeuronOptions;
  /** Parameters and options that a request has to give. */
  readonly required: readonly string[];
}

/** Fields of the whole request that may be looked for in `neuron`. */
const wholeRequestFields = ['/dt', '/encoding', '/backend', '/dtype'];
/** Fields beside `neuron` that may be looked for in it: of a request with one, and of a layer. */
const requestFields: ReadonlySet<string> = new Set(['/current', '/steps', '/surrogate', '/state', ...wholeRequestFields]);
const layerFields: ReadonlySet<string> = new Set(['/surrogate', ...wholeRequestFields]);

/** The option that requests give beside `neuron`, for neurons of no library. */
const topLevelOption = 'detach_reset';

function hasTopLevelOption({ library, options }: NeuronModel): boolean {
  return library === null && Object.hasOwn(options, topLevelOption);
}

const fieldsOf = memoize((model: NeuronModel): ModelFields => {
  const fields = new Map<string, Field>();
  for (const [name, rule] of Object.entries(model.nullable)) fields.set(name, { kind: 'parameter', rule, isNullable: true });
  for (const [name, rule] of Object.entries(model.parameters)) fields.set(name, { kind: 'parameter', rule, isNullable: false });
  for (const [name, rule] of Object.entries(model.options)) fields.set(name, { kind: 'option', rule });
  if (hasTopLevelOption(model)) fields.delete(topLevelOption);
  const required = [...fields].flatMap(([name, field]) => {
    const isNullable = field.kind === 'parameter' && field.isNullable;
    return field.rule.default === undefined && !isNullable ? [name] : [];
  });
  const { parameters: defaults, options } = standardNeuron(model.name);
  return { model, fields, defaults, options, required };
});

/** The names of a model's parameters and options as fields of `neuron`. */
export function neuronFieldNames(model: NeuronModel): readonly string[] {
  return [...fieldsOf(model).fields.keys()];
}

/** The message for an unknown neuron. */
export function unknownNeuron(name: string): string {
  const lower = name.slice(0, 100).toLowerCase();
  const end = lower.lastIndexOf('.');
  const [library, tail] = [lower.slice(0, Math.max(0, end)), lower.slice(end + 1)];
  const left =
    library === '' ? undefined : leftOut.find((one) => one.name.toLowerCase() === tail && one.library.toLowerCase().startsWith(library));
  if (left !== undefined) return `${left.library}'s ${left.name} is left out on purpose: ${left.why}`;
  return `unknown neuron ${quote(name)}; ${suggestValue(name, '/neuron/model', neurons.keys()) ?? didYouMean(name, neurons.keys())}`;
}

/** The JSON pointer of a parameter or option of a model in a request. */
export function parameterPath(model: string, name: string): string {
  const fields = model === generalModel ? name.split('.') : [name];
  return `/neuron${fields.map(pointerSegment).join('')}`;
}

/** The library of a model as its name has it; '' for one of no library. */
export function libraryOf({ name }: NeuronModel): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

/**
 * Reads the fields that describe a request's neurons, and fills in defaults. Returns null for an unknown model, no object, or missing
 * alternatives; errors of single fields go to `errors` too.
 *
 * @example
 * readNeuron({ neuron: { model: 'snntorch.Leaky', beta: 0.9 } }, errors, limits);
 * @param at the JSON pointer of the layer that the fields are of, '' for those of a request.
 */
export function readNeuron(request: NeuronRequest, errors: InputErrors, limits: Limits, at = ''): Neuron | null {
  const { neuron: fields = {} } = request;
  if (!isObject(fields)) {
    const hint = typeof fields === 'string' && neurons.has(fields) ? `; did you mean {"model": ${quote(fields)}}?` : '';
    return errors.add(`${at}/neuron`, `must be an object, got ${describe(fields)}${hint}`);
  }
  const { model: name = defaultModel } = fields;
  if (typeof name !== 'string') return errors.add(`${at}/neuron/model`, `must be the name of a neuron, got ${describe(name)}`);
  const model = neurons.get(name);
  if (model === undefined) return errors.add(`${at}/neuron/model`, unknownNeuron(name));
  const reader = new NeuronReader(fieldsOf(model), { at, differentiated: differentiatedNames(request) }, errors, limits);
  reader.readFields(name === generalModel ? flatSettings(fields) : fields);
  if (request.state !== undefined) reader.readState(request.state);
  if (request.detach_reset !== undefined) reader.readDetachReset(request.detach_reset);
  return reader.finish();
}

/** The names by which a request differentiates, right or wrong. */
function differentiatedNames({ wrt, tangents }: NeuronRequest): readonly unknown[] {
  return Array.isArray(wrt) ? (wrt as readonly unknown[]) : isObject(tangents) ? Object.keys(tangents) : [];
}

/** Where a neuron stands in a request, and the names by which it is differentiated, right or wrong. */
interface NeuronContext {
  readonly at: string;
  readonly differentiated: readonly unknown[];
}

class NeuronReader {
  readonly #known: ModelFields;
  readonly #at: string;
  readonly #differentiated: readonly unknown[];
  readonly #errors: InputErrors;
  readonly #limits: Limits;
  #options: NeuronOptions;
  #parameters: Record<string, NeuronQuantity>;
  readonly #given = new Map<string, GivenTensor>();
  /** Values of initial states, by state: whether the neuron has them depends on everything else. */
  readonly #initial = new Map<string, { readonly path: string; readonly value: unknown }>();

  constructor(known: ModelFields, { at, differentiated }: NeuronContext, errors: InputErrors, limits: Limits) {
    this.#known = known;
    this.#at = at;
    this.#differentiated = differentiated;
    this.#errors = errors;
    this.#limits = limits;
    this.#options = known.options;
    this.#parameters = { ...known.defaults };
    for (const name in known.model.nullable) if (differentiated.includes(name)) this.#keep(name);
  }

  /** The JSON pointer of a field. */
  #pathOf(name: string): string {
    return this.#at + parameterPath(this.#known.model.name, name);
  }

  readFields(given: Readonly<Record<string, unknown>>): void {
    const { model, fields, required } = this.#known;
    for (const name of Object.keys(given)) {
      if (name === 'model') continue;
      const value = given[name];
      const path = this.#pathOf(name);
      const field = fields.get(name);
      if (field === undefined) {
        if (name.endsWith('_init')) this.#initial.set(name.slice(0, -'_init'.length), { path, value });
        else this.#errors.add(path, this.#unknownField(name));
      } else if (field.kind === 'option') {
        const option = this.#readOption(name, value, field.rule, path);
        if (option !== null) this.#options = { ...this.#options, [name]: option };
      } else if (value === null && field.isNullable) {
        this.#leaveOut(name);
      } else if (value === null && this.#meaning(name, 'null') !== undefined) {
        this.#errors.add(path, `must be a number or one value per neuron, got null; ${this.#meaning(name, 'null')!}`);
      } else if (field.rule.isSetting) {
        this.#readSetting(name, value, field.rule, path);
      } else {
        this.#readTensor(name, value, field.rule, path);
      }
    }
    for (const name of required) if (!Object.hasOwn(given, name)) this.#errors.add(this.#pathOf(name), `is required by ${model.name}`);
  }

  /** Reads the state to start from, an object by state. */
  readState(given: unknown): void {
    if (!isObject(given)) {
      this.#errors.add('/state', `must be an object with a value of each state, got ${describe(given)}`);
      return;
    }
    for (const state of Object.keys(given)) {
      const path = `/state${pointerSegment(state)}`;
      if (this.#initial.has(state)) this.#errors.add(path, `is given as /neuron/${state}_init too; give it once`);
      else this.#initial.set(state, { path, value: given[state] });
    }
  }

  readDetachReset(value: boolean): void {
    const { model } = this.#known;
    if (hasTopLevelOption(model)) this.#options = { ...this.#options, [topLevelOption]: value };
    else if (Object.hasOwn(model.options, topLevelOption))
      this.#errors.add(`${this.#at}/${topLevelOption}`, `is a field of "neuron" for ${model.name}, such as its parameters`);
    else this.#errors.add(`${this.#at}/${topLevelOption}`, `has no effect on ${model.name}; leave it out`);
  }

  finish(): Neuron | null {
    const { model } = this.#known;
    const isGiven = (parameter: string) => this.#parameters[parameter] !== undefined;
    if (model.needs?.some((alternative) => alternative.every(isGiven)) === false) {
      const alternatives = model.needs.map((names) => names.map(quote).join(' and '));
      return this.#errors.add(`${this.#at}/neuron`, `needs ${alternatives.join(', or ')} for ${model.name}`);
    }
    const options = this.#options;
    const parameters = this.#parameters;
    const program = programOf({ model: model.name, options, parameters });
    const { states } = program.step;
    for (const [state, { path, value }] of this.#initial) {
      if (states.includes(state)) this.#readTensor(`${state}_init`, value, undefined, path);
      else if (path.startsWith('/state')) this.#errors.add(path, unknownState(state, states));
      else this.#errors.add(path, this.#unknownField(`${state}_init`, states));
    }
    return { model, options, parameters, given: this.#given, program };
  }

  #unknownField(name: string, states = possibleStates(this.#known.model)): string {
    const { model, fields } = this.#known;
    if (name === topLevelOption && hasTopLevelOption(model)) {
      const holder = this.#at === '' ? 'request' : 'layer';
      return `is a field of the ${holder} itself, beside "neuron", for ${model.name}`;
    }
    const initial = states.map((state) => `${state}_init`);
    const names = [...fields.keys()];
    const inner = names.find((field) => field.startsWith(`${name}.`));
    if (inner !== undefined) return `must be an object with fields such as ${quote(inner.slice(name.length + 1))}`;
    const groups = names.map((field) => field.split('.', 1)[0]!);
    const known = new Set(['model', ...names, ...groups, ...initial]);
    return unknownField(name, suggestField(name, this.#place(known)));
  }

  /** What the vocabulary says of a field that has a value which it may not have. */
  #meaning(name: string, given: 'null' | 'number'): string | undefined {
    return meaningOf(name, this.#place(new Set(this.#known.fields.keys())), given);
  }

  /** The inside of `neuron`. */
  #place(names: ReadonlySet<string>): Place {
    const { model } = this.#known;
    const spell = (path: string) => {
      const inner = path.startsWith('/neuron/') ? path.slice('/neuron/'.length).replaceAll('/', '.') : undefined;
      if (inner !== undefined) return names.has(inner) ? quote(inner) : undefined;
      const beside = this.#at === '' ? requestFields : layerFields;
      if (!beside.has(path) && (path !== `/${topLevelOption}` || !hasTopLevelOption(model))) return undefined;
      return wholeRequestFields.includes(path) ? path : this.#at + path;
    };
    return { names, library: libraryOf(model), spell };
  }

  #readOption(name: string, value: unknown, { values }: NeuronOption, path: string): OptionValue | null {
    if (values === undefined)
      return typeof value === 'boolean' ? value : this.#errors.add(path, `must be a boolean, got ${describe(value)}`);
    if (typeof value === 'string' && values.includes(value)) return value;
    const meaning = typeof value === 'number' ? this.#meaning(name, 'number') : undefined;
    return this.#errors.add(path, withHint(notAllowed(value, path, values), meaning));
  }

  #leaveOut(name: string): void {
    this.#parameters = Object.fromEntries(Object.entries(this.#parameters).filter(([other]) => other !== name));
    if (this.#differentiated.includes(name)) this.#keep(name);
  }

  /** Gives a parameter that is left out, but has a gradient, the value that means that there is none. */
  #keep(name: string): void {
    const { none, isSetting } = this.#known.model.nullable[name] ?? {};
    if (none !== undefined && isSetting !== true) this.#parameters[name] ??= { per: 'scalar', value: none };
  }

  #readSetting(name: string, value: unknown, rule: NeuronParameter, path: string): void {
    if (typeof value !== 'number') this.#errors.add(path, `must be a number, got ${describe(value)}`);
    else if (!isTensorNumber(value)) this.#errors.add(path, `must be within float32's range, got ${describe(value)}`);
    else if (!isInRange(value, rule)) this.#errors.add(path, rangeError(value, rule));
    else if (value === rule.none) this.#leaveOut(name);
    else this.#parameters[name] = { per: 'scalar', value };
  }

  #readTensor(name: string, value: unknown, rule: NeuronParameter | undefined, path: string): void {
    const tensor = decodeTensor(value, path, this.#errors, this.#limits);
    if (tensor === null) return;
    if (rule !== undefined) checkRange(tensor, rule, path, this.#errors);
    this.#given.set(name, { path, tensor });
    const quantity = neuronQuantity(tensor);
    if (quantity.per === 'scalar' && quantity.value === rule?.none) this.#leaveOut(name);
    else this.#parameters[name] = quantity;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function hasSpikes({ program }: Neuron): boolean {
  return program.step.spike !== undefined;
}

/** A tensor with one value, or one per neuron, as a quantity. */
export function neuronQuantity({ values }: Tensor): NeuronQuantity {
  return values.length === 1 ? { per: 'scalar', value: valueAt(values, 0) } : { per: 'neuron', values };
}

function isInRange(value: number, { minimum, maximum, exclusiveMinimum }: NeuronParameter): boolean {
  // A value that float32 rounds to the bound is at it.
  if (exclusiveMinimum !== undefined && !(Math.fround(value) > exclusiveMinimum)) return false;
  return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum);
}

function rangeError(value: number, { minimum, maximum, exclusiveMinimum }: NeuronParameter): string {
  if (exclusiveMinimum !== undefined && !(Math.fround(value) > exclusiveMinimum)) return `must be above ${exclusiveMinimum}, got ${value}`;
  return minimum !== undefined && value < minimum ? `must be >= ${minimum}, got ${value}` : `must be <= ${maximum}, got ${value}`;
}

function checkRange({ shape, values }: Tensor, rule: NeuronParameter, path: string, errors: InputErrors): void {
  const { minimum, maximum, exclusiveMinimum } = rule;
  if (minimum === undefined && maximum === undefined && exclusiveMinimum === undefined) return;
  if (Array.from(extremes(values)).every((value) => isInRange(value, rule))) return;
  const isLinspace = isGenerated(values) && values.generate === 'linspace';
  for (let i = isLinspace ? firstOutOfRange(rule, values) : 0; i < values.length; i++) {
    const value = valueAt(values, i);
    if (!isInRange(value, rule)) errors.add(path + indicesIn(shape, i).map(pointerSegment).join(''), rangeError(value, rule));
    // A linspace stays within a range until its end, except that its last number is rounded differently.
    else if (isLinspace) i = Math.max(i, values.length - 2);
  }
}

/** The index of the first number of a linspace that is out of range, where there is one: by bisection, since it may be long. */
function firstOutOfRange(rule: NeuronParameter, values: Linspace): number {
  if (!isInRange(valueAt(values, 0), rule)) return 0;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isInRange(valueAt(values, middle), rule)) low = middle + 1;
    else high = middle;
  }
  return low;
}
