import type { Config } from '../config.ts';

/**
 * What one of several processes may use. What is configured for the service is divided, so that all together keep to it; of processors and
 * connections each has at least one. A wait is no shorter with others beside it, and what one request may ask for is what it was.
 */
export function shareOf(config: Config): Config {
  const { processes, compute, connections } = config;
  return {
    ...config,
    connections: Math.ceil(connections / processes),
    compute: {
      ...compute,
      // A library and a device's memory for each process would be more than there is.
      backend: compute.backend === 'auto' ? 'wasm' : compute.backend,
      threads: Math.ceil(compute.threads / processes),
      memoryBytes: Math.floor(compute.memoryBytes / processes),
    },
  };
}
