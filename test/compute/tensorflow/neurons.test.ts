import { describe, inject } from 'vitest';
import { TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { itRunsEveryModel } from '../contract/neurons.ts';

describe.skipIf(inject('noTensorFlow'))('TensorFlow, operation by operation', () => {
  itRunsEveryModel(() => TensorFlowBackend.create({ xla: false }), true);
});
