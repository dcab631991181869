import { problemTypes, type ProblemCode, type ProblemDocument } from '../src/errors/problems.ts';
import { disagreement } from './agreement.ts';
import { readAnswer } from './answers.ts';
import type { Expectation } from './expectation.ts';
import { inferRoute, type Message, type OpenApi } from './messages.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Of requests that cannot be done in their time, or not beside others; `/v2` tells only the status. */
const tooMuch = new Set(['deadline_exceeded', 'overloaded', 'out_of_memory', '503', '504']);

/** What is wrong with a reply; undefined when nothing is. */
export function faultOf(message: Message, reply: Reply, expected: Expectation | undefined, document: OpenApi): string | undefined {
  const { status } = reply;
  if (!(status in document.paths[message.route]!.post!.responses)) return `the status ${status} is not documented`;
  const speaksInference = message.route === inferRoute;
  const code = status === 200 ? undefined : problemCode(reply, speaksInference);
  if (code instanceof Error) return code.message;
  // One that asks for much in little time may get neither.
  const hasDeadline = 'x-request-timeout-ms' in message.headers || (speaksInference && message.body.includes('"timeout"'));
  if (hasDeadline && code !== undefined && tooMuch.has(code === 'unknown' ? String(status) : code)) return undefined;
  if (status >= 500) return `the status is ${status}`;
  return expected === undefined ? undefined : faultAgainst(expected, reply, code);
}

function faultAgainst(expected: Expectation, reply: Reply, code: ProblemCode | 'unknown' | undefined): string | undefined {
  const { status } = reply;
  switch (expected.kind) {
    case 'problem':
      if (status !== problemTypes[expected.code].status) return `the status is ${status}, and ${expected.code} was to be expected`;
      return code === 'unknown' || code === expected.code
        ? undefined
        : `the code is ${code ?? 'missing'}, and ${expected.code} was to be expected`;
    case 'overflow':
      return status === 400 && (code === 'unknown' || code === 'numerical_overflow')
        ? undefined
        : `the status is ${status}, and numerical_overflow was to be expected`;
    case 'answer':
      if (status === 200) return disagreement(readAnswer(reply.body, reply.headers), expected);
      // Numbers that float64 holds may leave float32.
      if (
        status === 400 &&
        !expected.isFloat64 &&
        (code === 'numerical_overflow' || code === 'unknown') &&
        (expected.isOnEdge || isHuge(expected.exact))
      )
        return undefined;
      return `the status is ${status}, and an answer was to be expected`;
  }
}

/** The code of a refusal; an error that says what is wrong with its form. */
function problemCode({ status, headers, body }: Reply, speaksInference: boolean): ProblemCode | 'unknown' | Error {
  const document = JSON.parse(body.toString()) as Partial<ProblemDocument> & { error?: unknown };
  if (speaksInference) return typeof document.error === 'string' && document.error !== '' ? 'unknown' : new Error('the error has no text');
  const { code, type, title, detail, errors } = document;
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8')
    return new Error(`the refusal is ${String(headers['content-type'])}`);
  if (code === undefined || !Object.hasOwn(problemTypes, code)) return new Error(`the code ${String(code)} is not known`);
  if (problemTypes[code].status !== status || document.status !== status) return new Error(`the code ${code} comes with ${status}`);
  if (type !== `/problems/${code}` || title !== problemTypes[code].title || typeof detail !== 'string' || detail === '')
    return new Error('the problem is not complete');
  if (
    code === 'invalid_request' &&
    !(errors !== undefined && errors.length > 0 && errors.every(({ path, message }) => typeof path === 'string' && message !== ''))
  )
    return new Error('the problem names no errors');
  return code;
}

/** Whether an answer has a number near the largest float32: what it is computed from may be some thousand times as large. */
function isHuge(value: unknown): boolean {
  if (typeof value === 'number') return Math.abs(value) > 1e34;
  return typeof value === 'object' && value !== null && Object.values(value).some(isHuge);
}
