import { setImmediate as atEndOfTurn } from 'node:timers/promises';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { metaNode } from '../answers/meta.ts';
import { inMicroseconds } from '../answers/milliseconds.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { encodeJson, type AnswerForm, type TensorEncoding } from '../codecs/answer-json.ts';
import { NotFiniteError, type AnswerNode } from '../codecs/answer.ts';
import type { Wish } from '../compute/choice.ts';
import type { Answer } from '../compute/engine.ts';
import type { Job, ResultOf } from '../compute/jobs.ts';
import { jobElements, jobWork } from '../compute/job-size.ts';
import { checkReferenceWork } from '../limits.ts';
import { wishOf } from '../requests/wish.ts';

/** What a request says of how its job is to be computed and answered. */
export interface RunOptions extends Wish {
  readonly encoding?: TensorEncoding;
}

/**
 * Runs a job and answers with its result, `meta` and `Server-Timing`.
 *
 * An answer that was computed at once leaves at the end of the event loop's turn, with those of the other requests that came in
 * it: writing them one by one would wake a client that waits for several of them once for each.
 *
 * @param options the request's body, or what it holds of them.
 * @param present turns the result into the answer, but for `meta`.
 * @throws {Problem} when the job is too much for the reference, where that is to do it.
 */
export async function runJob<J extends Job>(
  request: FastifyRequest,
  reply: FastifyReply,
  job: J,
  options: RunOptions,
  present: (result: ResultOf[J['kind']]) => Readonly<Record<string, AnswerNode>>,
): Promise<void> {
  const decodeMs = performance.now() - request.bodyReceivedAt;
  const { engine, config } = request.server;
  const wish = wishOf(options);
  if (engine.firstChoice(job, wish) === 'reference') checkReferenceWork(jobWork(job), config.limits);
  const running = engine.run(job, wish);
  const answer = running instanceof Promise ? await running : await atEndOfTurn(running);
  const form: AnswerForm = { encoding: options.encoding ?? 'json', dtype: options.dtype ?? 'float32' };
  sendAnswer(request, reply, job, form, decodeMs, answer, present(answer.result));
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  form: AnswerForm,
  decodeMs: number,
  answer: Omit<Answer, 'result'>,
  fields: Readonly<Record<string, AnswerNode>>,
): void {
  const encodeFrom = performance.now();
  const { backend, queueMs, computeMs } = answer;
  const body = encodeOrExplain({ ...fields, meta: metaNode(answer) }, form, job);
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

function encodeOrExplain(answer: AnswerNode, form: AnswerForm, job: Job): Buffer {
  try {
    return encodeJson(answer, form);
  } catch (error) {
    throw error instanceof NotFiniteError ? overflowProblem(error, job) : error;
  }
}
