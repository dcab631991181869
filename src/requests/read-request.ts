import type { RequestBody } from '../bodies/request-body.ts';
import { attachBinary } from '../codecs/frame.ts';
import { parseJsonBody } from '../codecs/json-body.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { Problem, type ProblemCode } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import { inferenceRequest } from './inference-request.ts';
import { npyRequest } from './npy-request.ts';
import { planOf } from './operations.ts';
import type { Operation, Plans } from './plan.ts';

/** Parses JSON from bytes. */
export interface JsonParser {
  /** @throws {SyntaxError} for what is not JSON. */
  parse(json: Uint8Array): unknown;
}

/** Problems whose words come from the body as the ordinary parser sees it. */
const wordedByParser: ReadonlySet<ProblemCode> = new Set(['invalid_json', 'forbidden_key', 'invalid_request']);

/**
 * Reads a body of any form: bytes to a plan.
 *
 * @param numbers reads the arrays of numbers in JSON; without it JSON.parse does. Nothing but the speed depends on it: whatever is
 * refused with it is read again without.
 * @throws {Problem} when the body is not valid or asks for too much.
 */
export function readRequest<O extends Operation>(operation: O, body: RequestBody, limits: Limits, numbers?: JsonParser): Plans[O] {
  if (body.form === 'npy') return planOf(operation, npyRequest(operation, body.bytes, body.query), limits);
  if (numbers !== undefined) {
    try {
      return readParsed(operation, body, (json) => numbers.parse(json), limits);
    } catch (error) {
      if (!(error instanceof SyntaxError || (error instanceof Problem && wordedByParser.has(error.code)))) throw error;
    }
  }
  return readParsed(operation, body, (json) => parseJsonBody(textOf(json)), limits);
}

function readParsed<O extends Operation>(operation: O, body: RequestBody, parse: (json: Uint8Array) => unknown, limits: Limits): Plans[O] {
  const { form, bytes, jsonBytes } = body;
  if (form === 'json') return planOf(operation, parse(bytes), limits);
  const [parsed, behind] = [parse(bytes.subarray(0, jsonBytes)), bytes.subarray(jsonBytes)];
  if (form === 'framed') return planOf(operation, attachBinary(parsed, behind, new InputErrors()), limits);
  const { request, reply } = inferenceRequest(operation, parsed, behind);
  return { ...planOf(operation, request, limits), reply };
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
