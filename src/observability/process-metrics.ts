import {
  constants,
  monitorEventLoopDelay,
  performance,
  PerformanceObserver,
  type EventLoopUtilization,
  type IntervalHistogram,
  type PerformanceEntry,
} from 'node:perf_hooks';

import { Histogram, Reading, type Joining } from './instruments.ts';
import type { Registry } from './registry.ts';

const gcKinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/**
 * Adds what is told of the process, its memory and its event loop, by the names that other programs on Node have for it. Only what can be
 * had in some microseconds: no file descriptors, handles or heap spaces.
 *
 * @returns a function that ends what was begun for it.
 */
export function addProcessMetrics(registry: Registry): () => void {
  addProcessor(registry);
  addMemory(registry);
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  addEventLoop(registry, lag);
  const collections = observeCollections(registry);
  registry.add(
    new Reading({
      name: 'nodejs_version_info',
      help: 'The version of Node; always 1.',
      joining: 'max',
      labelNames: ['version'],
      read: () => [[{ version: process.version }, 1]],
    }),
  );
  return () => {
    lag.disable();
    collections.disconnect();
  };
}

function addProcessor(registry: Registry): void {
  let usage = process.cpuUsage();
  registry.beforeScrape(() => {
    usage = process.cpuUsage();
  });
  const seconds = (name: string, help: string, micros: () => number) =>
    registry.add(Reading.of({ name, help, type: 'counter', read: () => micros() / 1e6 }));
  seconds('process_cpu_user_seconds_total', 'Processor time of the process outside the kernel.', () => usage.user);
  seconds('process_cpu_system_seconds_total', 'Processor time of the process in the kernel.', () => usage.system);
  seconds('process_cpu_seconds_total', 'Processor time of the process.', () => usage.user + usage.system);
  registry.add(
    Reading.of({
      name: 'process_start_time_seconds',
      help: 'When the process was started, in seconds since 1970.',
      joining: 'max',
      read: () => performance.timeOrigin / 1000,
    }),
  );
}

function addMemory(registry: Registry): void {
  let memory = process.memoryUsage();
  registry.beforeScrape(() => {
    memory = process.memoryUsage();
  });
  const bytes = (name: string, help: string, read: () => number) => registry.add(Reading.of({ name, help, read }));
  bytes('process_resident_memory_bytes', 'Memory of the process that is in RAM.', () => memory.rss);
  bytes('nodejs_heap_size_total_bytes', "JavaScript's heap in the main thread.", () => memory.heapTotal);
  bytes('nodejs_heap_size_used_bytes', 'What of it is in use.', () => memory.heapUsed);
  bytes('nodejs_external_memory_bytes', 'Memory outside the heap that its objects hold, such as buffers.', () => memory.external);
}

/** How late the event loop was since the last scrape. The library's mean and deviation would cost more than all that is told here. */
function addEventLoop(registry: Registry, lag: IntervalHistogram): void {
  let now = { min: 0, max: 0, p50: 0, p90: 0, p99: 0 };
  let lastUse: EventLoopUtilization = performance.eventLoopUtilization();
  let utilization = 0;
  registry.beforeScrape(() => {
    const seconds = (nanoseconds: number) => (lag.count === 0 ? 0 : nanoseconds / 1e9);
    now = {
      min: seconds(lag.min),
      max: seconds(lag.max),
      p50: seconds(lag.percentile(50)),
      p90: seconds(lag.percentile(90)),
      p99: seconds(lag.percentile(99)),
    };
    lag.reset();
    const use = performance.eventLoopUtilization();
    ({ utilization } = performance.eventLoopUtilization(use, lastUse));
    lastUse = use;
  });
  const since = "since the last scrape; about 10 ms of it are the timer's own.";
  const add = (name: string, help: string, read: () => number, joining: Joining = 'max') =>
    registry.add(Reading.of({ name, help, joining, read }));
  add('nodejs_eventloop_lag_min_seconds', `Least delay of the event loop ${since}`, () => now.min, 'min');
  add('nodejs_eventloop_lag_max_seconds', `Greatest delay of the event loop ${since}`, () => now.max);
  add('nodejs_eventloop_lag_p50_seconds', `Median delay of the event loop ${since}`, () => now.p50);
  add('nodejs_eventloop_lag_p90_seconds', `90th percentile of the event loop's delay ${since}`, () => now.p90);
  add('nodejs_eventloop_lag_p99_seconds', `99th percentile of the event loop's delay ${since}`, () => now.p99);
  add(
    'nodejs_eventloop_utilization',
    'Part of the time since the last scrape that the event loop was busy, from 0 to 1.',
    () => utilization,
  );
}

function observeCollections(registry: Registry): PerformanceObserver {
  const durations = registry.add(
    new Histogram({
      name: 'nodejs_gc_duration_seconds',
      help: 'Garbage collections.',
      labelNames: ['kind'],
      buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    }),
  );
  const observer = new PerformanceObserver((list) => {
    // @types/node does not know of the detail.
    for (const { detail, duration } of list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[]) {
      durations.labels({ kind: gcKinds[detail.kind] ?? 'other' }).observe(duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return observer;
}
