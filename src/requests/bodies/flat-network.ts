import { parseJsonBody } from '../../codecs/json-body.ts';
import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { didYouMean } from '../../errors/did-you-mean.ts';
import { InputErrors } from '../../errors/input-errors.ts';
import { maxLayers } from '../../schemas/network.ts';
import { emptyFields, lists, lossFields, splitList, withType, type FlatValue } from './flat-request.ts';
import { operations } from '../operations.ts';
import { unknownField } from '../words/suggestions.ts';

const eventPrefix = 'events_';
const shapeName = 'input_shape';
type Fields = Record<string, unknown>;

/**
 * Nests a flat request for a network, as the Open Inference Protocol has it: `layers` is JSON as text, fields with paths as names, such as
 * `layers/0/weight` or `layers/1/neuron/tau`, are added to it, and `events_sample`, `events_neuron` and `events_step` with `input_shape` are the input.
 *
 * @param tensors the fields that are tensors; they are placed unchanged.
 * @throws {Problem} `invalid_request` for unknown fields, fields that are given twice, and text that is not JSON.
 */
export function nestNetwork(
  operation: 'network_simulate' | 'network_grad',
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
    else if (name === shapeName) shape = parsed(value, shapeName, errors);
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

/** JSON as text: an object or a list; other text as it is. */
function parsed(value: unknown, name: string, errors: InputErrors): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return parseJsonBody(value);
  } catch {
    return errors.add(pointerSegment(name), `must be JSON as text, got ${quote(value)}`);
  }
}

function readLayers(given: FlatValue | undefined, errors: InputErrors): Fields[] {
  if (given === undefined) return [];
  const layers = parsed(given, 'layers', errors);
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
  holder[last] = value === 'null' ? null : parsed(value, name, errors);
}
