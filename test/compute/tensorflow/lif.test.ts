import { describe, inject } from 'vitest';
import { TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { itRunsNeurons } from '../contract/lif.ts';

describe.skipIf(inject('noTensorFlow'))('TensorFlow, operation by operation', () => {
  itRunsNeurons(() => TensorFlowBackend.create({ xla: false }), 1 / 2);
});
