import { Readable } from 'node:stream';

import type { FastifyReply, FastifyRequest } from 'fastify';

import type { AnswerFields } from '../answers/answer.ts';
import { microsecondsText } from '../answers/milliseconds.ts';
import { npyPieces } from '../answers/npy.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { frameHeader, jsonInUtf8, mediaTypes } from '../bodies/request-body.ts';
import { NotFiniteError } from '../codecs/answer.ts';
import { encodeAnswer, type EncodedAnswer } from '../codecs/answer-json.ts';
import { requireFinite } from '../codecs/not-finite.ts';
import { bytesOf, lengthOf, type Piece } from '../codecs/pieces.ts';
import type { TextThreads } from '../codecs/text-threads.ts';
import type { Arena } from '../compute/arena.ts';
import { jobElements } from '../compute/job-size.ts';
import { dtypeOf } from '../compute/jobs.ts';
import type { Stages } from '../metrics/metrics.ts';
import type { Plan } from '../requests/plan.ts';
import type { Outcome } from './run-plan.ts';
import { whenThere } from './when-there.ts';

export type AnswerMedia = (typeof mediaTypes)[keyof typeof mediaTypes];

/** An answer's bytes, there or still to be made. */
export interface Gathered {
  readonly pieces: readonly Piece[];
  /** Their media type. */
  readonly type: string;
}

/** When an exchange's reading and writing began, and how long the reading took, in milliseconds. */
export interface Spans {
  readonly decodeFrom: number;
  readonly decodeMs: number;
  readonly encodeFrom: number;
}

/** Answers of fewer bytes are put together before they are sent. */
const mostJoined = 64 * 1024;

/**
 * Encodes an answer in the media type that was agreed on.
 *
 * @param arena which stays as it is until the answer has left.
 * @param threads which print long texts into it.
 */
export function encodeAs(media: AnswerMedia, fields: AnswerFields, { job, options: { encoding = 'json' } }: Plan, arena?: Arena, threads?: TextThreads): EncodedAnswer {
  const dtype = dtypeOf(job);
  if (media === mediaTypes.npy) return { text: [], tensors: npyPieces(fields, dtype) };
  // What the text takes has been reserved with the job.
  const memory = arena && { arena, tryReserve: () => true };
  return encodeAnswer(fields, { encoding: media === mediaTypes.framed ? 'framed' : encoding, dtype, memory, threads });
}

/**
 * Encodes an answer and gathers its bytes: not those of one that is still being computed.
 *
 * @param media its media type, where that does not follow from whether bytes stand behind its JSON.
 * @throws {Problem} `numerical_overflow` when a number of it is not finite in its precision.
 */
export function gatherAnswer(request: FastifyRequest, reply: FastifyReply, { job }: Plan, { fields, streams }: Outcome, encode: () => EncodedAnswer, media?: AnswerMedia): Gathered | Promise<Gathered> {
  const explain = async (error: unknown): Promise<never> => {
    if (error instanceof RangeError) {
      await requireFinite(fields, dtypeOf(job)).catch((notFinite: unknown) => {
        throw notFinite instanceof NotFiniteError ? overflowProblem(notFinite, job) : notFinite;
      });
    }
    throw error;
  };
  try {
    const { text, tensors } = encode();
    const isFramed = text.length > 0 && (media === mediaTypes.framed || tensors.length > 0);
    const type = media === mediaTypes.npy ? media : isFramed ? mediaTypes.framed : jsonInUtf8;
    const json: readonly Piece[] | Promise<readonly Piece[]> = isFramed ? paddedJson(request, reply, text) : text;
    const all = whenThere(json, (pieces) => [...pieces, ...tensors]);
    const there = streams ? all : whenThere(all, (pieces) => gather(request, pieces));
    const gathered = whenThere<readonly Piece[], Gathered>(there, (pieces) => ({ pieces, type }));
    return gathered instanceof Promise ? gathered.catch(explain) : gathered;
  } catch (error) {
    return explain(error);
  }
}

/**
 * Sends an answer with `Server-Timing`. One that is still being computed leaves piece by piece, as fast as the client takes it, and no further
 * than it does.
 */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, plan: Plan, { answer }: Outcome, { pieces, type }: Gathered, { decodeFrom, decodeMs, encodeFrom }: Spans): void {
  request.deadline?.met();
  const stages = { decode: decodeMs, queue: answer.queueMs, compute: answer.computeMs, encode: performance.now() - encodeFrom };
  const elements = jobElements(plan.job);
  request.server.metrics.computed(plan.job.kind, answer.backend.name, elements, stages);
  request.span?.computed({ op: plan.job.kind, backend: answer.backend.name, instead: answer.fallback?.from, elements, decodeFrom, encodeFrom, stages });
  reply.compressWhen = isSpikes(plan) ? 'allowed' : 'asked';
  void reply.header('content-type', type).header('server-timing', serverTiming(stages));
  void reply.send(areThere(pieces) ? bodyOf(reply, pieces) : Readable.from(bytesOf(pieces), { objectMode: false }));
}

/** Whether most of an answer are spikes, of which gzip leaves little; it takes longer over other numbers than the network does. */
function isSpikes({ job }: Plan): boolean {
  if (job.kind === 'surrogate_eval') return job.outputs.spike && !job.outputs.value;
  return job.kind === 'lif_simulate' && job.record.has('spikes') && !job.record.has('v') && !job.record.has('v_pre');
}

/** The JSON of a framed answer, with spaces behind it, which are JSON: with them the tensors begin where any number may lie. */
function paddedJson(request: FastifyRequest, reply: FastifyReply, text: readonly Piece[]): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  return whenThere(gather(request, text), (json) => {
    const length = lengthOf(json);
    const padding = -length & 7;
    void reply.header(frameHeader, String(length + padding));
    return padding === 0 ? json : [...json, Buffer.alloc(padding, ' ')];
  });
}

/**
 * The bytes of all pieces. The exchange's memory is kept until nothing prints into it any more.
 *
 * @throws why the exchange is given up, when it is before all is there.
 */
function gather({ deadline, lease }: FastifyRequest, pieces: readonly Piece[]): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  if (areThere(pieces)) return pieces;
  lease?.hold();
  const gathered = chunksOf(pieces, deadline?.signal).finally(() => lease?.letGo());
  return deadline === null ? gathered : deadline.race(gathered);
}

async function chunksOf(pieces: readonly Piece[], signal: AbortSignal | undefined): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(pieces)) {
    signal?.throwIfAborted();
    chunks.push(chunk);
  }
  return chunks;
}

function areThere(pieces: readonly Piece[]): pieces is readonly Uint8Array[] {
  return pieces.every((piece) => typeof piece !== 'function');
}

function bodyOf(reply: FastifyReply, chunks: readonly Uint8Array[]): Buffer | Readable {
  const length = lengthOf(chunks);
  const [first] = chunks;
  if (chunks.length === 1) return Buffer.isBuffer(first) ? first : Buffer.from(first!.buffer, first!.byteOffset, length);
  if (length <= mostJoined) return Buffer.concat(chunks);
  void reply.header('content-length', length);
  return Readable.from(chunks, { objectMode: false });
}

function serverTiming({ decode, queue, compute, encode }: Stages): string {
  return `decode;dur=${microsecondsText(decode)}, queue;dur=${microsecondsText(queue)}, compute;dur=${microsecondsText(compute)}, encode;dur=${microsecondsText(encode)}`;
}
