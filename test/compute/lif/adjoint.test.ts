import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { quantityAt, type LifGradJob, type Loss, type NeuronProblem, type Quantity } from '../../../src/compute/jobs.ts';
import { combinations } from '../support/combinations.ts';
import { dual, dualAlgebra, type Dual } from '../support/dual.ts';
import { afterReset, lifStep, type LifTerms } from '../support/lif-oracle.ts';
import { differentiable, job, lifProblem, perNeuron, perStep, resetModes, type LifChanges } from '../support/lif-problem.ts';

const neurons = 3;
const steps = 24;

/** Numbers without a pattern between two bounds, the same in every run. */
function scattered(count: number, low: number, high: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const fraction = Math.abs(Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453) % 1;
    return low + (high - low) * fraction;
  });
}

const rows = (low: number, high: number, seed: number): Quantity =>
  perStep(Array.from({ length: neurons }, (_, b) => scattered(steps, low, high, seed + b)));

const losses: Readonly<Record<Loss['type'], Loss>> = {
  spike_count: { type: 'spike_count' },
  firing_rate_mse: { type: 'firing_rate_mse', target: perNeuron([100, 150, 10]) },
  cotangent: { type: 'cotangent', spikes: rows(-1, 1, 40), v: rows(-1, 1, 50) },
};

function problemWith(structure: LifChanges): NeuronProblem {
  return lifProblem({
    neurons,
    steps,
    dt: 1,
    current: rows(0, 4, 1),
    tau: perNeuron([4, 6, 9]),
    v_threshold: perNeuron([0.8, 1, 1.3]),
    v_reset: perNeuron([-0.2, 0.1, 0.3]),
    v_rest: perNeuron([0.1, -0.1, 0.2]),
    resistance: perNeuron([1.5, 0.9, 1.1]),
    v_init: perNeuron([0.3, -0.4, 0.6]),
    ...structure,
  });
}

const at = (quantity: Quantity, b: number, t: number): number => quantityAt(quantity, b, t, steps);

/**
 * Derivative of neuron b's loss with respect to one quantity (at one step, for the current), by forward-mode differentiation of the
 * forward step: no part of the backward pass takes part in it.
 */
function forwardDerivative(
  { surrogates, loss }: LifGradJob,
  neuron: LifChanges,
  [b, wrt, step]: readonly [number, string, number],
): number {
  const problem = problemWith(neuron);
  const { reset = 'hard', inputScaling = true, detachReset = false, refractorySteps = 0, integration } = neuron;
  const ops = dualAlgebra(surrogateFunctions(surrogates[0]!).grad);
  const seeded = (name: string, t: number): Dual =>
    dual(
      at(name === 'current' ? problem.current : problem.parameters[name]!, b, t),
      name === wrt && (name !== 'current' || t === step) ? 1 : 0,
    );

  const perStepOfTau = ops.div(ops.constant(problem.dt), seeded('tau', 0));
  const terms: LifTerms<Dual> = {
    leak: integration !== 'exponential' ? perStepOfTau : ops.sub(ops.constant(1), ops.exp(ops.neg(perStepOfTau))),
    threshold: seeded('v_threshold', 0),
    vReset: seeded('v_reset', 0),
    vRest: seeded('v_rest', 0),
    resistance: seeded('resistance', 0),
  };
  const structure = { reset, inputScaling, detachReset };

  let v = seeded('v_init', 0);
  let heldSteps = 0;
  let count = dual(0);
  let weighted = dual(0);
  for (let t = 0; t < steps; t++) {
    const held = { on: heldSteps > 0, tangent: 0 };
    const { vPre, spike, v: after } = lifStep(ops, structure, terms, { v, current: seeded('current', t), refractory: held });
    v = detachReset ? afterReset(ops, reset, terms, vPre, { ...spike, tangent: 0 }) : after;
    heldSteps = spike.on ? refractorySteps : Math.max(heldSteps - 1, 0);
    const s = dual(Number(spike.on), spike.tangent);
    count = ops.add(count, s);
    if (loss.type !== 'cotangent') continue;
    weighted = ops.add(weighted, ops.mul(dual(at(loss.spikes!, b, t)), s));
    weighted = ops.add(weighted, ops.mul(dual(at(loss.v!, b, t)), v));
  }
  if (loss.type === 'cotangent') return weighted.tangent;
  if (loss.type === 'spike_count') return count.tangent;
  const error = ops.sub(ops.mul(count, dual(1000 / (steps * problem.dt))), dual(at(loss.target, b, 0)));
  return ops.mul(error, error).tangent;
}

const backend = new ReferenceBackend();

function jobWith(structure: LifChanges, rest: Partial<LifGradJob> = {}): LifGradJob {
  return {
    kind: 'lif_grad',
    problem: problemWith(structure),
    surrogates: [{ name: 'arctan', parameters: { alpha: 1.3 } }],
    loss: losses.spike_count,
    wrt: differentiable,
    ...rest,
  };
}

