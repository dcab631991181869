import { listOf, typesBy } from '../../codecs/element-types.ts';
import { sizeOf } from '../../codecs/ndarray.ts';
import { NumericArray, RawTensor, TypedData } from '../../codecs/request-tensors.ts';
import { describe, pointerSegment, quote, shapeText } from '../../errors/describe.ts';
import { didYouMean } from '../../errors/did-you-mean.ts';
import { InputErrors, invalidRequest } from '../../errors/input-errors.ts';
import { ignoredParameters, InferRequest } from '../../schemas/inference.ts';
import { nestRequest, type FlatValue } from '../bodies/flat-request.ts';
import { inferenceModels, modelVersion, type InferenceModel, type InferenceOperation } from './inference-models.ts';
import type { InferenceReply } from '../plan.ts';
import { suggestName } from '../words/suggestions.ts';
import { compileValidator } from '../validation.ts';

type Output = NonNullable<InferRequest['outputs']>[number];

const validate = compileValidator(InferRequest);

const types = typesBy('datatype');

/**
 * Translates a request of the Open Inference Protocol. Unless a parameter selects what to compute, the requested outputs do.
 *
 * @param operation the model that the URL names.
 * @param bytes the inputs with `binary_data_size`, in order.
 * @throws {Problem} `invalid_request` with everything that is wrong.
 */
export function inferenceRequest(
  operation: InferenceOperation,
  parsed: unknown,
  bytes: Uint8Array,
): { request: object; reply: InferenceReply } {
  const problem = validate(parsed);
  if (problem !== undefined) throw problem;
  const { id, inputs, ...given } = parsed as InferRequest;
  const parameters: NonNullable<InferRequest['parameters']> = given.parameters ?? {};
  const outputs = given.outputs?.length === 0 ? undefined : (given.outputs ?? undefined);
  const model = inferenceModels[operation];
  const errors = new InputErrors();
  checkModel(operation, given, errors);
  const tensors = readInputs(model, inputs, bytes, errors);
  if (outputs !== undefined) checkOutputs(model, outputs, errors);
  const flat = flatParameters(parameters, tensors, errors);
  errors.throwIfAny();

  const { selection } = model;
  if (selection !== undefined && outputs !== undefined && flat[selection.parameter] === undefined) {
    const names = new Set(outputs.flatMap(({ name }) => selection.nameOf(name) ?? []));
    if (names.size > 0) flat[selection.parameter] = [...names].join(',');
  }
  const request = nestRequest(operation, flat, tensors);
  requireOneSurrogate(request);
  const namesOf = (isBinary: boolean) =>
    outputs?.filter((output) => output.parameters?.binary_data === isBinary).map(({ name }) => name) ?? [];
  const { timeout = 0 } = parameters;
  const reply: InferenceReply = {
    ...(typeof id === 'string' && { id }),
    ...(outputs !== undefined && { outputs: outputs.map(({ name }) => name) }),
    binary: parameters.binary_data_output === true ? 'all' : namesOf(true),
    json: namesOf(false),
    ...(timeout > 0 && { timeoutUs: timeout }),
  };
  return { request, reply };
}

/** A body may name the model, but no other than the URL. */
function checkModel(
  operation: InferenceOperation,
  { model_name, model_version }: Pick<InferRequest, 'model_name' | 'model_version'>,
  errors: InputErrors,
): void {
  if ((model_name ?? operation) !== operation) errors.add('/model_name', `is ${quote(model_name!)}, but the URL names ${quote(operation)}`);
  if ((model_version ?? modelVersion) !== modelVersion)
    errors.add('/model_version', `is ${quote(model_version!)}, but the model of the URL has version ${quote(modelVersion)}`);
}

function readInputs(
  model: InferenceModel,
  inputs: InferRequest['inputs'],
  bytes: Uint8Array,
  errors: InputErrors,
): Record<string, unknown> {
  const known = model.inputs.map(({ name }) => name);
  const tensors: Record<string, unknown> = {};
  let taken = 0;
  for (const [i, { name, shape, datatype, parameters, data = null }] of inputs.entries()) {
    const path = `/inputs/${i}`;
    const dtype = types.get(datatype);
    const size = parameters?.binary_data_size;
    if (!known.includes(name) && model.others?.isInput(name) !== true)
      errors.add(`${path}/name`, `there is no input ${quote(name)}; ${suggestName(name, known) ?? didYouMean(name, known)}`);
    if (Object.hasOwn(tensors, name)) errors.add(`${path}/name`, `${quote(name)} is given twice`);
    if (dtype === undefined) errors.add(`${path}/datatype`, `must be one of ${listOf(types.keys())}, got ${quote(datatype)}`);
    checkTensorParameters(parameters, 'an input', 'binary_data_size', path, errors);
    if ((size === undefined) === (data === null)) {
      errors.add(path, 'must have either "data" or the parameter "binary_data_size"');
    } else if (size === undefined) {
      tensors[name] = new TypedData(dtype ?? 'float32', shape, flatData(data, shape, `${path}/data`, errors));
    } else if (size > bytes.length - taken) {
      errors.add(
        `${path}/parameters/binary_data_size`,
        `is ${size}, but only ${bytes.length - taken} of the ${bytes.length} bytes behind the JSON are left`,
      );
    } else {
      tensors[name] = new RawTensor({ dtype: dtype ?? 'float32', shape, bytes: bytes.subarray(taken, taken + size) });
      taken += size;
    }
  }
  errors.throwIfAny();
  if (taken !== bytes.length)
    errors.add('', `has ${bytes.length} bytes behind its JSON, but the binary_data_size of its inputs add up to ${taken}`);
  return tensors;
}

