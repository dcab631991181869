import type {
  Job,
  ResultOf,
  SurrogateEvalJob,
  SurrogateEvalResult,
  SurrogateGradJob,
  SurrogateGradResult,
} from '../../jobs.ts';
import { surrogateFunctions } from './evaluate.ts';
import { float64Algebra, type NumberAlgebra } from './float64-algebra.ts';
import { lifGrad, lifSimulate } from './lif.ts';

/**
 * Does any job; every result of floats is a Float64Array.
 *
 * @param ops the arithmetic: float64, or one that rounds otherwise, to see how far rounding moves a result.
 */
export function compute(job: Job, ops: NumberAlgebra = float64Algebra): ResultOf[Job['kind']] {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(job, ops);
    case 'surrogate_grad':
      return surrogateGrad(job, ops);
    case 'lif_simulate':
      return lifSimulate(job, ops);
    case 'lif_grad':
      return lifGrad(job, ops);
  }
}

function surrogateEval({ x, surrogates, outputs }: SurrogateEvalJob, ops: NumberAlgebra): SurrogateEvalResult {
  return surrogates.map((surrogate) => ({
    ...(outputs.spike && { spike: Uint8Array.from(x, (at) => Number(at >= 0)) }),
    ...(outputs.value && { value: Float64Array.from(x, surrogateFunctions(surrogate, ops).value) }),
  }));
}

function surrogateGrad({ x, surrogates, cotangent }: SurrogateGradJob, ops: NumberAlgebra): SurrogateGradResult {
  return surrogates.map((surrogate) => {
    const { grad } = surrogateFunctions(surrogate, ops);
    return {
      grad: Float64Array.from(x, (at, i) => ops.mul(grad(at), typeof cotangent === 'number' ? cotangent : cotangent[i]!)),
    };
  });
}
