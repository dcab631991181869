import type { FastifyReply, FastifyRequest } from 'fastify';

import { checkAnswerSize, type AnswerFormat } from '../answers/size.ts';
import { jsonInUtf8, mediaTypes, type RequestBody } from '../bodies/request-body.ts';
import type { EncodedAnswer } from '../codecs/answer-json.ts';
import { bestAccepted } from '../plugins/negotiation.ts';
import { requireOneTensor } from '../requests/npy-request.ts';
import type { Operation, Plan } from '../requests/plan.ts';
import { ComputeExchange } from './compute-exchange.ts';
import { describePlan } from './describe-plan.ts';
import type { Outcome } from './run-plan.ts';
import { encodeAs, type AnswerMedia } from './send-answer.ts';

/** The media types of answers, the one that is meant where a client takes any first. */
export const answerMedia = [mediaTypes.json, mediaTypes.framed, mediaTypes.npy] as const;
const answerMediaForNpy = [mediaTypes.npy, mediaTypes.json, mediaTypes.framed] as const;

/** A handler that reads a body, runs the job it asks for, and answers with the result, `meta` and `Server-Timing`. */
export function computeHandler(operation: Operation) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    new NativeExchange(request, reply, operation).start();
  };
}

/** An exchange in the service's own formats. */
class NativeExchange extends ComputeExchange {
  declare readonly media: AnswerMedia;

  constructor(request: FastifyRequest, reply: FastifyReply, operation: Operation) {
    super(request, reply, operation, answerMediaOf(request, request.body as RequestBody));
  }

  protected accept(plan: Plan): boolean {
    if (this.media === mediaTypes.npy) requireOneTensor(plan);
    checkAnswerSize<never>(this.operation as never, plan as never, formatOf(this.media, plan), this.request.server.config.limits);
    if (plan.options.dryRun !== true) return true;
    void this.reply.type(jsonInUtf8).send(JSON.stringify(describePlan(this.request, this.operation, plan)));
    return false;
  }

  protected isPrinted(): boolean {
    return this.media === mediaTypes.json;
  }

  protected encode(plan: Plan, { fields, streams }: Outcome): EncodedAnswer {
    const { lease, server } = this.request;
    return encodeAs(this.media, fields, plan, streams ? undefined : lease?.arena, server.textThreads);
  }
}

function formatOf(media: AnswerMedia, { options }: Plan): AnswerFormat {
  if (media === mediaTypes.npy) return 'npy';
  return media === mediaTypes.framed ? 'framed' : (options.encoding ?? 'json');
}

function answerMediaOf(request: FastifyRequest, { form }: RequestBody): AnswerMedia {
  return bestAccepted(request.headers.accept, form === 'npy' ? answerMediaForNpy : answerMedia) ?? mediaTypes.json;
}
