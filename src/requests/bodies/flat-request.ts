import { parseJsonBody } from '../../codecs/json-body.ts';
import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { didYouMean } from '../../errors/did-you-mean.ts';
import { InputErrors, invalidRequest } from '../../errors/input-errors.ts';
import { memoize } from '../../compute/cache.ts';
import { neurons } from '../../compute/neurons/catalogue.ts';
import { type NeuronModel, possibleStates } from '../../compute/neurons/model.ts';
import { catalogue } from '../../compute/surrogates/catalogue.ts';
import { maxLayers } from '../../schemas/network.ts';
import { defaultModel, libraryOf, neuronFieldNames } from '../neurons/neurons.ts';
import { operations } from '../operations.ts';
import type { NetworkPlan, Operation } from '../plan.ts';
import { suggestField, unknownField } from '../words/suggestions.ts';
import { findSurrogate, maxSurrogates, surrogateNames } from '../surrogates/surrogates.ts';

/** A value of a flat request. */
export type FlatValue = string | number | boolean;

/** Fields that are lists, separated by commas. */
const lists: ReadonlySet<string> = new Set(['record', 'wrt', 'outputs']);
/** The fields of losses by their names in flat requests. */
const lossFields: Readonly<Record<string, string>> = {
  loss: 'type',
  target: 'target',
  cotangent_spikes: 'spikes',
  cotangent_v: 'v',
  cotangent_v_pre: 'v_pre',
  labels: 'labels',
  loss_on: 'on',
  // Beside the neuron's.
  loss_tau: 'tau',
};
const tangentPrefix = 'tangent_';
/** Fields of any operation's request; those of another operation are reported as unknown rather than taken for a surrogate's parameter. */
const requestFields = new Set(Object.values(operations).flatMap(({ schema }) => Object.keys(schema.properties)));
for (const nested of ['neuron', 'state', 'loss', 'tangents']) requestFields.delete(nested);

/** The names that are fields of `neuron` for a model: its time step too, where it has one called `dt`, but `record` is the request's. */
export const flatNeuronFields = memoize((model: NeuronModel): ReadonlySet<string> => {
  const initial = possibleStates(model).map((state) => `${state}_init`);
  return new Set(['model', ...neuronFieldNames(model), ...initial].filter((name) => name !== 'record'));
});

/**
 * Nests a flat request, as a URL or the Open Inference Protocol has it, like a request in JSON: fields of the neuron and the loss move into
 * their objects, lists are split at commas, and parameters of the surrogate move into it. Fields of the neuron are those of `model`. Of a network, `layers`
 * is JSON as text, to which fields with paths as names are added, such as `layers/0/weight` or `layers/1/neuron/tau`; `events_sample`, `events_neuron` and
 * `events_step` with `input_shape` are its input.
 *
 * @param tensors the fields that are tensors; they are placed unchanged.
 * @throws {Problem} `invalid_request` for unknown fields, fields that are given twice, and text that is not JSON.
 * @example
 * nestRequest('lif_simulate', { steps: 100, tau: 20, record: 'v,spikes' }, { current });
 * // { current, steps: 100, neuron: { tau: 20 }, record: ['v', 'spikes'] }
 */
