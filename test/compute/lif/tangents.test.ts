import { expect, it } from 'vitest';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { materialize } from '../../../src/compute/numbers.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { Loss, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { combinations } from '../support/combinations.ts';
import { lifProblem, perNeuron, perStep, resultOf, same } from '../support/jobs.ts';
import { differentiable } from '../support/lif-problem.ts';

const reference = new ReferenceBackend();
const random = randomNumbers(3);
const signed = () => 2 * random() - 1;
const [neurons, steps] = [5, 40];

const losses: Readonly<Record<string, Loss>> = {
  spike_count: { type: 'spike_count' },
  firing_rate_mse: { type: 'firing_rate_mse', target: perNeuron(neurons, (b) => 10 * b) },
  cotangent: {
    type: 'cotangent',
    spikes: perStep(neurons, steps, signed),
    v: perStep(neurons, steps, signed),
    v_pre: perNeuron(neurons, signed),
    state: { v: perNeuron(neurons, signed) },
  },
};

it.each(
  combinations({
    reset: ['hard', 'soft', 'none'],
    detachReset: [false, true],
    integration: ['euler', 'exponential'],
    refractorySteps: [0, 3],
    loss: Object.keys(losses),
    per: ['scalar', 'neuron'],
  }),
)(
  'tangents of the loss are its gradient times those of the parameters: $reset, $detachReset, $integration, $refractorySteps, $loss, $per',
  async ({ loss: name, per, ...neuron }) => {
    const loss = losses[name]!;
    const given = (value: number): NeuronQuantity => (per === 'scalar' ? same(value) : perNeuron(neurons, (b) => value + b / 50));
    const problem = lifProblem(neurons, steps, {
      dt: 1,
      current: perStep(neurons, steps, () => 4 * random()),
      tau: given(8),
      v_threshold: given(0.9),
      v_reset: given(-0.1),
      v_rest: given(0.05),
      resistance: given(1.2),
      v_init: given(0.1),
      ...neuron,
    });
    const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];
    const wrt = [...differentiable, 'surrogate.alpha'];
    const tangents: Record<string, Quantity> = { current: perStep(neurons, steps, signed), 'surrogate.alpha': same(signed()) };
    for (const quantity of Object.keys(problem.parameters))
      if (wrt.includes(quantity)) tangents[quantity] = per === 'scalar' ? same(signed()) : perNeuron(neurons, signed);
    const [forward] = await resultOf(reference, { kind: 'lif_jvp', problem, surrogates, loss, tangents });
    const [reverse] = await resultOf(reference, { kind: 'lif_grad', problem, surrogates, loss, wrt });
    let expected = 0;
    for (const [quantity, tangent] of Object.entries(tangents)) {
      const gradient = reverse!.grad[quantity]!;
      if (tangent.per === 'scalar') expected += (gradient as number) * tangent.value;
      else materialize(tangent.values).forEach((value, i) => (expected += value * (gradient as Float64Array)[i]!));
    }
    const actual = Array.from(forward!.loss).reduce((sum, one) => sum + one, 0);
    expect(Math.abs(actual - expected)).toBeLessThan(1e-10 * Math.max(1, Math.abs(expected)));
    expect(actual).not.toBe(0);
  },
);
