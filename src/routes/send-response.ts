import { Readable } from 'node:stream';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { answerSize, type ResponseOutline } from '../responses/outline.ts';
import { overflowProblem } from '../responses/overflow.ts';
import { responseTree } from '../responses/response.ts';
import { frameHeader, mediaTypes } from '../requests/request-body.ts';
import { NotFiniteError, type AnswerNode } from '../codecs/answer.ts';
import { requireFinite } from '../codecs/not-finite.ts';
import { bytesOf, lengthOf, type Chunk } from '../codecs/pieces.ts';
import { jobElements } from '../compute/job-size.ts';
import { dtypeOf, type Job } from '../compute/jobs.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import type { Stages } from '../observability/metrics.ts';
import type { Plan } from '../requests/plan.ts';
import type { Outcome } from './compute-handler.ts';
import type { ResponseFormat } from './response-format.ts';

/** An answer's bytes, there or still to be made. */
export interface EncodedBody {
  readonly pieces: readonly Chunk[];
  /** The media type. */
  readonly type: string;
  /** Bytes of JSON in front of the tensors', where there are both. */
  readonly jsonBytes?: number;
}

/** When reading and writing began, and how long the reading took, in milliseconds. */
export interface Spans {
  readonly decodeFrom: number;
  readonly decodeMs: number;
  readonly encodeFrom: number;
}

/** Answers of fewer bytes are sent as one chunk. */
const maxJoinedBytes = 64 * 1024;
/** Answers of up to so many bytes are printed before they are sent: a few large writes cost less than many. */
const maxGatheredBytes = 8 * 2 ** 20;
/** What an answer that is printed as it leaves has on its way at a time. */
const streamedBytes = 256 * 1024;

/**
 * Encodes an answer. What is long is printed as the client takes it: by then its numbers are known to be finite, and its memory is reserved.
 *
 * @throws {Problem} `numerical_overflow` when a number is not finite in the answer's precision.
 */
export async function encodeResponse(
  { scope, server }: FastifyRequest,
  format: ResponseFormat,
  outline: ResponseOutline,
  { response, streams }: Outcome,
): Promise<EncodedBody> {
  const { plan } = outline;
  try {
    const { text, tensors } = format.encode(plan, response, streams ? undefined : scope, server.textThreads);
    const isFramed = text.length > 0 && (format.media === mediaTypes.framed || tensors.length > 0);
    const type = format.media === mediaTypes.npy ? format.media : isFramed ? mediaTypes.framed : format.jsonType;
    const head = isFramed ? await paddedJson(text, scope) : text;
    let pieces: readonly Chunk[] = [...head, ...tensors];
    if (isReady(pieces)) {
      scope.memory.reserve(lengthOf(pieces.filter((piece) => scope.arena?.holds(piece) !== true)));
    } else if (streams) {
      scope.memory.reserve(streamedBytes);
    } else {
      await checkFinite(scope, plan.job, responseTree(response));
      const { bytes } = answerSize(outline, format.countedAs(plan));
      if (bytes <= maxGatheredBytes && scope.memory.tryReserve(bytes)) pieces = await gather(pieces, scope);
      else scope.memory.reserve(streamedBytes);
    }
    return isFramed ? { pieces, type, jsonBytes: lengthOf(head as readonly Uint8Array[]) } : { pieces, type };
  } catch (error) {
    if (error instanceof RangeError) await checkFinite(scope, plan.job, responseTree(response));
    throw error;
  }
}

/** @throws {Problem} `numerical_overflow` when a number is not finite in the job's precision. */
export async function checkFinite(scope: RequestScope, job: Job, tree: AnswerNode): Promise<void> {
  try {
    await scope.run(() => requireFinite(tree, dtypeOf(job)));
  } catch (error) {
    throw error instanceof NotFiniteError ? overflowProblem(error, job) : error;
  }
}

/** All of an answer's chunks, for which memory is reserved. */
async function gather(pieces: readonly Chunk[], scope: RequestScope): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of scope.stream(bytesOf(pieces))) chunks.push(chunk);
  return chunks;
}

/** The JSON of a framed answer, with spaces behind it, which are JSON: with them the tensors begin where any number may lie. */
async function paddedJson(text: readonly Chunk[], scope: RequestScope): Promise<readonly Uint8Array[]> {
  const json: Uint8Array[] = [];
  if (isReady(text)) {
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

/** Sends an answer with `Server-Timing`. What is still to be made leaves chunk by chunk, as fast as the client takes it. */
export function sendResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  plan: Plan,
  { answer }: Outcome,
  { pieces, type, jsonBytes }: EncodedBody,
  { decodeFrom, decodeMs, encodeFrom }: Spans,
): FastifyReply {
  const { scope, server, span } = request;
  scope.clearDeadline();
  const stages = { decode: decodeMs, queue: answer.queueMs, compute: answer.computeMs, encode: performance.now() - encodeFrom };
  const elements = jobElements(plan.job);
  server.metrics.computed(plan.job.kind, answer.backend.name, elements, stages);
  span?.computed({
    op: plan.job.kind,
    backend: answer.backend.name,
    instead: answer.fallback?.from,
    elements,
    decodeFrom,
    encodeFrom,
    stages,
  });
  reply.compressWhen = isSpikes(plan) ? 'allowed' : 'asked';
  if (jsonBytes !== undefined) void reply.header(frameHeader, String(jsonBytes));
  void reply.header('content-type', type).header('server-timing', serverTiming(stages));
  return reply.send(isReady(pieces) ? bodyOf(reply, pieces) : Readable.from(scope.stream(bytesOf(pieces)), { objectMode: false }));
}

/** Whether most of an answer are spikes, of which gzip leaves little; it takes longer over other numbers than the network does. */
function isSpikes({ job }: Plan): boolean {
  if (job.kind === 'surrogate_eval') return job.outputs.spike && !job.outputs.value;
  return job.kind === 'lif_simulate' && job.record.has('spikes') && !job.record.has('v') && !job.record.has('v_pre');
}

function isReady(pieces: readonly Chunk[]): pieces is readonly Uint8Array[] {
  return pieces.every((piece) => typeof piece !== 'function');
}

function bodyOf(reply: FastifyReply, chunks: readonly Uint8Array[]): Buffer | Readable {
  const length = lengthOf(chunks);
  const [first] = chunks;
  if (chunks.length === 1) return Buffer.isBuffer(first) ? first : Buffer.from(first!.buffer, first!.byteOffset, length);
  if (length <= maxJoinedBytes) return Buffer.concat(chunks);
  void reply.header('content-length', length);
  return Readable.from(chunks, { objectMode: false });
}

function serverTiming({ decode, queue, compute, encode }: Stages): string {
  return `decode;dur=${microsecondsText(decode)}, queue;dur=${microsecondsText(queue)}, compute;dur=${microsecondsText(compute)}, encode;dur=${microsecondsText(encode)}`;
}

/** Of a thousand parts, with the zeros in front. */
const thousandths = Array.from({ length: 1000 }, (_, part) => String(part).padStart(3, '0'));

/** Milliseconds with three decimals, in a fifth of the time that printing any number takes. */
function microsecondsText(ms: number): string {
  const microseconds = Math.round(ms * 1000);
  return `${Math.floor(microseconds / 1000)}.${thousandths[microseconds % 1000]!}`;
}
