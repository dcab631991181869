import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import { expectAgreement } from '../contract/lif.ts';
import { lifProblem, perNeuron, perStep, scaledSurrogate } from '../support/jobs.ts';
import { differentiable, resetModes } from '../support/lif-problem.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';
import { oneIn } from '../../thorough.ts';

// XLA compiles for seconds what is loaded in a twentieth of one. It gets each two options of the neuron together once, and every twelfth surrogate, or a part of that; lif.test.ts and surrogates.test.ts hold all of them to float64.
describe.skipIf(inject('noTensorFlow'))('TensorFlow with XLA', () => {
  let backend: TensorFlowBackend;
  beforeAll(async () => {
    backend = await TensorFlowBackend.create({ xla: true });
  });
  afterAll(() => backend.close());

  it.each(
    oneIn(
      4,
      [...catalogue.values()].filter((_, i) => i % 12 === 0),
    ),
  )('agrees with float64: $name', async (definition) => {
    await expectAgreement(backend, {
      kind: 'lif_grad',
      problem: lifProblem(16, 60, { tau: perNeuron(16, () => 10), detachReset: true }),
      surrogates: [scaledSurrogate(definition)],
      loss: { type: 'spike_count' },
      wrt: ['current', 'tau'],
    });
  });

  // XLA takes seconds for each.
  const variants = resetModes.map((reset, i) => ({ reset, detachReset: i % 2 === 1, refractorySteps: i % 2 === 0 ? 3 : 0 }));
  it.each(oneIn(2, variants))(
    'agrees with float64: $reset reset, detached $detachReset, $refractorySteps refractory steps',
    async (neuron) => {
      const [neurons, steps] = [21, 64];
      const random = randomNumbers(7);
      const signed = () => 2 * random() - 1;
      await expectAgreement(backend, {
        kind: 'lif_grad',
        problem: lifProblem(neurons, steps, {
          ...neuron,
          dt: 1,
          current: perStep(neurons, steps, () => 4 * random()),
          v_threshold: perNeuron(neurons, (b) => 0.9 + b / 200),
        }),
        surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 } }],
        loss: { type: 'cotangent', spikes: perStep(neurons, steps, signed), v: perStep(neurons, steps, signed) },
        wrt: differentiable,
      });
    },
  );
});
