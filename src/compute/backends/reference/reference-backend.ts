import type { Backend, Computed } from '../../engine/backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { float64Algebra, type NumberAlgebra } from '../../float64-algebra.ts';
import { differentiateNetwork, simulateNetwork } from '../../networks/network-loop.ts';
import { Arithmetic } from './arithmetic.ts';
import { lifGrad, lifJvp, lifSimulate } from './neuron-jobs.ts';
import { ReferenceNetwork } from './network-run.ts';
import { surrogateEval, surrogateGrad } from './surrogates.ts';

/**
 * Computes any job; every array of floats in the result is a Float64Array.
 *
 * @param ops float64, or an algebra that rounds differently, to see how far rounding moves a result.
 * @param checkpoint throws once another thread has stopped the job; without it the job runs to its end.
 * @throws what `checkpoint` throws.
 */
export function compute(job: Job, ops: NumberAlgebra = float64Algebra, checkpoint?: () => void): ResultOf[Job['kind']] {
  const arithmetic = new Arithmetic(ops, checkpoint);
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(job, arithmetic);
    case 'surrogate_grad':
      return surrogateGrad(job, arithmetic);
    case 'lif_simulate':
      return lifSimulate(job, arithmetic);
    case 'lif_grad':
      return lifGrad(job, arithmetic);
    case 'lif_jvp':
      return lifJvp(job, arithmetic);
    case 'network_simulate':
      return resultOf(simulateNetwork(job, new ReferenceNetwork(job.network, [], arithmetic)));
    case 'network_grad':
      return resultOf(differentiateNetwork(job, new ReferenceNetwork(job.network, job.wrt, arithmetic)));
  }
}

/** The result of a run, of whose pauses nobody makes use. */
function resultOf<R>(run: Generator<unknown, R>): R {
  let next = run.next();
  while (next.done !== true) next = run.next();
  return next.value;
}

/** The mathematics in float64, one number at a time: slow, and the definition that every other back-end is tested against. */
export class ReferenceBackend implements Backend {
  readonly info = { name: 'reference', device: 'cpu', dtype: 'float64' } as const;

  async warm(): Promise<void> {
    // Nothing to compile.
  }

  run<J extends Job>(job: J): Computed<J> {
    const start = performance.now();
    // TypeScript does not narrow J by the switch in `compute`, which pairs every kind with its result.
    const result = compute(job) as ResultOf[J['kind']];
    return { result, queueMs: 0, computeMs: performance.now() - start };
  }

  async close(): Promise<void> {
    // Nothing to release.
  }
}
