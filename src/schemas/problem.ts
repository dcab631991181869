import { Type } from '@sinclair/typebox';

import { problemTypes } from '../errors/problems.ts';
import type { DocumentedCode } from './problem-examples.ts';
import type { NamedSchema } from './shared-schemas.ts';

/** Problem details, as every failure is answered. */
export const problemSchema: NamedSchema = {
  $id: 'Problem',
  title: 'Problem',
  description: 'Problem details (RFC 9457). `code` is stable; `GET /problems/{code}` explains it.',
  ...Type.Object({
    type: Type.String({ description: 'Where the problem is explained.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was wrong this time.' }),
    instance: Type.String({ description: 'The path that was asked.' }),
    code: Type.String({ enum: Object.keys(problemTypes) }),
    request_id: Type.String({ description: 'Finds the request in the log.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: 'JSON pointer of the place.' }),
          message: Type.String({ description: 'What is wrong there, and what would be right.' }),
        }),
      ),
    ),
  }),
};

/** What 429 and 503 say beside the problem. */
const retryAfter = { 'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds after which to send the request again.' } };

/** The documented answers of a route that can have these problems, by status. */
export function problemResponses(...codes: readonly DocumentedCode[]): Record<number, object> {
  return responsesByStatus(codes, (of) => ({
    'application/problem+json': {
      schema: { $ref: 'Problem#' },
      examples: Object.fromEntries(of.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  }));
}

/** The documented answers for problems, by status, with one description for all that have a status in common. */
export function responsesByStatus(
  codes: readonly DocumentedCode[],
  contentOf: (codes: readonly DocumentedCode[]) => object,
): Record<number, object> {
  const responses: Record<number, object> = {};
  for (const status of new Set(codes.map((code) => problemTypes[code].status))) {
    const of = codes.filter((code) => problemTypes[code].status === status);
    responses[status] = {
      description: of.map((code) => `\`${code}\`: ${problemTypes[code].title}.`).join(' '),
      ...((status === 429 || status === 503) && { headers: retryAfter }),
      content: contentOf(of),
    };
  }
  return responses;
}

/** What every route that computes may answer instead of a result. */
export const computeCodes = [
  'invalid_json',
  'invalid_frame',
  'invalid_npy',
  'empty_body',
  'incomplete_body',
  'corrupt_body',
  'forbidden_key',
  'invalid_request',
  'invalid_timeout',
  'numerical_overflow',
  'not_acceptable',
  'body_too_large',
  'too_much_work',
  'unsupported_media_type',
  'internal_error',
  'out_of_memory',
  'overloaded',
  'worker_lost',
  'shutting_down',
  'deadline_exceeded',
] as const;

export const computeProblems = problemResponses(...computeCodes);
