import type { FastifyRequest } from 'fastify';

import { inferenceAnswer, npyFile } from '../responses/formats.ts';
import { requireOneTensor, type AnswerFormat, type ResponseOutline } from '../responses/outline.ts';
import { responseTree, type ComputeResponse } from '../responses/response.ts';
import { jsonInUtf8, mediaTypes, type RequestBody } from '../requests/request-body.ts';
import { encodeAnswer, type EncodedAnswer } from '../codecs/answer-json.ts';
import { dtypeOf } from '../compute/jobs.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { bestAccepted } from '../plugins/negotiation.ts';
import type { Operation, Plan } from '../requests/plan.ts';

export type AnswerMedia = (typeof mediaTypes)[keyof typeof mediaTypes];

/** The media types of answers, first the one that is meant where a client takes any. */
export const answerMedia = [mediaTypes.json, mediaTypes.framed, mediaTypes.npy] as const;
const answerMediaForNpy = [mediaTypes.npy, mediaTypes.json, mediaTypes.framed] as const;

/** How a route writes its answers. */
export interface ResponseFormat {
  /** The media type; undefined where that follows from whether bytes stand behind the JSON. */
  readonly media: AnswerMedia | undefined;
  /** The media type of an answer that is JSON alone. */
  readonly jsonType: string;
  /** As what the bytes of a plan's answer are counted. */
  countedAs(plan: Plan): AnswerFormat;
  /** @throws {Problem} when a plan cannot be answered in the format. */
  accept(outline: ResponseOutline): void;
  /**
   * @param scope in whose memory long texts may be printed; undefined where the answer does not lie there.
   * @throws {RangeError} when a number is not finite in the answer's precision.
   */
  encode(plan: Plan, response: ComputeResponse, scope: RequestScope | undefined): EncodedAnswer;
}

/** The service's own formats: the one that the request's `Accept` likes best. */
export function nativeFormat({ headers, body }: FastifyRequest): ResponseFormat {
  const offered = (body as RequestBody).form === 'npy' ? answerMediaForNpy : answerMedia;
  return nativeFormats[bestAccepted(headers.accept, offered) ?? mediaTypes.json];
}

const anyPlan = () => undefined;
const nativeFormats: Readonly<Record<AnswerMedia, ResponseFormat>> = {
  [mediaTypes.json]: {
    media: mediaTypes.json,
    jsonType: jsonInUtf8,
    countedAs: ({ options: { encoding = 'json' } }) => encoding,
    accept: anyPlan,
    encode: ({ job, options: { encoding = 'json' } }, response, scope) =>
      encodeAnswer(responseTree(response), { encoding, dtype: dtypeOf(job), memory: scope?.arena && scope.memory }),
  },
  [mediaTypes.framed]: {
    media: mediaTypes.framed,
    jsonType: jsonInUtf8,
    countedAs: () => 'framed',
    accept: anyPlan,
    encode: ({ job }, response) => encodeAnswer(responseTree(response), { encoding: 'framed', dtype: dtypeOf(job) }),
  },
  [mediaTypes.npy]: {
    media: mediaTypes.npy,
    jsonType: jsonInUtf8,
    countedAs: () => 'npy',
    accept: requireOneTensor,
    encode: ({ job }, response) => ({ text: [], tensors: npyFile(response, dtypeOf(job)) }),
  },
};

/** The Open Inference Protocol's format: which of its outputs are bytes is said by the request. */
export function inferenceFormat(operation: Operation): ResponseFormat {
  return {
    media: undefined,
    jsonType: mediaTypes.json,
    countedAs: () => 'inference',
    accept({ plan: { options } }) {
      if (options.dry_run === true)
        throw invalidRequest([
          { path: '/parameters/dry_run', message: 'is not part of this protocol; send the request to one of the other routes' },
        ]);
    },
    encode: ({ job, reply = { binary: [], json: [] } }, response) => inferenceAnswer(operation, response, reply, dtypeOf(job)),
  };
}
