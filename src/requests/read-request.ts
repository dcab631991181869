import type { RequestBody } from '../bodies/request-body.ts';
import { attachBinary } from '../codecs/frame.ts';
import { parseJsonBody } from '../codecs/json-body.ts';
import { jsonExcess } from '../codecs/json-outline.ts';
import { firstNotUtf8 } from '../codecs/utf8.ts';
import { InputErrors, invalidRequest } from '../errors/input-errors.ts';
import { Problem, type ProblemCode } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import { inferenceRequest } from './inference-request.ts';
import { npyRequest } from './npy-request.ts';
import { planOf } from './operations.ts';
import type { Operation, Plans } from './plan.ts';

/** Parses JSON from bytes. */
export interface JsonParser {
  /** @throws {SyntaxError} for what is not JSON, or not UTF-8. */
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
  return readParsed(operation, body, parseJsonBytes, limits);
}

function readParsed<O extends Operation>(operation: O, body: RequestBody, parse: (json: Uint8Array) => unknown, limits: Limits): Plans[O] {
  const { form, bytes, jsonBytes } = body;
  const json = jsonBytes === bytes.length ? bytes : bytes.subarray(0, jsonBytes);
  const parsed = parse(json);
  if (form === 'json') return planOf(operation, parsed, limits);
  const behind = bytes.subarray(jsonBytes);
  if (form === 'framed') return planOf(operation, attachBinary(parsed, behind, new InputErrors()), limits);
  const { request, reply } = inferenceRequest(operation, parsed, behind);
  return { ...planOf(operation, request, limits), reply };
}

function parseJsonBytes(json: Uint8Array): unknown {
  requireUtf8(json);
  const excess = jsonExcess(json);
  if (excess !== undefined) throw invalidRequest([{ path: '', message: excess }]);
  const buffer = Buffer.isBuffer(json) ? json : Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  return parseJsonBody(buffer.toString());
}

/** @throws {Problem} `invalid_json`; decoding would put other characters in the place of what is wrong. */
function requireUtf8(json: Uint8Array): void {
  const at = firstNotUtf8(json);
  if (at >= 0) throw new Problem('invalid_json', `The bytes from ${at} on are not UTF-8, which JSON has to be in.`);
}
