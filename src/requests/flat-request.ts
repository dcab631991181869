import { parseJsonBody } from '../codecs/json-body.ts';
import { pointerSegment, quote } from '../errors/describe.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { Operation } from './plan.ts';

/** A value of a flat request. */
export type FlatValue = string | number | boolean;

const neuronNumbers = ['tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init', 'refractory'];
const neuronFields = new Set([...neuronNumbers, 'reset', 'integration', 'input_scaling']);
const requestFields = new Set([
  'x',
  'cotangent',
  'current',
  'steps',
  'dt',
  'detach_reset',
  'encoding',
  'backend',
  'dtype',
  'dry_run',
  'surrogate',
]);
const lists = new Set(['record', 'wrt', 'outputs']);
const lossFields: Readonly<Record<string, string>> = { loss: 'type', target: 'target', cotangent_spikes: 'spikes', cotangent_v: 'v' };
/**
 * A request as JSON has it, from names and values without any nesting, as a URL and the Open Inference Protocol have them: the neuron's
 * fields and the loss's find their objects, lists are split at commas, and what is left over are the surrogate's parameters.
 *
 * @param tensors fields that are tensors, put where they belong as they are.
 * @example
 * nestRequest('lif_simulate', { steps: 100, tau: 20, record: 'v,spikes' }, { current });
 * // { current, steps: 100, neuron: { tau: 20 }, record: ['v', 'spikes'] }
 */
export function nestRequest(
  operation: Operation,
  flat: Readonly<Record<string, FlatValue>>,
  tensors: Readonly<Record<string, unknown>>,
): object {
  const [request, neuron, loss, parameters] = [fields(), fields(), fields(), fields()];
  const isNeuron = operation === 'lif_simulate' || operation === 'lif_grad';
  const hasSurrogate = operation !== 'lif_simulate';
  const place = (name: string, value: unknown) => {
    if (isNeuron && neuronFields.has(name)) neuron[name] = value;
    else if (operation === 'lif_grad' && Object.hasOwn(lossFields, name)) loss[lossFields[name]!] = value;
    else if (requestFields.has(name) || lists.has(name) || !hasSurrogate) request[name] = value;
    else parameters[name] = value;
  };
  for (const [name, value] of Object.entries(flat))
    place(name, lists.has(name) ? splitList(value) : name === 'surrogate' ? surrogateValue(value) : value);
  for (const [name, tensor] of Object.entries(tensors)) place(name, tensor);

  if (Object.keys(neuron).length > 0) request.neuron = neuron;
  if (Object.keys(loss).length > 0) request.loss = withType(loss);
  if (Object.keys(parameters).length > 0) request.surrogate = withParameters(request.surrogate ?? 'sigmoid', parameters);
  return request;
}

/** Without a prototype, so that `__proto__` is a name like any other: unknown. */
function fields(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function splitList(value: FlatValue): unknown {
  return typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
}

/**
 * A surrogate's name, or its object out of JSON text.
 *
 * @throws {Problem} `invalid_request` when the text looks like JSON and is not.
 */
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

/** The loss that its fields belong to, where its type is left out. */
function withType(loss: Record<string, unknown>): object {
  if ('type' in loss) return loss;
  return { type: 'target' in loss ? 'firing_rate_mse' : 'cotangent', ...loss };
}

/** @throws {Problem} `invalid_request` for a parameter that the surrogate's object has already. */
function withParameters(surrogate: unknown, parameters: object): unknown {
  if (typeof surrogate === 'string') return { name: surrogate, ...parameters };
  if (Array.isArray(surrogate)) return surrogate.map((one: unknown) => withParameters(one, parameters));
  if (typeof surrogate !== 'object' || surrogate === null) return surrogate;
  const twice = Object.keys(parameters).filter((name) => Object.hasOwn(surrogate, name));
  if (twice.length > 0)
    throw invalidRequest(twice.map((name) => ({ path: pointerSegment(name), message: 'is in "surrogate" as well; give it once' })));
  return { ...surrogate, ...parameters };
}