/** Data as a flat array; the protocol also allows it to be nested like the shape. */
function flatData(data: unknown, shape: readonly number[], path: string, errors: InputErrors): unknown {
  if (data instanceof NumericArray) {
    if (data.shape.length > 1 && shapeText(data.shape) !== shapeText(shape)) {
      return errors.add(
        path,
        `is nested as ${shapeText(data.shape)}, but its shape is ${shapeText(shape)}; nest it as the shape says, or not at all`,
      );
    }
    return new NumericArray(data.values, [data.values.length]);
  }
  if (!Array.isArray(data)) return errors.add(path, `must be an array of numbers, got ${describe(data)}`);
  if (!data.some(Array.isArray)) return data;
  const flat: unknown[] = data.flat(64);
  // A wrong number of values is reported when the tensor is decoded.
  if (flat.length === sizeOf(shape)) checkNesting(data, shape, 0, path, errors);
  return flat;
}

function checkNesting(data: unknown, shape: readonly number[], depth: number, path: string, errors: InputErrors): void {
  const length = shape[depth];
  const isAsShape = length === undefined ? !Array.isArray(data) : Array.isArray(data) && data.length === length;
  if (!isAsShape) {
    const wanted = length === undefined ? 'a number' : `an array of ${length}`;
    errors.add(path, `ragged: must be ${wanted}, as shape ${shapeText(shape)} says, got ${describe(data)}`);
  } else if (Array.isArray(data)) {
    for (const [i, part] of data.entries()) checkNesting(part, shape, depth + 1, path + pointerSegment(i), errors);
  }
}

function checkOutputs(model: InferenceModel, outputs: readonly Output[], errors: InputErrors): void {
  const known = model.outputs.map(({ name }) => name);
  const named = new Set<string>();
  for (const [i, { name, parameters }] of outputs.entries()) {
    const path = `/outputs/${i}`;
    if (!known.includes(name) && model.others?.isOutput(name) !== true)
      errors.add(`${path}/name`, `there is no output ${quote(name)}; ${suggestName(name, known) ?? didYouMean(name, known)}`);
    else if (named.has(name)) errors.add(`${path}/name`, `${quote(name)} is given twice`);
    named.add(name);
    checkTensorParameters(parameters, 'an output', 'binary_data', path, errors);
  }
}

/** Refuses parameters that would change a tensor, such as shared memory or classification: ignoring them would give wrong answers. */
function checkTensorParameters(
  parameters: object | null | undefined,
  what: string,
  known: string,
  path: string,
  errors: InputErrors,
): void {
  for (const name of Object.keys(parameters ?? {})) {
    if (name !== known && !isIgnored(name))
      errors.add(`${path}/parameters${pointerSegment(name)}`, `${quote(name)} is not supported; ${what} here has only "${known}"`);
  }
}

function isIgnored(name: string): boolean {
  return ignoredParameters.includes(name) || name.startsWith('triton_');
}

/** Parameters of the protocol itself. */
const protocolParameters = new Set(['binary_data_output', 'timeout']);

function flatParameters(parameters: Readonly<Record<string, unknown>>, tensors: object, errors: InputErrors): Record<string, FlatValue> {
  const flat: Record<string, FlatValue> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (isIgnored(name) || protocolParameters.has(name)) continue;
    const path = `/parameters${pointerSegment(name)}`;
    if (Object.hasOwn(tensors, name)) errors.add(path, 'is an input as well; give it once');
    else if (name === 'encoding' && value !== 'json')
      errors.add(path, `must be "json", got ${describe(value)}; "binary_data_output" asks for bytes`);
    else flat[name] = value as FlatValue;
  }
  return flat;
}

/** Outputs differ by name only, so that an answer can hold those of one surrogate. */
function requireOneSurrogate({ surrogate }: { readonly surrogate?: unknown }): void {
  if (!Array.isArray(surrogate) || surrogate.length < 2) return;
  throw invalidRequest([
    {
      path: '/parameters/surrogate',
      message: `must be one surrogate, got ${describe(surrogate)}; send a request for each, or the list to a route outside /v2`,
    },
  ]);
}
