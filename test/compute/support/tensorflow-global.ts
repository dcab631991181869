import type { TestProject } from 'vitest/node';

import { BackendUnavailableError } from '../../../src/compute/engine/errors.ts';
import { TensorFlowThread } from '../../../src/compute/backends/tensorflow/tensorflow-thread.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why TensorFlow cannot be used here, or nothing when it can. */
    noTensorFlow: string;
  }
}

/** Finds out once for all test files whether TensorFlow is there, and says so where it is not. */
export default async function setup(project: TestProject): Promise<void> {
  let reason = '';
  try {
    const thread = await TensorFlowThread.start();
    await thread.stop();
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    reason = error.message;
    console.log(`SKIPPED: the tests on TensorFlow, because ${reason}`);
  }
  project.provide('noTensorFlow', reason);
}
