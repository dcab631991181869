import { RawTensor } from '../../codecs/parsed-tensors.ts';
import { parseJsonBody } from '../../codecs/json-body.ts';
import { readNpy } from '../../codecs/npy.ts';
import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { invalidRequest } from '../../errors/input-errors.ts';
import { Problem } from '../../errors/problems.ts';
import { memoize } from '../../compute/cache.ts';
import { neurons } from '../../compute/neurons/catalogue.ts';
import { type NeuronModel, possibleStates } from '../../compute/neurons/model.ts';
import { catalogue } from '../../compute/surrogates/catalogue.ts';
import { defaultModel, libraryOf, neuronFieldNames } from '../neurons/neurons.ts';
import { operations } from '../operations.ts';
import type { Operation } from '../plan.ts';
import { suggestField, unknownField, type Place } from '../words/suggestions.ts';
import { findSurrogate, maxSurrogates, surrogateNames } from '../surrogates/surrogates.ts';

/** A value of a flat request. */
export type FlatValue = string | number | boolean;

/** The most unknown fields that an error names. */
const maxUnknown = 20;
/** Fields that are lists, separated by commas. */
export const lists: ReadonlySet<string> = new Set(['record', 'wrt', 'outputs']);
/** The fields of losses by their names in flat requests. */
export const lossFields: Readonly<Record<string, string>> = {
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
 * their objects, lists are split at commas, and parameters of the surrogate move into it. Fields of the neuron are those of `model`.
 *
 * @param tensors the fields that are tensors; they are placed unchanged.
 * @throws {Problem} `invalid_request` for unknown fields, and for a surrogate that is not valid JSON or has a parameter twice.
 * @example
 * nestRequest('lif_simulate', { steps: 100, tau: 20, record: 'v,spikes' }, { current });
 * // { current, steps: 100, neuron: { tau: 20 }, record: ['v', 'spikes'] }
 */
export function nestRequest(
  operation: Operation,
  flat: Readonly<Record<string, FlatValue>>,
  tensors: Readonly<Record<string, unknown>>,
): object {
  const { properties } = operations[operation].schema;
  const hasNeuron = 'neuron' in properties;
  const model = neurons.get(String(flat.model ?? defaultModel));
  // Of an unknown model, which is an error, everything may be a field.
  const isNeuronField = (name: string) => hasNeuron && (model === undefined ? !requestFields.has(name) : flatNeuronFields(model).has(name));
  const takesParameters = 'surrogate' in properties && (operation !== 'lif_simulate' || flat.forward === 'smooth');
  const given = flat.surrogate === undefined ? undefined : surrogateValue(flat.surrogate);
  const surrogate = given ?? (hasNeuron ? model?.surrogate : undefined) ?? 'sigmoid';
  let parametersTaken: ReadonlySet<string> | undefined;
  const isParameter = (name: string) => takesParameters && (parametersTaken ??= possibleParameters(surrogate, hasNeuron)).has(name);
  const unknown: string[] = [];
  const [request, neuron, loss, tangents, parameters] = [emptyFields(), emptyFields(), emptyFields(), emptyFields(), emptyFields()];
  const place = (name: string, value: unknown) => {
    if ('loss' in properties && Object.hasOwn(lossFields, name)) loss[lossFields[name]!] = value;
    else if ('tangents' in properties && name.startsWith(tangentPrefix)) tangents[name.slice(tangentPrefix.length)] = value;
    // Neither a URL nor the Open Inference Protocol has a null.
    else if (isNeuronField(name)) neuron[name] = value === 'null' ? null : value;
    else if (requestFields.has(name)) request[name] = value;
    else if (isParameter(name)) parameters[name] = value;
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
    throw unknownFields(unknown, names, model && hasNeuron ? libraryOf(model) : '');
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

/** The problem of fields that a flat request does not have. */
export function unknownFields(unknown: readonly string[], names: ReadonlySet<string>, library: string): Problem {
  const place: Place = {
    names,
    library,
    spell: (path) => {
      const name = flatName(path);
      return names.has(name) ? quote(name) : undefined;
    },
  };
  return invalidRequest(
    unknown.slice(0, maxUnknown).map((name) => ({ path: pointerSegment(name), message: unknownField(name, suggestField(name, place)) })),
  );
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

export function splitList(value: FlatValue): unknown {
  return typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
}

/** A surrogate's name, or its object from JSON text. */
function surrogateValue(value: FlatValue): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJsonBody(value);
  } catch {
    throw invalidRequest([
      {
        path: '/surrogate',
        message: `must be a name, or a JSON object as text such as {"name": "sigmoid", "alpha": 4}, got ${quote(value)}`,
      },
    ]);
  }
}

/** A loss whose type, if left out, follows from its fields. */
export function withType(loss: Record<string, unknown>): object {
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

/**
 * The request of an npy body: its array is `x` or `current`, and the URL's query has all other fields.
 *
 * @throws {Problem} `invalid_npy` when the bytes are not an array of numbers; `invalid_request` for a name that is given twice or unknown.
 */
export function npyRequest(operation: Operation, bytes: Uint8Array, query: Readonly<Record<string, unknown>>): object {
  const { npyField } = operations[operation];
  if (npyField === undefined)
    throw new Problem(
      'unsupported_media_type',
      'A network takes more tensors than the one of an npy body: send JSON, or JSON followed by bytes.',
    );
  const array = readNpy(bytes);
  if (typeof array === 'string') throw new Problem('invalid_npy', `The body is not an array of numbers as numpy.save writes it: ${array}.`);
  const flat = emptyFields() as Record<string, FlatValue>;
  for (const [name, value] of Object.entries(query)) {
    if (name === npyField)
      throw invalidRequest([{ path: pointerSegment(name), message: 'is the array of the body; leave it out of the URL' }]);
    if (typeof value !== 'string')
      throw invalidRequest([{ path: pointerSegment(name), message: `must stand in the URL once, got ${describe(value)}` }]);
    flat[name] = valueOfText(name, value);
  }
  const { dtype, shape, dataOffset, byteLength, fortranOrder } = array;
  const data = bytes.subarray(dataOffset, dataOffset + byteLength);
  return nestRequest(operation, flat, { [npyField]: new RawTensor({ dtype, shape, bytes: data }, fortranOrder) });
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Fields whose value is text, even where it looks like a number. */
const textFields = new Set([
  'model',
  'forward',
  'encoding',
  'backend',
  'dtype',
  'surrogate',
  'loss',
  'loss_on',
  'record',
  'wrt',
  'outputs',
]);

/** A value of the URL: a number or boolean where it is written as in JSON. */
export function valueOfText(name: string, text: string): FlatValue {
  if (textFields.has(name)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return jsonNumber.test(text) ? Number(text) : text;
}
