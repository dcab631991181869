import type { Config } from '../config/config.ts';

/** A large job alone would leave processors idle with less, and many at once lose little by more threads than processors. */
const minThreads = 2;

/**
 * What one of several processes may use. What is configured for the service is divided, so that all together keep to it. How long a job may
 * wait, and what one request may ask for, is what it was.
 */
export function shareOf(config: Config): Config {
  const { processes, compute, connections } = config;
  return {
    ...config,
    // 0 stands for no limit.
    connections: connections === 0 ? 0 : Math.max(1, Math.floor(connections / processes)),
    compute: {
      ...compute,
      // A library and a device's memory for each process would be more than there is.
      backend: compute.backend === 'auto' ? 'wasm' : compute.backend,
      threads: Math.max(Math.ceil(compute.threads / processes), Math.min(minThreads, compute.threads)),
      memoryBytes: Math.floor(compute.memoryBytes / processes),
    },
  };
}
