import { valueAt } from '../../generated-numbers.ts';
import type { Job, ResultOf, SurrogateEvalJob, SurrogateEvalResult, SurrogateGradJob, SurrogateGradResult } from '../../jobs.ts';
import { surrogateFunctions } from './evaluate.ts';
import { float64Algebra, type NumberAlgebra } from './float64-algebra.ts';
import { lifGrad, lifSimulate } from './lif.ts';
import { StopCheck } from './stop-check.ts';

/**
 * Does any job; every result of floats is a Float64Array.
 *
 * @param ops the arithmetic: float64, or one that rounds otherwise, to see how far rounding moves a result.
 * @throws when `stop` finds the job stopped.
 */
export function compute(job: Job, ops: NumberAlgebra = float64Algebra, stop = new StopCheck()): ResultOf[Job['kind']] {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(job, ops, stop);
    case 'surrogate_grad':
      return surrogateGrad(job, ops, stop);
    case 'lif_simulate':
      return lifSimulate(job, ops, stop);
    case 'lif_grad':
      return lifGrad(job, ops, stop);
  }
}

function surrogateEval({ x, surrogates, outputs }: SurrogateEvalJob, ops: NumberAlgebra, stop: StopCheck): SurrogateEvalResult {
  const { length } = x;
  return surrogates.map((surrogate) => {
    const { value } = surrogateFunctions(surrogate, ops);
    return {
      ...(outputs.spike && {
        spike: Uint8Array.from(
          { length },
          stoppable(stop, (i) => Number(valueAt(x, i) >= 0)),
        ),
      }),
      ...(outputs.value && {
        value: Float64Array.from(
          { length },
          stoppable(stop, (i) => value(valueAt(x, i))),
        ),
      }),
    };
  });
}

function surrogateGrad({ x, surrogates, cotangent }: SurrogateGradJob, ops: NumberAlgebra, stop: StopCheck): SurrogateGradResult {
  const { length } = x;
  return surrogates.map((surrogate) => {
    const { grad } = surrogateFunctions(surrogate, ops);
    const cotangentAt = (i: number) => (typeof cotangent === 'number' ? cotangent : valueAt(cotangent, i));
    return {
      grad: Float64Array.from(
        { length },
        stoppable(stop, (i) => ops.mul(grad(valueAt(x, i)), cotangentAt(i))),
      ),
    };
  });
}

function stoppable(stop: StopCheck, of: (i: number) => number) {
  return (_: unknown, i: number) => {
    stop.step();
    return of(i);
  };
}
