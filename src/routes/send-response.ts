import { Readable } from 'node:stream';

import type { FastifyReply } from 'fastify';

import { areReady, bytesOf, lengthOf, type Chunk } from '../codecs/chunks.ts';
import { requireFinite } from '../codecs/finite-check.ts';
import { jobElements } from '../compute/job-size.ts';
import { dtypeOf, recordPer } from '../compute/jobs.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import type { Stages } from '../observability/metrics.ts';
import type { Plan } from '../requests/plan.ts';
import { frameHeader, mediaTypes } from '../codecs/media-types.ts';
import type { ResponseFormat } from '../responses/formats.ts';
import { answerSize } from '../responses/outline.ts';
import { withResultErrors } from '../responses/overflow.ts';
import { responseTree, type ComputeResponse } from '../responses/response.ts';

/** The body of an answer, there or still to be made. */
export interface EncodedBody {
  readonly chunks: readonly Chunk[];
  readonly mediaType: string;
  /** Bytes of JSON in front of the tensors', where there are both. */
  readonly jsonBytes: number | undefined;
}

/** When reading and writing began, and how long the reading took, in milliseconds. */
export interface Spans {
  readonly decodeFrom: number;
  readonly decodeMs: number;
  readonly encodeFrom: number;
}

/** Answers of at most so many bytes are sent as one chunk. */
const maxJoinedBytes = 64 * 1024;
/** Answers of at most so many bytes are printed before they are sent: a few large writes cost less than many. */
const maxCollectedBytes = 8 * 2 ** 20;
/** Shorter texts of numbers, which a connection sends at once, are there sooner when they are not compressed. */
const minCompressedText = 16 * 1024;
/** Bytes that an answer which is printed as it leaves has on its way at a time. */
const streamedBytes = 256 * 1024;

/**
 * Encodes an answer, and reserves its memory. Long texts are printed as the client takes them, after their numbers were checked. Where numbers of
 * a result are not finite, the others are answered, and it is an error.
 *
 * @throws {Problem} `numerical_overflow` when nothing that is finite in the answer's precision is left.
 */
export async function encodeBody(format: ResponseFormat, response: ComputeResponse, scope: RequestScope): Promise<EncodedBody> {
  const { outline, streams } = response;
  const { plan } = outline;
  try {
    const { text, tensors, mediaType } = format.encode(response, streams ? undefined : scope);
    const isFramed = mediaType === mediaTypes.framed;
    const head = isFramed ? await paddedJson(text, scope) : text;
    let chunks: readonly Chunk[] = tensors.length === 0 ? head : [...head, ...tensors];
    if (areReady(chunks)) {
      scope.memory.reserve(lengthOf(chunks.filter((chunk) => scope.arena?.holds(chunk) !== true)));
    } else if (streams) {
      scope.memory.reserve(streamedBytes);
    } else {
      await scope.run(() => requireFinite(responseTree(response), dtypeOf(plan.job)));
      const { bytes } = answerSize(outline, format.countedAs(plan));
      if (bytes <= maxCollectedBytes && scope.memory.tryReserve(bytes)) chunks = await collectChunks(chunks, scope);
      else scope.memory.reserve(streamedBytes);
    }
    return { chunks, mediaType, jsonBytes: isFramed ? lengthOf(head as readonly Uint8Array[]) : undefined };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const finite = await scope.run(() => withResultErrors(response));
    if (finite === response) throw error;
    return encodeBody(format, finite, scope);
  }
}

/** All of an answer's chunks, for which memory is reserved. */
async function collectChunks(chunks: readonly Chunk[], scope: RequestScope): Promise<readonly Uint8Array[]> {
  const collected: Uint8Array[] = [];
  for await (const chunk of scope.stream(bytesOf(chunks))) collected.push(chunk);
  return collected;
}

/** The JSON of a framed answer, padded with spaces, so that the tensors begin at a multiple of 8 bytes. */
async function paddedJson(text: readonly Chunk[], scope: RequestScope): Promise<readonly Uint8Array[]> {
  const json: Uint8Array[] = [];
  if (areReady(text)) {
    json.push(...text);
  } else {
    for await (const chunk of scope.stream(bytesOf(text))) {
      scope.memory.reserve(chunk.length);
      json.push(chunk);
    }
  }
  const padding = -lengthOf(json) & 7;
  if (padding > 0) json.push(Buffer.alloc(padding, ' '));
  return json;
}

/** Sends an answer with `Server-Timing`. What is still to be made leaves chunk by chunk, at the client's speed. */
export function sendResponse(
  reply: FastifyReply,
  { outline: { plan }, answer, notes }: ComputeResponse,
  { chunks, mediaType, jsonBytes }: EncodedBody,
  { decodeFrom, decodeMs, encodeFrom }: Spans,
): FastifyReply {
  const { scope, server, span } = reply.request;
  scope.clearDeadline();
  const { backend, fallback, queueMs, computeMs } = answer;
  const op = plan.job.kind;
  const elements = jobElements(plan.job);
  const stages = { decode: decodeMs, queue: queueMs, compute: computeMs, encode: performance.now() - encodeFrom };
  server.metrics.computed(op, backend.name, elements, stages);
  for (const { code } of notes) server.metrics.noted(code);
  span?.computed({ op, backend: backend.name, fallbackFrom: fallback?.from, elements, decodeFrom, encodeFrom, stages });
  if (!isSpikes(plan)) reply.minCompressedBytes = isNumberText(plan, mediaType) ? minCompressedText : Infinity;
  if (jsonBytes !== undefined) void reply.header(frameHeader, String(jsonBytes));
  void reply.header('content-type', mediaType).header('server-timing', serverTiming(stages));
  return reply.send(areReady(chunks) ? bodyOf(reply, chunks) : Readable.from(scope.stream(bytesOf(chunks)), { objectMode: false }));
}

/** Whether an answer's numbers are text, of which gzip leaves half. Of floats as bytes or base64 it leaves nearly all. */
function isNumberText({ options }: Plan, mediaType: string): boolean {
  return mediaType.startsWith(mediaTypes.json) && options.encoding !== 'base64';
}

/** Whether most of an answer are spikes, of which gzip leaves little. */
function isSpikes({ job }: Plan): boolean {
  if (job.kind === 'surrogate_eval') return job.outputs.spike && !job.outputs.value;
  return (
    job.kind === 'lif_simulate' &&
    job.record.has('spikes') &&
    [...job.record].every((name) => name === 'spikes' || recordPer(name) !== 'step')
  );
}

function bodyOf(reply: FastifyReply, chunks: readonly Uint8Array[]): Buffer | Readable {
  const length = lengthOf(chunks);
  const [first, ...more] = chunks;
  if (first !== undefined && more.length === 0) return Buffer.isBuffer(first) ? first : Buffer.from(first.buffer, first.byteOffset, length);
  if (length <= maxJoinedBytes) return Buffer.concat(chunks);
  void reply.header('content-length', length);
  return Readable.from(chunks, { objectMode: false });
}

function serverTiming({ decode, queue, compute, encode }: Stages): string {
  return `decode;dur=${decode.toFixed(3)}, queue;dur=${queue.toFixed(3)}, compute;dur=${compute.toFixed(3)}, encode;dur=${encode.toFixed(3)}`;
}
