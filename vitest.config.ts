import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/compute/support/tensorflow-global.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine takes seconds to warm a back-end up.
    expect: { poll: { timeout: 20_000 } },
    // A fifth of the time would go into loading the same modules for every file; what has state is made by each test for itself.
    isolate: false,
    // vitest leaves a core free, which of two is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
