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
    // vitest leaves a core free, which of two is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
