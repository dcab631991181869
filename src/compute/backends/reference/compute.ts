import type {
  Job,
  ResultOf,
  SurrogateEvalJob,
  SurrogateEvalResult,
  SurrogateGradJob,
  SurrogateGradResult,
} from '../../jobs.ts';
import { surrogateFunctions } from './evaluate.ts';
import { lifGrad, lifSimulate } from './lif.ts';

/** Does any job in float64; every result is a Float64Array. */
export function compute(job: Job): ResultOf[Job['kind']] {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(job);
    case 'surrogate_grad':
      return surrogateGrad(job);
    case 'lif_simulate':
      return lifSimulate(job);
    case 'lif_grad':
      return lifGrad(job);
  }
}

function surrogateEval({ x, surrogates, outputs }: SurrogateEvalJob): SurrogateEvalResult {
  return surrogates.map((surrogate) => ({
    ...(outputs.spike && { spike: Uint8Array.from(x, (at) => Number(at >= 0)) }),
    ...(outputs.value && { value: Float64Array.from(x, surrogateFunctions(surrogate).value) }),
  }));
}

function surrogateGrad({ x, surrogates, cotangent }: SurrogateGradJob): SurrogateGradResult {
  return surrogates.map((surrogate) => {
    const { grad } = surrogateFunctions(surrogate);
    return {
      grad: Float64Array.from(x, (at, i) => grad(at) * (typeof cotangent === 'number' ? cotangent : cotangent[i]!)),
    };
  });
}