export function nestRequest(
  operation: Operation,
  flat: Readonly<Record<string, FlatValue>>,
  tensors: Readonly<Record<string, unknown>>,
): object {
  if (operation === 'network_simulate' || operation === 'network_grad') return nestNetwork(operation, flat, tensors);
  const { properties } = operations[operation].schema;
  const hasNeuron = 'neuron' in properties;
  const model = neurons.get(String(flat.model ?? defaultModel));
  // Of an unknown model, which is an error, everything may be a field.
  const isNeuronField = (name: string) => hasNeuron && (model === undefined ? !requestFields.has(name) : flatNeuronFields(model).has(name));
  const takesParameters = 'surrogate' in properties && (operation !== 'lif_simulate' || flat.forward === 'smooth');
  const given = parsedText(flat.surrogate, (got) => {
    const message = `must be a name, or a JSON object as text such as {"name": "sigmoid", "alpha": 4}, got ${got}`;
    throw invalidRequest([{ path: '/surrogate', message }]);
  });
  const surrogate = given ?? (hasNeuron ? model?.surrogate : undefined) ?? 'sigmoid';
  const parameterNames = takesParameters ? possibleParameters(surrogate, hasNeuron) : undefined;
  const unknown: string[] = [];
  const [request, neuron, loss, tangents, parameters] = [emptyFields(), emptyFields(), emptyFields(), emptyFields(), emptyFields()];
  const place = (name: string, value: unknown) => {
    if ('loss' in properties && Object.hasOwn(lossFields, name)) loss[lossFields[name]!] = value;
    else if ('tangents' in properties && name.startsWith(tangentPrefix)) tangents[name.slice(tangentPrefix.length)] = value;
    // Neither a URL nor the Open Inference Protocol has a null.
    else if (isNeuronField(name)) neuron[name] = value === 'null' ? null : value;
    else if (requestFields.has(name)) request[name] = value;
    else if (parameterNames?.has(name) === true) parameters[name] = value;
    else unknown.push(name);
  };
  for (const [name, value] of Object.entries(flat)) place(name, lists.has(name) ? splitList(value) : name === 'surrogate' ? given : value);
  for (const [name, tensor] of Object.entries(tensors)) place(name, tensor);
  if (unknown.length > 0) {
    const names = new Set([
      ...Object.keys(properties).filter((name) => requestFields.has(name)),
      ...(hasNeuron && model ? flatNeuronFields(model) : []),
      ...('loss' in properties ? Object.keys(lossFields) : []),
      ...(takesParameters ? possibleParameters(surrogate, true) : []),
    ]);
    refuseUnknown(unknown, names, model && hasNeuron ? libraryOf(model) : '');
  }

  if (Object.keys(neuron).length > 0) request.neuron = neuron;
  if (Object.keys(loss).length > 0) request.loss = withType(loss);
  if ('tangents' in properties) request.tangents = tangents;
  if (Object.keys(parameters).length > 0) request.surrogate = withParameters(surrogate, parameters);
  return request;
}

/**
 * The fields that are parameters of the surrogates. Beside a neuron, whose field it may have been meant to be, a field has to be a parameter of one of
 * them; without one, or where a surrogate is not known, it may be any surrogate's, so that the error is about the surrogate.
 */
function possibleParameters(surrogate: unknown, hasNeuron: boolean): ReadonlySet<string> {
  if (!hasNeuron) return allParameters;
  const names = new Set<string>();
  for (const one of surrogateNames(surrogate, maxSurrogates)) {
    const definition = findSurrogate(one);
    if (definition === undefined) return allParameters;
    for (const name in definition.parameters) names.add(name);
  }
  return names;
}

/** The parameters of all surrogates. */
const allParameters: ReadonlySet<string> = new Set([...catalogue.values()].flatMap(({ parameters }) => Object.keys(parameters)));

/** @throws {Problem} for fields that a flat request does not have. */
export function refuseUnknown(unknown: readonly string[], names: ReadonlySet<string>, library: string): void {
  const spell = (path: string) => {
    const name = flatName(path);
    return names.has(name) ? quote(name) : undefined;
  };
  const errors = new InputErrors();
  for (const name of unknown) errors.add(pointerSegment(name), unknownField(name, suggestField(name, { names, library, spell })));
  errors.throwIfAny();
}

/** The name in a flat request of the field at a JSON pointer. */
function flatName(path: string): string {
  const [field = '', ...inner] = path.slice(1).split('/');
  const name = inner.join('.');
  if (field === 'loss') return Object.keys(lossFields).find((flat) => lossFields[flat] === (name || 'type')) ?? '';
  if (field === 'surrogate') return name === '' || name === 'name' ? field : name;
  return field === 'neuron' ? name : field;
}

/** Has no prototype, so that `__proto__` is an unknown name like any other. */
export function emptyFields(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function splitList(value: FlatValue): unknown {
  return typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
}

/** A value that is JSON as text, an object or a list, parsed; any other as it is. @param refuse is called for such a text that is not JSON. */
function parsedText(value: unknown, refuse: (got: string) => unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJsonBody(value);
  } catch {
    return refuse(quote(value));
  }
}

/** A loss whose type, if left out, follows from its fields. */
function withType(loss: Record<string, unknown>): object {
  if ('type' in loss) return loss;
  return { type: 'target' in loss ? 'firing_rate_mse' : 'labels' in loss ? 'cross_entropy' : 'cotangent', ...loss };
}

