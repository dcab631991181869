import { firstNotUtf8, parseJsonBody, requireUtf8 } from '../../codecs/json-body.ts';
import { jsonExcess } from '../../codecs/json-budget.ts';
import { readNpy } from '../../codecs/npy.ts';
import { attachFramedTensors, RawTensor } from '../../codecs/request-tensors.ts';
import { describe, pointerSegment } from '../../errors/describe.ts';
import { InputErrors, invalidRequest } from '../../errors/input-errors.ts';
import { Problem } from '../../errors/problems.ts';
import type { Limits } from '../../config/limits.ts';
import { RepositoryIndexRequest } from '../../schemas/inference.ts';
import { emptyFields, nestRequest, valueOfText, type FlatValue } from './flat-request.ts';
import type { InferenceOperation } from '../inference/inference-models.ts';
import { inferenceRequest } from '../inference/inference-request.ts';
import type { KeptTensors } from '../networks/named-tensors.ts';
import { operations, planOf } from '../operations.ts';
import type { Operation, Plans } from '../plan.ts';
import type { RequestBody } from './body.ts';
import { compileValidator } from '../validation.ts';

/** Parses JSON from bytes. */
export interface JsonParser {
  /** @throws {Problem} for what is not JSON, not UTF-8, or more than a request may have. */
  parse(json: Uint8Array): unknown;
  /** Whether the last text had arrays that it returned as `NumericArray`. */
  readonly foundNumericArrays: boolean;
  /** Called between long steps; throws when the request has been cancelled. */
  checkpoint?(): void;
}

/**
 * Reads a body of any form into a plan.
 *
 * @param numbers reads arrays of numbers in JSON faster than JSON.parse, with the same result: a request that it refuses is read again
 * with JSON.parse, whose errors can describe every value, unless that would take too much memory.
 * @param kept tensors that the request names; undefined where they were not looked up.
 * @throws {NamedTensorsError} where they have to be.
 * @throws {Problem} when the body is not valid or asks for too much.
 */
export function planOfBody<O extends Operation>(
  operation: O,
  body: RequestBody,
  limits: Limits,
  numbers?: JsonParser,
  kept?: KeptTensors,
): Plans[O] {
  if (body.form === 'npy') return planOf(operation, npyRequest(operation, body), limits);
  const read = (parser: JsonParser): Plans[O] => {
    const parsed = parseJson(body, parser);
    parser.checkpoint?.();
    if (body.form === 'json') return planOf(operation, parsed, limits, kept);
    const behind = body.bytes.subarray(body.jsonBytes);
    if (body.form === 'framed') return planOf(operation, attachFramedTensors(parsed, behind, new InputErrors()), limits, kept);
    // Only models have requests of this form.
    const { request, reply } = inferenceRequest(operation as InferenceOperation, parsed, behind);
    return { ...planOf(operation, request, limits, kept), reply };
  };
  if (numbers !== undefined) {
    try {
      return read(numbers);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'invalid_request' || !numbers.foundNumericArrays) throw error;
      numbers.checkpoint?.();
      if (jsonExcess(jsonOf(body)) !== undefined) throw error;
    }
  }
  return read({ parse: parseJsonBytes, foundNumericArrays: false });
}

/**
 * The request of an npy body: its array is `x` or `current`, and the URL's query has all other fields.
 *
 * @throws {Problem} `invalid_npy` when the bytes are not an array of numbers; `invalid_request` for a name that is given twice or unknown.
 */
function npyRequest(operation: Operation, { bytes, query }: RequestBody): object {
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

function jsonOf({ bytes, jsonBytes }: RequestBody): Uint8Array {
  return jsonBytes === bytes.length ? bytes : bytes.subarray(0, jsonBytes);
}

/** @throws {Problem} that names the missing header, where an inference request has bytes that are no text. */
function parseJson(body: RequestBody, parser: JsonParser): unknown {
  const { form, bytes, jsonBytes } = body;
  try {
    return parser.parse(jsonOf(body));
  } catch (error) {
    const isText = form !== 'inference' || jsonBytes < bytes.length || (!bytes.includes(0) && firstNotUtf8(bytes) < 0);
    if (isText || !(error instanceof Problem) || error.code !== 'invalid_json') throw error;
    throw new Problem(
      'invalid_frame',
      `${error.message} Where tensors follow the JSON as bytes, the header Inference-Header-Content-Length must say how many bytes are JSON.`,
      { cause: error },
    );
  }
}

/** @throws {Problem} for what is not JSON, not UTF-8, or more than a request may have. */
export function parseJsonBytes(json: Uint8Array): unknown {
  requireUtf8(json);
  const excess = jsonExcess(json);
  if (excess !== undefined) throw invalidRequest([{ path: '', message: excess }]);
  const buffer = Buffer.isBuffer(json) ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  return parseJsonBody(buffer.toString());
}

/** More than a request for the index needs. */
const maxIndexBytes = 1024;

const validateIndexRequest = compileValidator(RepositoryIndexRequest);

/**
 * Whether a request for the index of models wants ready ones only; without a body it wants all.
 *
 * @throws {Problem} when the body is not valid.
 */
export function wantsReadyOnly(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  if (body.length > maxIndexBytes)
    throw new Problem('body_too_large', `The body is larger than the ${maxIndexBytes} bytes that a request for the index may have.`);
  const parsed = parseJsonBytes(body);
  const problem = validateIndexRequest(parsed);
  if (problem !== undefined) throw problem;
  return (parsed as RepositoryIndexRequest).ready === true;
}
