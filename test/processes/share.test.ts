import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { shareOf } from '../../src/processes/share.ts';

it('what the service may use is divided, and what a request may is not', () => {
  const config = loadConfig({
    PROCESSES: '4',
    COMPUTE_THREADS: '10',
    MAX_MEMORY_BYTES: '8000002',
    MAX_CONNECTIONS: '10',
    MAX_QUEUE_MS: '700',
  });
  const share = shareOf(config);
  expect(share).toMatchObject({
    connections: 2,
    compute: { threads: 3, memoryBytes: 2e6, maxQueueWaitMs: 700 },
    limits: config.limits,
    guard: config.guard,
  });
});

it('nothing that is wanted becomes nothing, and no limit none', () => {
  expect(shareOf(loadConfig({ PROCESSES: '8', COMPUTE_THREADS: '1', MAX_CONNECTIONS: '3' }))).toMatchObject({
    connections: 1,
    compute: { threads: 1 },
  });
  expect(shareOf(loadConfig({ PROCESSES: '8', MAX_CONNECTIONS: '0' })).connections).toBe(0);
});

it('a large job has two processors at least, where there are two', () => {
  expect(shareOf(loadConfig({ PROCESSES: '8', COMPUTE_THREADS: '8' })).compute.threads).toBe(2);
});

it('several processes compute without TensorFlow', () => {
  const backendOf = (backend: string) => shareOf(loadConfig({ PROCESSES: '2', COMPUTE_BACKEND: backend })).compute.backend;
  expect(['auto', 'wasm', 'reference'].map(backendOf)).toEqual(['wasm', 'wasm', 'reference']);
});
