import type { Limits } from '../config/limits.ts';
import { LifGradRequest, LifSimulateRequest } from '../schemas/lif-routes.ts';
import { SurrogateEvalRequest, SurrogateGradRequest } from '../schemas/surrogate-routes.ts';
import { lifGradPlan, lifSimulatePlan } from './lif-jobs.ts';
import type { Operation, Plans } from './plan.ts';
import { surrogateEvalPlan, surrogateGradPlan } from './surrogate-jobs.ts';
import { compileValidator, type Validate } from './validation.ts';

interface Reading<O extends Operation, Request> {
  readonly validate: Validate;
  readonly plan: (request: Request, limits: Limits) => Plans[O];
}

type Readings = { readonly [O in Operation]: Reading<O, never> };

const readings = {
  surrogate_eval: { validate: compileValidator(SurrogateEvalRequest), plan: surrogateEvalPlan },
  surrogate_grad: { validate: compileValidator(SurrogateGradRequest), plan: surrogateGradPlan },
  lif_simulate: { validate: compileValidator(LifSimulateRequest), plan: lifSimulatePlan },
  lif_grad: { validate: compileValidator(LifGradRequest), plan: lifGradPlan },
} as const satisfies Readings;

/**
 * Checks a request and makes a plan of it.
 *
 * @param request the body as data: what JSON.parse gives, with tensors that were read from bytes in their places.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function planOf<O extends Operation>(operation: O, request: unknown, limits: Limits): Plans[O] {
  const { validate, plan } = readings[operation] as Reading<O, unknown>;
  const problem = validate(request);
  if (problem !== undefined) throw problem;
  return plan(request, limits);
}
