import type { TObject } from '@sinclair/typebox';

import type { Limits } from '../config/limits.ts';
import { LifGradRequest, LifJvpRequest, LifSimulateRequest } from '../schemas/lif.ts';
import { SurrogateEvalRequest, SurrogateGradRequest } from '../schemas/surrogate.ts';
import { NetworkGradRequest, NetworkSimulateRequest } from '../schemas/network.ts';
import { lifGradPlan, lifJvpPlan, lifSimulatePlan } from './neurons/neuron-plans.ts';
import type { KeptTensors } from './networks/named-tensors.ts';
import { networkGradPlan, networkSimulatePlan } from './networks/network-plans.ts';
import type { Operation, Plans } from './plan.ts';
import { surrogateEvalPlan, surrogateGradPlan } from './surrogates/surrogate-plans.ts';
import { suggestRequestField } from './words/unknown-fields.ts';
import { compileValidator, type Validate } from './validation.ts';

type NpyField = 'x' | 'current';

/** How requests of one operation are read. */
interface RequestKind<O extends Operation> {
  readonly schema: TObject;
  readonly validate: Validate;
  readonly plan: (request: unknown, limits: Limits, kept?: KeptTensors) => Plans[O];
  /** The field of the tensor that is the whole of an npy body, where one is enough. */
  readonly npyField: NpyField | undefined;
}

function kind<P>(schema: TObject, plan: (request: never, limits: Limits, kept?: KeptTensors) => P, npyField?: NpyField) {
  // The validator has checked that it is one.
  return {
    schema,
    validate: compileValidator(schema, suggestRequestField),
    plan: plan as (request: unknown, limits: Limits, kept?: KeptTensors) => P,
    npyField,
  };
}

export const operations: { readonly [O in Operation]: RequestKind<O> } = {
  surrogate_eval: kind(SurrogateEvalRequest, surrogateEvalPlan, 'x'),
  surrogate_grad: kind(SurrogateGradRequest, surrogateGradPlan, 'x'),
  lif_simulate: kind(LifSimulateRequest, lifSimulatePlan, 'current'),
  lif_grad: kind(LifGradRequest, lifGradPlan, 'current'),
  lif_jvp: kind(LifJvpRequest, lifJvpPlan, 'current'),
  network_simulate: kind(NetworkSimulateRequest, networkSimulatePlan),
  network_grad: kind(NetworkGradRequest, networkGradPlan),
};

/**
 * Checks a request and makes a plan of it.
 *
 * @param request the body as data: what JSON.parse gives, with tensors that were read from bytes in their places.
 * @param kept tensors that the request names; undefined where they were not looked up.
 * @throws {NamedTensorsError} where they have to be.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function planOf<O extends Operation>(operation: O, request: unknown, limits: Limits, kept?: KeptTensors): Plans[O] {
  const { validate, plan } = operations[operation];
  const problem = validate(request);
  if (problem !== undefined) throw problem;
  return plan(request, limits, kept);
}
