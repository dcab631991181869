import { describe, inject } from 'vitest';
import { TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { isThorough } from '../../thorough.ts';
import { itComputesSurrogates } from '../contract/surrogates.ts';

describe.skipIf(inject('noTensorFlow'))('TensorFlow', () => {
  itComputesSurrogates(
    () => TensorFlowBackend.create(),
    isThorough ? { agree: [1, 3.7], finite: [1e-6, 1e9] } : { agree: [3.7], finite: [1e-6] },
    true,
  );
});
