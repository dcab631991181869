import type { Backend, Computed } from '../../backend.ts';
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

/**
 * The mathematics in float64, one number at a time: slow, and what every other back-end is tested against. Every result is a
 * Float64Array, and is not limited to float32's range.
 */
export class ReferenceBackend implements Backend {
  readonly info = { name: 'reference', device: 'cpu', dtype: 'float64' } as const;

  async warm(): Promise<void> {
    // Nothing is compiled ahead.
  }

  run<J extends Job>(job: J): Computed<J> {
    const start = performance.now();
    // TypeScript does not narrow J by the switch in `compute`, which pairs every kind with its result.
    const result = compute(job) as ResultOf[J['kind']];
    return { result, queueMs: 0, computeMs: performance.now() - start };
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function compute(job: Job): ResultOf[Job['kind']] {
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
