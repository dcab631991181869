import { Type } from '@sinclair/typebox';

import { problemTypes, type ProblemCode } from '../errors/problems.ts';
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

/** The documented answers of a route that can have these problems, by status. */
export function problemResponses(...codes: readonly ProblemCode[]): Record<number, object> {
  const responses: Record<number, object> = {};
  for (const status of new Set(codes.map((code) => problemTypes[code].status))) {
    const described = codes.filter((code) => problemTypes[code].status === status).map((code) => `\`${code}\`: ${problemTypes[code].title}.`);
    responses[status] = {
      description: described.join(' '),
      content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
    };
  }
  return responses;
}

/** The problems of every route that computes. */
export const computeProblems = problemResponses(
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
);
