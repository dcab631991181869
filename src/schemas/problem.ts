import { Type } from '@sinclair/typebox';

import { problemTypes, type ProblemCode, type ProblemDocument } from '../errors/problems.ts';
import type { NamedSchema } from './common.ts';

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

/** The header of 429 and 503. */
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

/** The problems of every route that computes. */
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

/** Those of networks, which take no npy body and may name tensors. */
export const networkProblems = problemResponses(...computeCodes.filter((code) => code !== 'invalid_npy'), 'tensor_unknown');

type Occurrence = Pick<ProblemDocument, 'detail'> & Partial<Pick<ProblemDocument, 'instance' | 'errors'>>;

const gradients = '/surrogate/grad';

/** Problems as the service has answered them, for the documentation; tests provoke each. */
const occurrences = {
  invalid_json: { detail: 'Unexpected "NaN" at position 6 (line 1, column 7); that is Python or JavaScript, not JSON.' },
  invalid_frame: { detail: 'The header Inference-Header-Content-Length must say how many bytes of the body are JSON, which is missing.' },
  invalid_npy: { detail: 'The body is not an array of numbers as numpy.save writes it: it does not begin with the bytes \\x93NUMPY.' },
  empty_body: { detail: 'The route needs a request body, and none came.' },
  incomplete_body: { instance: '', detail: 'The connection ended before the request was complete.' },
  corrupt_body: { detail: 'The body could not be decompressed: incorrect header check.' },
  forbidden_key: { detail: 'The body has a key "__proto__" or "constructor", which no request needs.' },
  invalid_request: {
    detail: '/x/1: ragged: has length 1, but /x/0 has length 2; all must have the same (and 1 more in errors)',
    errors: [
      { path: '/x/1', message: 'ragged: has length 1, but /x/0 has length 2; all must have the same' },
      { path: '/surrogate/alpha', message: 'must be a number from 0.001 to 10000 (default 4), got 0' },
    ],
  },
  invalid_timeout: { detail: 'The header X-Request-Timeout-Ms must be a whole number of milliseconds of at least 1, got "1.5".' },
  malformed_http: { instance: '/surrogates/%zz', detail: 'The path of the URL is not validly percent-encoded.' },
  numerical_overflow: {
    instance: '/lif/simulate',
    detail:
      '/v_final leaves the range of float32 at neuron 0. With dt = 50 and tau = 10, dt / tau = 5: an Euler step is unstable above 2. Take a smaller dt or "integration": "exponential".',
  },
  unauthorized: { detail: 'The request has no API key. Send "Authorization: Bearer", a space and a key.' },
  not_found: { instance: '/problems/invalid_requests', detail: 'There is no such problem; did you mean "invalid_request"?' },
  surrogate_not_found: {
    instance: '/surrogates/sigmoyd',
    detail: 'unknown surrogate "sigmoyd"; did you mean "sigmoid"? GET /surrogates lists all.',
  },
  neuron_not_found: {
    instance: '/neurons/snntorch.Leeky',
    detail: 'unknown neuron "snntorch.Leeky"; did you mean "snntorch.Leaky"? GET /neurons lists all.',
  },
  not_acceptable: {
    detail: 'The route answers in application/json or application/octet-stream or application/x-npy, which "Accept: text/html" excludes.',
  },
  tensor_unknown: {
    instance: '/network/grad',
    detail: `/layers/0/weight: no tensor with the SHA-256 ${'0'.repeat(64)} is kept here; send the tensor itself`,
    errors: [{ path: '/layers/0/weight', message: `no tensor with the SHA-256 ${'0'.repeat(64)} is kept here; send the tensor itself` }],
  },
  request_timeout: { instance: '', detail: 'The request was not complete in time.' },
  body_too_large: { detail: 'The body is larger than the limit of 1024 bytes.' },
  too_much_work: {
    instance: '/lif/simulate',
    detail:
      'The request needs an estimated 100000000000 neuron-steps (1000 neurons x 100000000 steps); the limit is 10000000000. Split the batch into several requests.',
  },
  uri_too_long: { instance: `/surrogates/${'x'.repeat(201)}`, detail: 'A segment of the path is longer than the name of any resource.' },
  unsupported_media_type: {
    detail: 'The body must be sent with "Content-Type: application/json", "application/octet-stream" or "application/x-npy".',
  },
  rate_limited: { detail: 'More than 1 requests within 60 s; the next is accepted in 60 s.' },
  headers_too_large: { instance: '', detail: 'The URL and the headers are larger than 16 KiB.' },
  internal_error: { detail: 'Something failed in the service. request_id finds it in the log; please report it.' },
  out_of_memory: { detail: 'There is not enough memory for this job while others run.' },
  overloaded: { detail: 'The service is busy: about 2.5 s of work wait already.' },
  worker_lost: { detail: 'The threads that computed the job ended unexpectedly, twice; other jobs are not affected.' },
  shutting_down: { detail: 'This instance is shutting down; send the request again.' },
  deadline_exceeded: { instance: '/lif/grad', detail: 'The request took longer than 1 ms.' },
} as const satisfies Partial<Record<ProblemCode, Occurrence>>;

/** The problems that routes document. */
export type DocumentedCode = keyof typeof occurrences;

/** The example of a problem, by its code. */
export const problemExamples = Object.fromEntries(
  Object.entries<Occurrence>(occurrences).map(([code, { instance = gradients, detail, errors }]) => {
    const { title, status } = problemTypes[code as DocumentedCode];
    const value = { type: `/problems/${code}`, title, status, detail, instance, code, request_id: 'e038b176-c', ...(errors && { errors }) };
    return [code, { summary: title, value }];
  }),
) as Readonly<Record<DocumentedCode, { readonly summary: string; readonly value: ProblemDocument }>>;
