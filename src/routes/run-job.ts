import { setImmediate as atEndOfTurn } from 'node:timers/promises';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { encodeJson, type TensorEncoding } from '../codecs/answer-json.ts';
import { NotFiniteError, type AnswerNode } from '../codecs/answer.ts';
import type { Answer } from '../compute/engine.ts';
import type { Job, ResultOf } from '../compute/jobs.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { jobElements } from '../requests/job-elements.ts';

/**
 * Runs a job and answers with its result, `meta` and `Server-Timing`.
 *
 * An answer that was computed at once leaves at the end of the event loop's turn, with those of the other requests that came in
 * it: writing them one by one would wake a client that waits for several of them once for each.
 *
 * @param present turns the result into the answer, but for `meta`.
 */
export async function runJob<J extends Job>(
  request: FastifyRequest,
  reply: FastifyReply,
  job: J,
  encoding: TensorEncoding | undefined,
  present: (result: ResultOf[J['kind']]) => Readonly<Record<string, AnswerNode>>,
): Promise<void> {
  const decodeMs = performance.now() - request.bodyReceivedAt;
  const running = request.server.engine.run(job);
  const answer = running instanceof Promise ? await running : await atEndOfTurn(running);
  sendAnswer(request, reply, job, encoding ?? 'json', decodeMs, answer, present(answer.result));
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  encoding: TensorEncoding,
  decodeMs: number,
  { backend, queueMs, computeMs }: Omit<Answer, 'result'>,
  fields: Readonly<Record<string, AnswerNode>>,
): void {
  const encodeFrom = performance.now();
  const meta = { backend: backend.name, device: backend.device, dtype: backend.dtype, elapsed_ms: inMicroseconds(queueMs + computeMs) };
  const body = encodeOrExplain({ ...fields, meta }, encoding, job);
  const encodeMs = performance.now() - encodeFrom;

  void reply
    .header('content-type', 'application/json; charset=utf-8')
    .header(
      'server-timing',
      `decode;dur=${inMicroseconds(decodeMs)}, queue;dur=${inMicroseconds(queueMs)}, compute;dur=${inMicroseconds(computeMs)}, encode;dur=${inMicroseconds(encodeMs)}`,
    )
    .send(body);
  request.server.metrics.computed(job.kind, backend.name, jobElements(job), {
    decode: decodeMs,
    queue: queueMs,
    compute: computeMs,
    encode: encodeMs,
  });
}

function encodeOrExplain(answer: AnswerNode, encoding: TensorEncoding, job: Job): Buffer {
  try {
    return encodeJson(answer, encoding);
  } catch (error) {
    throw error instanceof NotFiniteError ? overflowProblem(error, job) : error;
  }
}

/** Milliseconds, to the microsecond. */
function inMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
