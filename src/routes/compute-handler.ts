import type { FastifyReply, FastifyRequest } from 'fastify';

import { mediaTypes, type RequestBody } from '../bodies/request-body.ts';
import { bestAccepted } from '../plugins/negotiation.ts';
import { requireOneTensor } from '../requests/npy-request.ts';
import type { Operation } from '../requests/plan.ts';
import { describePlan } from './describe-plan.ts';
import { endOfTurn } from './in-step.ts';
import { readPlan } from './read-plan.ts';
import { runPlan } from './run-plan.ts';
import { encodeAs, sendOutcome, type AnswerMedia } from './send-answer.ts';

/** The media types of answers, the one that is meant where a client takes any first. */
export const answerMedia = [mediaTypes.json, mediaTypes.framed, mediaTypes.npy] as const;
const answerMediaForNpy = [mediaTypes.npy, mediaTypes.json, mediaTypes.framed] as const;

/** A handler that reads a body, runs the job it asks for, and answers with the result, `meta` and `Server-Timing`. */
export function computeHandler(operation: Operation) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = request.body as RequestBody;
    const media = answerMediaOf(request, body);
    await endOfTurn();
    const decodeFrom = performance.now();
    const plan = await readPlan(request, operation, body);
    if (media === mediaTypes.npy) requireOneTensor(plan);
    if (plan.options.dryRun === true) return reply.type('application/json; charset=utf-8').send(JSON.stringify(describePlan(request, operation, plan)));
    const decodeMs = performance.now() - decodeFrom;
    const outcome = await runPlan(request, operation, plan, media === mediaTypes.json);
    const encode = () => encodeAs(media, outcome.fields, plan, outcome.streams ? undefined : request.lease?.arena, request.server.textThreads);
    return sendOutcome(request, reply, { plan, outcome, decodeFrom, decodeMs, encode }, media);
  };
}

function answerMediaOf(request: FastifyRequest, { form }: RequestBody): AnswerMedia {
  return bestAccepted(request.headers.accept, form === 'npy' ? answerMediaForNpy : answerMedia) ?? mediaTypes.json;
}
