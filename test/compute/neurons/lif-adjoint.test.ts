import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { float64Algebra as ops } from '../../../src/compute/float64-algebra.ts';
import { valueAt } from '../../../src/compute/numbers.ts';
import type { LifGradJob, NeuronProblem, Quantity } from '../../../src/compute/jobs.ts';
import { adjointPart, leakFactor, leakSlope, lifAdjoint, lifStep, type LifStructure, type LifTerms } from '../support/lif-oracle.ts';
import { differentiable, lifProblem, perNeuron, perStep, type LifChanges } from '../support/lif-problem.ts';
import { scattered } from '../support/scattered.ts';

const neurons = 4;
const steps = 40;

function rows(low: number, high: number, seed: number): Quantity {
  return perStep(Array.from({ length: neurons }, (_, b) => scattered(steps, low, high, seed + b)));
}

const spread = (low: number, high: number, seed: number) => perNeuron(scattered(neurons, low, high, seed));

function jobWith(changes: LifChanges): LifGradJob {
  const problem = lifProblem({
    neurons,
    steps,
    dt: 1,
    current: rows(0, 4, 1),
    tau: spread(3, 9, 11),
    v_threshold: spread(0.8, 1.3, 12),
    v_reset: spread(-0.2, 0.3, 13),
    v_rest: spread(-0.1, 0.2, 14),
    resistance: spread(0.9, 1.6, 15),
    v_init: spread(-0.4, 0.6, 16),
    ...changes,
  });
  return {
    kind: 'lif_grad',
    problem,
    surrogates: [{ name: 'arctan', parameters: { alpha: 1.3 } }],
    loss: { type: 'cotangent', spikes: rows(-1, 1, 40), v: rows(-1, 1, 50) },
    wrt: differentiable,
  };
}

function at(quantity: Quantity | undefined, b: number, t: number): number {
  if (quantity === undefined) return 0;
  return quantity.per === 'scalar' ? quantity.value : valueAt(quantity.values, quantity.per === 'neuron' ? b : b * steps + t);
}

/** One neuron's gradients by the adjoint written by hand; the leak factor's slope multiplies the sum over steps. */
function oracle({ problem, surrogates, loss }: LifGradJob, b: number): Record<string, number[]> {
  const { parameters, options, dt, current } = problem;
  const of = (name: string) => at(parameters[name], b, 0);
  const structure = { reset: options.reset, inputScaling: options.input_scaling, detachReset: options.detach_reset } as LifStructure;
  const integration = options.integration as 'euler' | 'exponential';
  const terms: LifTerms<number> = {
    leak: leakFactor(dt, of('tau'), integration),
    threshold: of('v_threshold'),
    vReset: of('v_reset'),
    vRest: of('v_rest'),
    resistance: of('resistance'),
  };
  const refractorySteps = of('refractory') / dt;
  const trace: { v: number; vPre: number; spike: boolean; refractory: boolean }[] = [];
  let v = of('v_init');
  let left = 0;
  for (let t = 0; t < steps; t++) {
    const refractory = left > 0;
    const step = lifStep(ops, structure, terms, { v, current: at(current, b, t), refractory });
    trace.push({ v, vPre: step.vPre, spike: step.spike, refractory });
    left = step.spike ? refractorySteps : Math.max(left - 1, 0);
    v = step.v;
  }
  const { grad } = surrogateFunctions(surrogates[0]!);
  const sums: Record<string, number[]> = { current: new Array<number>(steps).fill(0) };
  for (const name in adjointPart) if (name !== 'current') sums[name] = [0];
  const { spikes, v: vBars } = loss as Extract<LifGradJob['loss'], { type: 'cotangent' }>;
  let vBar = 0;
  for (let t = steps - 1; t >= 0; t--) {
    const step = trace[t]!;
    const adjoint = lifAdjoint(ops, structure, terms, {
      ...step,
      vBar: vBar + at(vBars, b, t),
      spikeBar: at(spikes, b, t),
      current: at(current, b, t),
      surrogateGrad: grad(step.vPre - terms.threshold),
    });
    vBar = adjoint.v;
    for (const [name, part] of Object.entries(adjointPart)) {
      if (name === 'current') sums.current![t] = adjoint.current;
      else sums[name]![0]! += adjoint[part];
    }
  }
  sums.tau![0]! *= leakSlope(dt, of('tau'), integration);
  return { ...sums, v_init: [vBar] };
}

/** Without the sign of zeros. */
const plain = (values: ArrayLike<number>) => Array.from(values, (value) => (value === 0 ? 0 : value));

function spikesOf(problem: NeuronProblem): number {
  const { spike_counts } = new ReferenceBackend().run({ kind: 'lif_simulate', problem, record: new Set(['spike_counts']) }).result;
  return spike_counts!.reduce((sum, count) => sum + count, 0);
}

const resets = ['hard', 'soft', 'none'] as const;
const variants = resets.flatMap((reset) =>
  [false, true].flatMap((detachReset) =>
    [true, false].flatMap((inputScaling) =>
      (['euler', 'exponential'] as const).flatMap((integration) =>
        [0, 2].map((refractorySteps) => ({ reset, detachReset, inputScaling, integration, refractorySteps })),
      ),
    ),
  ),
);

describe('the adjoint derived from the LIF step is the one written by hand, to the bit', () => {
  it.each(variants)(
    '$reset reset, detached: $detachReset, input scaling: $inputScaling, $integration, $refractorySteps refractory steps',
    (changes) => {
      const job = jobWith(changes);
      expect(spikesOf(job.problem)).toBeGreaterThan(neurons);
      const [result] = new ReferenceBackend().run(job).result;
      const expected = Array.from({ length: neurons }, (_, b) => oracle(job, b));
      for (const name of differentiable) {
        expect(plain(result!.grad[name] as Float64Array), name).toEqual(plain(expected.flatMap((gradients) => gradients[name]!)));
      }
    },
  );
});
