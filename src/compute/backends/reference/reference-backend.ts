import type { Backend, Computed } from '../../engine/backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { compute } from './compute.ts';

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
