import type { Backend, Computed } from '../../engine/backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { float64Algebra, type NumberAlgebra } from '../../float64-algebra.ts';
import { differentiateNetwork, simulateNetwork } from '../../networks/network-loop.ts';
import { lifGrad } from './lif-grad.ts';
import { lifJvp } from './lif-jvp.ts';
import { lifSimulate } from './lif-simulate.ts';
import { ReferenceNetwork } from './network-run.ts';
import { StopCheck } from './stop-check.ts';
import { surrogateEval, surrogateGrad } from './surrogates.ts';

/**
 * Computes any job; every array of floats in the result is a Float64Array.
 *
 * @param ops the arithmetic: float64, or one that rounds differently, to see how far rounding moves a result.
 * @throws what `stop` throws once the job is stopped.
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
    case 'lif_jvp':
      return lifJvp(job, ops, stop);
    case 'network_simulate':
      return resultOf(simulateNetwork(job, new ReferenceNetwork(job.network, [], ops, stop)));
    case 'network_grad':
      return resultOf(differentiateNetwork(job, new ReferenceNetwork(job.network, job.wrt, ops, stop)));
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