const variants = combinations({
  reset: resetModes,
  detachReset: [false, true],
  integration: ['euler', 'exponential'],
  inputScaling: [true, false],
  refractorySteps: [0, 2],
  loss: ['spike_count', 'firing_rate_mse', 'cotangent'],
});

describe('the backward pass equals forward-mode differentiation', () => {
  it.each(variants)(
    '$reset reset, $integration, input scaling $inputScaling, $refractorySteps refractory steps, detached: $detachReset, $loss',
    ({ loss, ...structure }) => {
      const gradJob = jobWith(structure, { loss: losses[loss] });
      const [result] = backend.run(gradJob).result;
      expect(Math.max(...result!.spike_counts)).toBeGreaterThan(1);

      for (const wrt of differentiable) {
        const grad = result!.grad[wrt] as Float64Array;
        const perNeuronSteps = wrt === 'current' ? steps : 1;
        const expected = Array.from({ length: neurons * perNeuronSteps }, (_, i) =>
          forwardDerivative(gradJob, structure, [Math.floor(i / perNeuronSteps), wrt, i % perNeuronSteps]),
        );
        const tolerance = 1e-12 * Math.max(1e-300, ...expected.map(Math.abs));
        expect(grad).toHaveLength(expected.length);
        grad.forEach((g, i) => {
          expect(Math.abs(g - expected[i]!), `${wrt}[${i}]`).toBeLessThanOrEqual(tolerance);
        });
      }
    },
  );
});

describe('the form of a gradient', () => {
  it("is its quantity's, a number's being the sum over neurons", () => {
    const shared = { tau: job(5), v_threshold: job(1), current: job(2), resistance: job(1.1) };
    const spread = {
      tau: perNeuron([5, 5, 5]),
      v_threshold: perNeuron([1, 1, 1]),
      current: perNeuron([2, 2, 2]),
      resistance: perNeuron([1.1, 1.1, 1.1]),
    };
    const [numbers] = backend.run(jobWith(shared)).result;
    const [arrays] = backend.run(jobWith(spread)).result;
    for (const name of ['tau', 'v_threshold', 'current', 'resistance'] as const) {
      const sum = (arrays!.grad[name] as Float64Array).reduce((total, g) => total + g, 0);
      expect(numbers!.grad[name]).toBeCloseTo(sum, 10);
    }
    expect(numbers!.grad.v_init).toHaveLength(neurons);
  });

  it('has only what is asked for', () => {
    const [result] = backend.run(jobWith({}, { wrt: ['v_init'] })).result;
    expect(Object.keys(result!.grad)).toEqual(['v_init']);
  });

  it('comes once for every surrogate', () => {
    const surrogates = [
      { name: 'sigmoid', parameters: { alpha: 4 } },
      { name: 'erf', parameters: { alpha: 1 } },
    ];
    const both = backend.run(jobWith({}, { surrogates })).result;
    const each = surrogates.map((surrogate) => backend.run(jobWith({}, { surrogates: [surrogate] })).result[0]);
    expect(both).toEqual(each);
    expect(both[0]!.loss).not.toBe(both[1]!.loss);
  });
});

describe('the loss', () => {
  const [counts] = backend.run(jobWith({})).result;

  it('of the spike count is the count', () => {
    expect([...counts!.loss]).toEqual([...counts!.spike_counts]);
  });

  it('of the firing rate is the squared distance to the target', () => {
    const [result] = backend.run(jobWith({}, { loss: losses.firing_rate_mse })).result;
    [100, 150, 10].forEach((target, b) => {
      expect(result!.loss[b]).toBeCloseTo(((counts!.spike_counts[b]! / steps) * 1000 - target) ** 2, 8);
    });
  });

  it('of cotangents is their inner product with spikes and potentials', () => {
    const problem = problemWith({});
    const [result] = backend.run(jobWith({}, { loss: losses.cotangent })).result;
    const { spikes, v } = backend.run({ kind: 'lif_simulate', problem, record: new Set(['spikes', 'v']) }).result.series;
    const { spikes: spikeBar, v: vBar } = losses.cotangent as Extract<Loss, { type: 'cotangent' }>;
    for (let b = 0; b < neurons; b++) {
      let expected = 0;
      for (let t = 0; t < steps; t++) {
        expected += at(spikeBar!, b, t) * spikes![b * steps + t]! + at(vBar!, b, t) * v![b * steps + t]!;
      }
      expect(result!.loss[b]).toBeCloseTo(expected, 12);
    }
  });

  it('without cotangents is 0, and so is its gradient', () => {
    const [result] = backend.run(jobWith({}, { loss: { type: 'cotangent' } })).result;
    expect([...result!.loss]).toEqual([0, 0, 0]);
    expect(Math.max(...(result!.grad.current as Float64Array).map(Math.abs))).toBe(0);
  });
});
