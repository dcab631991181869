import type { LifStructure } from '../../lif.ts';
import type { Differentiable, Loss } from '../../jobs.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import type { LaneType } from './lanes.ts';

/** How a quantity reaches the kernel: left out because it is 0 or 1, the same for all neurons, or an array. */
export type TermForm = 'zero' | 'one' | 'job' | 'neuron' | 'step';

export const lifTerms = ['leak', 'threshold', 'vReset', 'vRest', 'resistance', 'vInit', 'current'] as const;
export type LifTerm = (typeof lifTerms)[number];

/** What of a problem shapes a kernel's code. */
export interface LifKernelSpec {
  readonly lanes: LaneType;
  readonly structure: LifStructure;
  readonly terms: Readonly<Record<LifTerm, TermForm>>;
  readonly refractory: boolean;
}

/** What a forward kernel can write. */
export type ForwardOutput = 'spikeCounts' | 'spikeEvents' | 'spikes' | 'v' | 'vPre' | 'vFinal';

/** What of a gradient job shapes a kernel's code. */
export interface LifGradKernelSpec extends LifKernelSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  readonly target: 'job' | 'neuron';
  /** The cotangents given: only for the loss of that name. */
  readonly cotangents: Readonly<Record<'spikeBar' | 'vBarIn', 'zero' | 'job' | 'neuron' | 'step'>>;
  readonly wrt: readonly Differentiable[];
}
