import { broadcastValues, canBroadcast } from '../codecs/ndarray.ts';
import { decodeTensor } from '../codecs/tensor.ts';
import { valueAt } from '../compute/generated-numbers.ts';
import type { SurrogateEvalJob, SurrogateGradJob } from '../compute/jobs.ts';
import { shapeText } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { checkValues, checkWork, type Limits } from '../config/limits.ts';
import { evaluable, type SurrogateEvalRequest, type SurrogateGradRequest } from '../schemas/surrogate-routes.ts';
import { distinctNames } from './names.ts';
import { arithmetic, runOptions, type SurrogateEvalPlan, type SurrogateGradPlan } from './plan.ts';
import { resolveSurrogates } from './surrogates.ts';
import { checkPreference } from './backend-preference.ts';

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateEvalPlan(request: SurrogateEvalRequest, limits: Limits): SurrogateEvalPlan {
  const errors = new InputErrors();
  checkPreference(request, errors);
  const x = decodeTensor(request.x, '/x', errors, limits);
  const surrogates = resolveSurrogates(request.surrogate, errors);
  const outputs = distinctNames(request.outputs ?? evaluable, evaluable, '/outputs', errors);
  errors.throwIfAny();

  const results = x!.values.length * surrogates!.length;
  checkWork(results, () => 'elements of x x surrogates', limits);
  checkValues(results * outputs!.size, 'The answer', limits);
  const job: SurrogateEvalJob = {
    kind: 'surrogate_eval',
    ...arithmetic(request),
    x: x!.values,
    surrogates: surrogates!,
    outputs: { spike: outputs!.has('spike'), value: outputs!.has('value') },
  };
  return { job, shape: x!.shape, options: runOptions(request) };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateGradPlan(request: SurrogateGradRequest, limits: Limits): SurrogateGradPlan {
  const errors = new InputErrors();
  checkPreference(request, errors);
  const x = decodeTensor(request.x, '/x', errors, limits);
  const surrogates = resolveSurrogates(request.surrogate, errors);
  const cotangent = request.cotangent === undefined ? null : decodeTensor(request.cotangent, '/cotangent', errors, limits);
  if (x !== null && cotangent !== null && !canBroadcast(cotangent.shape, x.shape)) {
    errors.add('/cotangent', `has shape ${shapeText(cotangent.shape)}, which does not broadcast to the shape ${shapeText(x.shape)} of /x`);
  }
  errors.throwIfAny();

  const results = x!.values.length * surrogates!.length;
  checkWork(results, () => 'elements of x x surrogates', limits);
  checkValues(results, 'The answer', limits);
  const job: SurrogateGradJob = {
    kind: 'surrogate_grad',
    ...arithmetic(request),
    x: x!.values,
    surrogates: surrogates!,
    cotangent: cotangent === null ? 1 : cotangent.shape.length === 0 ? valueAt(cotangent.values, 0) : broadcastValues(cotangent, x!.shape),
  };
  return { job, shape: x!.shape, options: runOptions(request) };
}
