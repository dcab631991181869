import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of a minute and more, which nothing should wait for at the end; vitest goes by their size, as long as it has not seen them run. */
const long = /\/test\/(?:compute\/tensorflow|packaging|page|process)\//;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(({ moduleId }) => long.test(moduleId)), ...sorted.filter(({ moduleId }) => !long.test(moduleId))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/equal-arrays.ts'],
    globalSetup: ['test/compute/support/tensorflow-global.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    // A busy machine takes seconds to warm a back-end up.
    expect: { poll: { timeout: 20_000 } },
    // A fifth of the time would go into loading the same modules for every file; what has state is made by each test for itself.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // vitest leaves a core free, which of two is half; and tests of processes and of slow clients mostly wait.
    maxWorkers: availableParallelism() + 2,
  },
});
