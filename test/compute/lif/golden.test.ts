import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { Loss, Quantity } from '../../../src/compute/jobs.ts';
import { fromRequest, golden } from '../support/golden.ts';
import { job, lifProblem, perNeuron, perStep } from '../support/lif-problem.ts';

const backend = new ReferenceBackend();
const { cases } = golden('lif.json');

function quantity(values: readonly number[] | readonly (readonly number[])[]): Quantity {
  return typeof values[0] === 'number' ? perNeuron(values as readonly number[]) : perStep(values as readonly (readonly number[])[]);
}

/** Equal to 1e-12 of the largest of the numbers. */
function expectEqual(actual: unknown, expected: readonly number[] | readonly (readonly number[])[]): void {
  const numbers = (expected as readonly (number | readonly number[])[]).flat();
  const tolerance = 1e-12 * Math.max(...numbers.map(Math.abs));
  const computed = [...(actual as Float64Array)];
  expect(computed).toHaveLength(numbers.length);
  computed.forEach((value, i) => {
    expect(Math.abs(value - numbers[i]!), `element ${i}`).toBeLessThanOrEqual(tolerance);
  });
}

describe("braintools' gradients through a LIF neuron", () => {
  const named = cases.map((golden, i) => {
    const { surrogate, neuron, detach_reset } = golden.request;
    return { name: `${i}: ${JSON.stringify(surrogate)} ${neuron.reset}${detach_reset ? ' detached' : ''}`, golden };
  });

  it.each(named)('$name', ({ golden: expected }) => {
    const { steps, dt, neuron, detach_reset, surrogate, current, loss } = expected.request;
    const neurons = current.length;
    // The golden gradients are neuron by neuron, also of what the request gives as one number.
    const problem = lifProblem({
      neurons,
      steps,
      dt,
      current: quantity(current),
      tau: perNeuron(new Array<number>(neurons).fill(neuron.tau)),
      v_threshold: perNeuron(new Array<number>(neurons).fill(neuron.v_threshold)),
      v_reset: job(neuron.v_reset),
      reset: neuron.reset,
      detachReset: detach_reset,
    });
    const cotangents: Loss = loss ? { type: 'cotangent', spikes: perStep(loss.spikes), v: perStep(loss.v) } : { type: 'spike_count' };

    const [gradients] = backend.run({
      kind: 'lif_grad',
      problem,
      surrogates: [fromRequest(surrogate)],
      loss: cotangents,
      wrt: ['current', 'tau', 'v_threshold'],
    }).result;
    const simulated = backend.run({ kind: 'lif_simulate', problem, record: new Set(['spike_counts', 'spike_times', 'v_final']) }).result;

    expect([...gradients!.spike_counts]).toEqual(expected.spike_counts);
    expectEqual(gradients!.grad.current, expected.grad.current);
    expectEqual(gradients!.grad.tau, expected.grad.tau);
    expectEqual(gradients!.grad.v_threshold, expected.grad.v_threshold);
    expect([...simulated.spike_counts!]).toEqual(expected.spike_counts);
    expectEqual(simulated.v_final, expected.v_final);
    const { steps: spikeSteps, offsets } = simulated.spike_steps!;
    expected.spike_steps.forEach((fired, b) => {
      expect([...spikeSteps.subarray(offsets[b], offsets[b + 1])]).toEqual(fired);
    });
  });
});
