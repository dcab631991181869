import type { LifGradJob, NeuronProblem, LifSimulateJob, SurrogateEvalJob, SurrogateGradJob } from '../src/compute/jobs.ts';
import { standardProblem, standardSurrogate } from '../src/compute/standard-jobs.ts';
import { surrogateDefinition } from '../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../src/compute/surrogates/definition.ts';

/** `count` numbers from `low` to `high` that float32 holds exactly, so that float64 code starts from the same ones. */
export function ramp(low: number, high: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.fround(low + ((high - low) * i) / Math.max(1, count - 1)));
}

/** From neurons that stay silent to ones that fire every 5 ms. */
export function currents(neurons: number): Float64Array {
  return ramp(0.5, 2.5, neurons);
}

export function defaultSurrogate(name: string): Surrogate {
  return standardSurrogate(surrogateDefinition(name));
}

/** The contract's default neurons, each with a constant current of its own. */
function problem(neurons: number, steps: number): NeuronProblem {
  return { ...standardProblem(neurons, steps), current: { per: 'neuron', values: currents(neurons) } };
}

export function forwardJob(neurons: number, steps: number): LifSimulateJob {
  return { kind: 'lif_simulate', problem: problem(neurons, steps), record: new Set(['spike_counts']) };
}

export function gradJob(neurons: number, steps: number, surrogates: readonly Surrogate[]): LifGradJob {
  return { kind: 'lif_grad', problem: problem(neurons, steps), surrogates, loss: { type: 'spike_count' }, wrt: ['current'] };
}

/** Over the potentials' distances from the threshold that a run meets. */
export function surrogateJob(values: number, surrogates: readonly Surrogate[]): SurrogateGradJob {
  return { kind: 'surrogate_grad', x: ramp(-2, 2, values), surrogates, cotangent: 1 };
}

export function evalJob(values: number, surrogates: readonly Surrogate[]): SurrogateEvalJob {
  return { kind: 'surrogate_eval', x: ramp(-2, 2, values), surrogates, outputs: { spike: true, value: true } };
}
