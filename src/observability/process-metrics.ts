import { constants, monitorEventLoopDelay, performance, PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';

import { Gauge, Histogram, type Aggregator, type Registry } from 'prom-client';

import { scrapedMetrics } from './prometheus.ts';

const gcKinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/**
 * Adds metrics of the process, its memory and its event loop, by the names that other programs on Node use. Not prom-client's
 * `collectDefaultMetrics`: it cannot be stopped, counts one garbage collection of each batch, prints NaN after an empty interval, and reads
 * file descriptors and handles, which takes longer than all the rest of a scrape.
 *
 * @returns a function that stops observing.
 */
export function addProcessMetrics(registry: Registry): () => void {
  const heap = (key: 'heapTotal' | 'heapUsed' | 'external') => () => process.memoryUsage()[key];
  const cpu = (...keys: ('user' | 'system')[]) => {
    return () => {
      const usage = process.cpuUsage();
      return keys.reduce((micros, key) => micros + usage[key], 0) / 1e6;
    };
  };
  const add = scrapedMetrics(registry);
  add('process_cpu_user_seconds_total', 'Processor time of the process outside the kernel.', cpu('user'), { type: 'counter' });
  add('process_cpu_system_seconds_total', 'Processor time of the process in the kernel.', cpu('system'), { type: 'counter' });
  add('process_cpu_seconds_total', 'Processor time of the process.', cpu('user', 'system'), { type: 'counter' });
  add('process_start_time_seconds', 'When the process was started, in seconds since 1970.', () => performance.timeOrigin / 1000, {
    aggregator: 'max',
  });
  add('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  add('nodejs_heap_size_total_bytes', "JavaScript's heap in the main thread.", heap('heapTotal'));
  add('nodejs_heap_size_used_bytes', 'What of it is in use.', heap('heapUsed'));
  add('nodejs_external_memory_bytes', 'Memory outside the heap that its objects hold, such as buffers.', heap('external'));
  add('nodejs_version_info', 'The version of Node; always 1.', () => [[{ version: process.version }, 1]], {
    labelNames: ['version'],
    aggregator: 'max',
  });
  const stops = [addEventLoopMetrics(registry), addGarbageCollections(registry)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** How late and how busy the event loop was since the last scrape. */
function addEventLoopMetrics(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let lastUse = performance.eventLoopUtilization();
  // The registry collects in order of registration: the first gauge reads the interval for those below, and starts the next one.
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of the time since the last scrape in which the event loop was busy, from 0 to 1.',
    aggregator: 'max',
    registers: [registry],
    collect() {
      const use = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(use, lastUse).utilization);
      lastUse = use;
      // Without any delays there are no percentiles either.
      for (const [gauge, read] of lags) gauge.set(delay.count === 0 ? 0 : read() / 1e9);
      delay.reset();
    },
  });
  const lag = (statistic: string, meaning: string, aggregator: Aggregator, read: () => number) => {
    const help = `${meaning} since the last scrape; about 10 ms of it are the timer's own.`;
    return [new Gauge({ name: `nodejs_eventloop_lag_${statistic}_seconds`, help, aggregator, registers: [registry] }), read] as const;
  };
  const lags = [
    lag('min', 'Least delay of the event loop', 'min', () => delay.min),
    lag('max', 'Greatest delay of the event loop', 'max', () => delay.max),
    lag('p50', 'Median delay of the event loop', 'max', () => delay.percentile(50)),
    lag('p90', "90th percentile of the event loop's delay", 'max', () => delay.percentile(90)),
    lag('p99', "99th percentile of the event loop's delay", 'max', () => delay.percentile(99)),
  ];
  return () => delay.disable();
}

function addGarbageCollections(registry: Registry): () => void {
  const durations = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collections.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    // @types/node does not declare the detail.
    for (const { detail, duration } of list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[])
      durations.observe({ kind: gcKinds[detail.kind] ?? 'other' }, duration / 1000);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    observer.disconnect();
  };
}
