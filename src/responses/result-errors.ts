import { NotFiniteError, type AnswerNode } from '../codecs/answer.ts';
import { Pacer } from '../codecs/chunks.ts';
import { requireFinite } from '../codecs/finite-check.ts';
import { dtypeOf } from '../compute/jobs.ts';
import type { Problem } from '../errors/problems.ts';
import { axesOf, type Plan } from '../requests/plan.ts';
import { overflowProblem } from './overflow.ts';
import { responseTree, type ComputeResponse, type ResultError } from './response.ts';

/**
 * A response with an error in the place of each result that has a number that is not finite: a comparison of surrogates is not lost to one of them.
 * Where all numbers are finite it is the same response.
 *
 * @throws {Problem} `numerical_overflow` when no result is left, or a number outside of the results is not finite.
 */
export async function withResultErrors(response: ComputeResponse, plan: Plan): Promise<ComputeResponse> {
  const { results = [], ...rest } = responseTree(response);
  const outside = await findOverflow(rest, '', plan);
  if (outside !== undefined) throw outside;
  const items = results as readonly AnswerNode[];
  const errors = new Map<number, ResultError>();
  let first: Problem | undefined;
  const pacer = new Pacer();
  for (const [i, item] of items.entries()) {
    await pacer.pause();
    const problem = await findOverflow(item, `/results/${i}`, plan);
    if (problem === undefined) continue;
    first ??= problem;
    errors.set(i, { code: problem.code, detail: problem.message });
  }
  if (first === undefined) return response;
  if (errors.size === items.length) throw first;
  return { ...response, errors };
}

/** What is wrong with the first number of a part of an answer that is not finite. */
async function findOverflow(node: AnswerNode, path: string, plan: Plan): Promise<Problem | undefined> {
  try {
    await requireFinite(node, dtypeOf(plan.job), path);
    return undefined;
  } catch (error) {
    if (error instanceof NotFiniteError) return overflowProblem(error, plan.job, axesOf(plan));
    throw error;
  }
}
