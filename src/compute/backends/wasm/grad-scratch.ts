import { differentiable } from '../../jobs.ts';
import type { LifGradKernelSpec } from './lif-spec.ts';

/** Steps whose trace stays in the first-level cache; longer runs go in chunks of as many, from checkpoints. */
export const chunkSteps = 256;

// One for each quantity but v_init, and the loss.
const maxSums = differentiable.length;

/** Where a gradient kernel keeps what outlives a chunk, in bytes from the start of its scratch. */
export class TraceLayout {
  /** One step of the trace for all groups: v_pre, then v before the step and the mask of held neurons where needed. */
  readonly stepBytes: number;
  readonly vOffset: number;
  readonly heldOffset: number;
  /** Spike counts, the gradient of the potential, and the sums over time. */
  readonly counts: number;
  readonly vBar: number;
  readonly sums: number;
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  readonly needsV: boolean;

  constructor(spec: LifGradKernelSpec, groups: number) {
    const vector = 16 * groups;
    this.needsV = spec.wrt.includes('tau');
    this.vOffset = vector;
    this.heldOffset = vector * (this.needsV ? 2 : 1);
    this.stepBytes = this.heldOffset + (spec.refractory ? vector : 0);
    this.counts = chunkSteps * this.stepBytes;
    this.vBar = this.counts + vector;
    this.sums = this.vBar + vector;
    this.checkpoints = this.sums + maxSums * vector;
    this.checkpointBytes = vector * (spec.refractory ? 2 : 1);
  }
}
