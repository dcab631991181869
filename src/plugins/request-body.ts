import type { Readable } from 'node:stream';

import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { BodyTooLargeError, collectBody, IncompleteBodyError } from '../requests/collect-body.ts';
import { frameHeader, mediaTypes, type BodyForm, type RequestBody } from '../requests/request-body.ts';
import { CorruptBodyError, decodeWithin, DecodedTooLargeError, requestDecoder } from '../codecs/content-coding.ts';
import { emptyBody } from '../codecs/json-body.ts';
import { OutOfMemoryError } from '../compute/engine/errors.ts';
import { quote } from '../errors/describe.ts';
import { Problem } from '../errors/problems.ts';
import { sendContinue } from './expect-continue.ts';

type BodyCallback = (error: Error | null, body?: RequestBody) => void;

/** Collects bodies of the media types that requests come in; others are refused. What is in them is read by the routes. */
export const requestBody = fp(
  (app, _options, done) => {
    app.removeAllContentTypeParsers();
    for (const form of Object.keys(mediaTypes) as (keyof typeof mediaTypes)[]) {
      app.addContentTypeParser(mediaTypes[form], (request: FastifyRequest, payload: Readable, ready: BodyCallback) => {
        receiveBody(request, payload, form, ready);
      });
    }

    // A request without a body and without a media type reaches no parser.
    app.addHook('preValidation', (request: FastifyRequest, _reply, next) => {
      if (request.body === undefined && request.routeOptions.schema?.body !== undefined) next(emptyBody());
      else next();
    });
    done();
  },
  { name: 'request-body', dependencies: ['request-scope'] },
);

/** Collects a body, decompressed, and calls back when it is complete. */
export function receiveBody(request: FastifyRequest, payload: Readable, form: BodyForm, ready: BodyCallback): void {
  const limit = request.server.config.limits.bodyBytes;
  try {
    const coding = requestDecoder(request.headers['content-encoding']);
    if (coding === null) throw unknownCoding(request);
    const jsonBytes =
      form === 'framed' || (form !== 'npy' && request.headers[frameHeader] !== undefined) ? frameLength(request) : undefined;
    const announced = coding === 'identity' ? announcedLength(request) : undefined;
    request.scope.throwIfEnded();
    const stream =
      coding === 'identity'
        ? payload
        : decodeWithin(payload, coding, limit, (bytes) => {
            request.scope.memory.reserve(bytes);
          });
    collectBody(stream, { limit, announced, lead: jsonBytes ?? 0 }, request.scope, (error, bytes) => {
      if (error !== null) {
        if (stream !== payload) stream.destroy();
        ready(bodyProblem(error, limit));
      } else if (jsonBytes !== undefined && jsonBytes > bytes!.length) {
        ready(frameTooLong(jsonBytes, bytes!.length));
      } else if (form === 'json' && jsonBytes !== undefined && jsonBytes < bytes!.length) {
        ready(
          new Problem(
            'invalid_frame',
            `Inference-Header-Content-Length says that ${jsonBytes} of ${bytes!.length} bytes are JSON; send them with "Content-Type: ${mediaTypes.framed}".`,
          ),
        );
      } else {
        ready(null, { form, bytes: bytes!, jsonBytes: jsonBytes ?? bytes!.length, query: request.query as Record<string, unknown> });
      }
    });
    sendContinue(request.raw);
  } catch (error) {
    ready(bodyProblem(error as Error, limit));
  }
}

/** What kept a body from arriving, as the client is told. */
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

function announcedLength(request: FastifyRequest): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** @throws {Problem} `invalid_frame` when the header is not there or is no number. */
function frameLength(request: FastifyRequest): number {
  const given = request.headers[frameHeader];
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return Number(given);
  const got = given === undefined ? 'which is missing' : `got ${quote(String(given))}`;
  throw new Problem('invalid_frame', `The header Inference-Header-Content-Length must say how many bytes of the body are JSON, ${got}.`);
}

function frameTooLong(jsonBytes: number, length: number): Problem {
  return new Problem(
    'invalid_frame',
    `Inference-Header-Content-Length says that ${jsonBytes} bytes are JSON, but the body has only ${length}.`,
  );
}

function unknownCoding(request: FastifyRequest): Problem {
  const given = quote(String(request.headers['content-encoding']));
  return new Problem(
    'unsupported_media_type',
    `The body's "Content-Encoding: ${given.slice(1, -1)}" is not known; use gzip, br, deflate or none.`,
    { headers: { 'accept-encoding': 'gzip, br, deflate' } },
  );
}
