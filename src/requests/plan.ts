import type { BackendPreference } from '../compute/engine/backend-router.ts';
import type {
  Differentiable,
  Dtype,
  Job,
  LifGradJob,
  LifSimulateJob,
  ResultOf,
  SurrogateEvalJob,
  SurrogateGradJob,
} from '../compute/jobs.ts';
import type { TensorEncoding } from '../codecs/answer.ts';
import type { InferenceReply } from './inference-request.ts';

/** What a request says of how its job is to be computed and answered. */
export interface RunOptions extends BackendPreference {
  readonly encoding?: TensorEncoding;
  /** Whether the job is only to be described. */
  readonly dryRun?: boolean;
}

interface PlanOf<J extends Job> {
  readonly job: J;
  readonly options: RunOptions;
  /** Where the Open Inference Protocol is spoken: how the answer is to be given. */
  readonly reply?: InferenceReply;
}

export interface SurrogateEvalPlan extends PlanOf<SurrogateEvalJob> {
  /** Of x, and so of the results. */
  readonly shape: readonly number[];
}

export interface SurrogateGradPlan extends PlanOf<SurrogateGradJob> {
  /** Of x, and so of the results. */
  readonly shape: readonly number[];
}

export type LifSimulatePlan = PlanOf<LifSimulateJob>;

export interface LifGradPlan extends PlanOf<LifGradJob> {
  /** The shape in which each quantity was given, and in which its gradient is answered. */
  readonly gradShapes: Readonly<Record<Differentiable, readonly number[]>>;
}

/** What is made of a request, as plain data: the job, and what is needed to answer it. */
export interface Plans {
  surrogate_eval: SurrogateEvalPlan;
  surrogate_grad: SurrogateGradPlan;
  lif_simulate: LifSimulatePlan;
  lif_grad: LifGradPlan;
}

/** What can be asked for, one route each. */
export type Operation = keyof Plans & keyof ResultOf;

export type Plan = Plans[Operation];

/** What of a request says in what its job is computed. */
export function arithmetic({ dtype }: { readonly dtype?: Dtype }): { readonly dtype?: Dtype } {
  return dtype === undefined ? {} : { dtype };
}

/** What of a request says how it is to be run. */
export function runOptions({ backend, encoding, dry_run }: Omit<RunOptions, 'dryRun'> & { readonly dry_run?: boolean }): RunOptions {
  return { ...(backend && { backend }), ...(encoding && { encoding }), ...(dry_run === true && { dryRun: true }) };
}