function withParameters(surrogate: unknown, parameters: object): unknown {
  if (typeof surrogate === 'string') return { name: surrogate, ...parameters };
  if (Array.isArray(surrogate)) return surrogate.map((one: unknown) => withParameters(one, parameters));
  if (typeof surrogate !== 'object' || surrogate === null) return surrogate;
  const twice = Object.keys(parameters).filter((name) => Object.hasOwn(surrogate, name));
  if (twice.length > 0)
    throw invalidRequest(twice.map((name) => ({ path: pointerSegment(name), message: 'is in "surrogate" as well; give it once' })));
  return { ...surrogate, ...parameters };
}

const eventPrefix = 'events_';
const shapeName = 'input_shape';
type Fields = Record<string, unknown>;

function nestNetwork(
  operation: NetworkPlan['job']['kind'],
  flat: Readonly<Record<string, FlatValue>>,
  tensors: Readonly<Record<string, unknown>>,
): object {
  const errors = new InputErrors();
  const { properties } = operations[operation].schema;
  const [request, loss, events] = [emptyFields(), emptyFields(), emptyFields()];
  const layers = readLayers(flat.layers, errors);
  let shape: unknown;
  for (const [name, value] of [...Object.entries(flat), ...Object.entries(tensors)]) {
    if (name === 'layers') continue;
    if (name.startsWith('layers/')) placeInLayer(layers, name, value, errors);
    else if ('loss' in properties && Object.hasOwn(lossFields, name)) loss[lossFields[name]!] = value;
    else if (name.startsWith(eventPrefix)) events[name.slice(eventPrefix.length)] = value;
    else if (name === shapeName) shape = networkValue(value, shapeName, errors);
    else if (name in properties) request[name] = lists.has(name) ? splitList(value as FlatValue) : value;
    else {
      const known = [...Object.keys(properties), ...('loss' in properties ? Object.keys(lossFields) : []), shapeName];
      errors.add(pointerSegment(name), unknownField(name, didYouMean(name, known)));
    }
  }
  const hasEvents = Object.keys(events).length > 0 || shape !== undefined;
  if (hasEvents && 'input' in request) errors.add('/input', 'is given as events as well; give one of them');
  errors.throwIfAny();
  if (hasEvents) request.input = { events, ...(shape !== undefined && { shape }) };
  if (Object.keys(loss).length > 0) request.loss = withType(loss);
  if (layers.length > 0) request.layers = layers;
  return request;
}

function networkValue(value: unknown, name: string, errors: InputErrors): unknown {
  return parsedText(value, (got) => errors.add(pointerSegment(name), `must be JSON as text, got ${got}`));
}

function readLayers(given: FlatValue | undefined, errors: InputErrors): Fields[] {
  if (given === undefined) return [];
  const layers = networkValue(given, 'layers', errors);
  if (layers === null) return [];
  if (Array.isArray(layers) && layers.every((layer: unknown) => typeof layer === 'object' && layer !== null && !Array.isArray(layer)))
    return layers.map(fieldsOf);
  errors.add('/layers', `must be JSON as text, a list of objects such as [{"surrogate": "arctan"}], got ${describe(layers)}`);
  return [];
}

/** A copy without a prototype, so that `__proto__` is an unknown name like any other. */
function fieldsOf(fields: unknown): Fields {
  return Object.assign(emptyFields(), fields);
}

function placeInLayer(layers: Fields[], name: string, value: unknown, errors: InputErrors): void {
  const path = `/${name}`;
  const [, index = '', field = '', ...inner] = name.split('/');
  if (!/^(0|[1-9]\d?)$/.test(index) || Number(index) >= maxLayers || field === '') {
    errors.add(path.slice(0, 200), `must be layers/{l}/{field} with a layer from 0 to ${maxLayers - 1}`);
    return;
  }
  while (layers.length <= Number(index)) layers.push(emptyFields());
  let holder = layers[Number(index)]!;
  const fields = [field, ...inner];
  for (const key of fields.slice(0, -1)) holder = holder[key] = fieldsOf(holder[key]);
  const last = fields.at(-1)!;
  if (last in holder) errors.add(path, 'is in "layers" as well; give it once');
  // The protocol has no null.
  holder[last] = value === 'null' ? null : networkValue(value, name, errors);
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Fields whose value is text, even where it looks like a number. */
const textFields = new Set([...lists, 'model', 'forward', 'encoding', 'backend', 'dtype', 'surrogate', 'loss', 'loss_on']);

/** A value of the URL: a number or boolean where it is written as in JSON. */
export function valueOfText(name: string, text: string): FlatValue {
  if (textFields.has(name)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return jsonNumber.test(text) ? Number(text) : text;
}
