import type { Readable } from 'node:stream';

import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { BodyTooLargeError, collectBody, IncompleteBodyError, type BodyForm, type RequestBody } from '../requests/bodies/body.ts';
import { frameHeader, mediaTypes } from '../codecs/media-types.ts';
import { CorruptBodyError, decodeWithin, DecodedTooLargeError, requestDecoder } from '../codecs/content-coding.ts';
import { OutOfMemoryError } from '../compute/engine/errors.ts';
import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';
import { Connection } from './http-connection.ts';

type BodyCallback = (error: Error | null, body?: RequestBody) => void;

/** Collects the bodies of requests, and refuses other media types. The routes read them. */
export const requestBody = fp(
  (app, _options, done) => {
    app.removeAllContentTypeParsers();
    for (const form of Object.keys(mediaTypes) as (keyof typeof mediaTypes)[]) {
      app.addContentTypeParser(mediaTypes[form], (request: FastifyRequest, payload: Readable, ready: BodyCallback) => {
        receiveBody(request, payload, form, ready);
      });
    }
    done();
  },
  { name: 'request-body' },
);

/** Collects a body, decompressed, and calls back when it is complete. */
export function receiveBody(request: FastifyRequest, payload: Readable, form: BodyForm, ready: BodyCallback): void {
  const limit = request.routeOptions.bodyLimit;
  const { scope, headers } = request;
  try {
    const coding = requestDecoder(headers['content-encoding']);
    if (coding === null)
      throw new Problem(
        'unsupported_media_type',
        `The body's "Content-Encoding: ${quote(String(headers['content-encoding'])).slice(1, -1)}" is not known; use gzip, br, deflate or none.`,
        { headers: { 'accept-encoding': 'gzip, br, deflate' } },
      );
    const isFramed = form === 'framed' || (form !== 'npy' && headers[frameHeader] !== undefined);
    const jsonBytes = isFramed ? frameLength(headers[frameHeader]) : undefined;
    const length = coding === 'identity' ? headers['content-length'] : undefined;
    const announced = length === undefined ? undefined : Number(length);
    scope.throwIfEnded();
    const reserve = (bytes: number) => {
      scope.memory.reserve(bytes);
    };
    const stream = coding === 'identity' ? payload : decodeWithin(payload, coding, limit, reserve);
    collectBody(stream, { limit, announced, lead: jsonBytes ?? 0 }, scope, (error, bytes) => {
      if (error !== null || bytes === undefined) {
        if (stream !== payload) stream.destroy();
        ready(bodyProblem(error ?? new IncompleteBodyError(), limit));
        return;
      }
      const problem = jsonBytes === undefined ? undefined : frameProblem(form, jsonBytes, bytes.length);
      if (problem !== undefined) ready(problem);
      else ready(null, { form, bytes, jsonBytes: jsonBytes ?? bytes.length, query: request.query as Record<string, unknown> });
    });
    if (headers.expect !== undefined) Connection.of(request.raw.socket).sendContinue();
  } catch (error) {
    ready(bodyProblem(error as Error, limit));
  }
}

/** The problem for an error that kept a body from arriving. */
function bodyProblem(error: Error, limit: number): Error {
  if (error instanceof Problem) return error;
  if (error instanceof BodyTooLargeError) return new Problem('body_too_large', `The body is larger than the limit of ${limit} bytes.`);
  if (error instanceof DecodedTooLargeError)
    return new Problem('body_too_large', `The body, ${error.state}, is larger than the limit of ${limit} bytes.`);
  if (error instanceof CorruptBodyError)
    return new Problem('corrupt_body', `The body could not be decompressed: ${error.message}.`, { cause: error });
  if (error instanceof RangeError) return new OutOfMemoryError('not enough memory for the body', { cause: error });
  if (error instanceof IncompleteBodyError || 'code' in error)
    return new Problem('incomplete_body', 'The body does not have as many bytes as Content-Length says.', { cause: error });
  return error;
}

/** @throws {Problem} `invalid_frame` when the header is missing or is no number. */
function frameLength(given: string | string[] | undefined): number {
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given);
  const got = given === undefined ? 'which is missing' : `got ${quote(String(given))}`;
  throw new Problem('invalid_frame', `The header Inference-Header-Content-Length must say how many bytes of the body are JSON, ${got}.`);
}

/** The problem of a body whose JSON is not as long as its header says, if any. */
function frameProblem(form: BodyForm, jsonBytes: number, length: number): Problem | undefined {
  const says = `Inference-Header-Content-Length says that ${jsonBytes}`;
  if (jsonBytes > length) return new Problem('invalid_frame', `${says} bytes are JSON, but the body has only ${length}.`);
  if (form === 'json' && jsonBytes < length)
    return new Problem('invalid_frame', `${says} of ${length} bytes are JSON; send them with "Content-Type: ${mediaTypes.framed}".`);
  return undefined;
}
