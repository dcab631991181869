import { ByteTensor } from '../codecs/byte-tensor.ts';
import { PackedNumbers } from '../codecs/packed-numbers.ts';
import { describe, quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { InferRequest } from '../schemas/inference.ts';
import { nestRequest, type FlatValue } from './flat-request.ts';
import { inferenceModels, type InferenceModel } from './inference-models.ts';
import type { Operation } from './plan.ts';
import { compileValidator } from './validation.ts';

/** How an inference request wants to be answered. */
export interface InferenceReply {
  readonly id?: string;
  /** The outputs that come back, in order; undefined for all. */
  readonly outputs?: readonly string[];
  /** Of the outputs that come as bytes, where it is not all or none. */
  readonly binary: readonly string[] | 'all';
  readonly json: readonly string[];
}

const validate = compileValidator(InferRequest);

/** Parameters that clients of other servers send along and that say nothing of the computation. */
const reserved = /^(?:binary_data_output|sequence_id|sequence_start|sequence_end|priority|timeout|headers|triton_.*)$/;
const dtypes: Readonly<Record<string, 'float32' | 'float64'>> = { FP32: 'float32', FP64: 'float64' };

/**
 * The request that a request of the Open Inference Protocol stands for, and how it wants to be answered. Where no parameter says what to
 * compute, the outputs that are asked for do.
 *
 * @param parsed its JSON.
 * @param bytes what follows the JSON: the inputs with `binary_data_size`, in order.
 * @throws {Problem} `invalid_request` with everything that is wrong.
 */
export function inferenceRequest(operation: Operation, parsed: unknown, bytes: Uint8Array): { request: object; reply: InferenceReply } {
  const problem = validate(parsed);
  if (problem !== undefined) throw problem;
  const { id, parameters = {}, inputs, outputs } = parsed as InferRequest;
  const model = inferenceModels[operation];
  const errors = new InputErrors();
  const tensors = readInputs(model, inputs, bytes, errors);
  if (outputs !== undefined) checkOutputs(model, outputs, errors);
  const flat: Record<string, FlatValue> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (reserved.test(name)) continue;
    if (Object.hasOwn(tensors, name)) errors.add(`/parameters/${name}`, 'is an input as well; give it once');
    else flat[name] = value;
  }
  errors.throwIfAny();

  const { selection } = model;
  if (selection !== undefined && outputs !== undefined && flat[selection.parameter] === undefined) {
    const names = new Set(outputs.flatMap(({ name }) => selection.nameOf(name) ?? []));
    if (names.size > 0) flat[selection.parameter] = [...names].join(',');
  }
  const binary = outputs?.filter((output) => output.parameters?.binary_data === true).map(({ name }) => name) ?? [];
  const reply: InferenceReply = {
    ...(id !== undefined && { id }),
    ...(outputs !== undefined && { outputs: outputs.map(({ name }) => name) }),
    binary: parameters.binary_data_output === true ? 'all' : binary,
    json: outputs?.filter((output) => output.parameters?.binary_data === false).map(({ name }) => name) ?? [],
  };
  return { request: nestRequest(operation, flat, tensors), reply };
}

function readInputs(model: InferenceModel, inputs: InferRequest['inputs'], bytes: Uint8Array, errors: InputErrors): Record<string, unknown> {
  const known = model.inputs.map(({ name }) => name);
  const tensors: Record<string, unknown> = {};
  let taken = 0;
  for (const [i, { name, shape, datatype, parameters, data }] of inputs.entries()) {
    const path = `/inputs/${i}`;
    const dtype = Object.hasOwn(dtypes, datatype) ? dtypes[datatype] : undefined;
    const size = parameters?.binary_data_size;
    if (!known.includes(name)) errors.add(`${path}/name`, `there is no input ${quote(name)}; ${didYouMean(name, known)}`);
    if (Object.hasOwn(tensors, name)) errors.add(`${path}/name`, `${quote(name)} is there already`);
    if (dtype === undefined) errors.add(`${path}/datatype`, `must be "FP32" or "FP64", got ${quote(datatype)}`);
    if ((size === undefined) === (data === undefined)) {
      errors.add(path, 'must have either "data" or the parameter "binary_data_size"');
    } else if (size === undefined) {
      tensors[name] = { shape, data: flatData(data, `${path}/data`, errors) };
    } else if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      errors.add(`${path}/parameters/binary_data_size`, `must be a whole number of at least 0, got ${describe(size)}`);
    } else if (size > bytes.length - taken) {
      errors.add(`${path}/parameters/binary_data_size`, `is ${size}, but only ${bytes.length - taken} of the ${bytes.length} bytes behind the JSON are left`);
    } else {
      tensors[name] = new ByteTensor({ dtype: dtype ?? 'float32', shape, bytes: bytes.subarray(taken, taken + size) });
      taken += size;
    }
  }
  errors.throwIfAny();
  if (taken !== bytes.length) errors.add('', `has ${bytes.length} bytes behind its JSON, but the binary_data_size of its inputs add up to ${taken}`);
  return tensors;
}

/** Data without the nesting that the protocol allows: the shape says it all. */
function flatData(data: unknown, path: string, errors: InputErrors): unknown {
  if (data instanceof PackedNumbers) return new PackedNumbers(data.values, [data.values.length]);
  if (!Array.isArray(data)) return errors.add(path, `must be an array of numbers, got ${describe(data)}`);
  return data.some(Array.isArray) ? data.flat(64) : data;
}

function checkOutputs(model: InferenceModel, outputs: NonNullable<InferRequest['outputs']>, errors: InputErrors): void {
  const known = model.outputs.map(({ name }) => name);
  const named = new Set<string>();
  for (const [i, { name }] of outputs.entries()) {
    if (!known.includes(name)) errors.add(`/outputs/${i}/name`, `there is no output ${quote(name)}; ${didYouMean(name, known)}`);
    else if (named.has(name)) errors.add(`/outputs/${i}/name`, `${quote(name)} is there already`);
    named.add(name);
  }
}
