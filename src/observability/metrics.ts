import type { Engine } from '../compute/engine/engine.ts';
import type { Job } from '../compute/jobs.ts';
import { version } from '../version.ts';
import { addBackendMetrics } from './backend-metrics.ts';
import { Histogram, Reading, type Distribution } from './instruments.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { QueueMetrics, type Rejection } from './queue-metrics.ts';
import { Registry } from './registry.ts';

/** What a compute request spent its time on, in milliseconds. */
export interface Stages {
  readonly decode: number;
  readonly queue: number;
  readonly compute: number;
  readonly encode: number;
}

export const stageNames = ['decode', 'queue', 'compute', 'encode'] as const satisfies readonly (keyof Stages)[];
const secondsFrom10us = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Of the methods of routes; whatever else a client makes up is one label. */
const methods = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

type Observers = Readonly<Record<keyof Stages | 'elements', Distribution>>;

/** The service's Prometheus metrics. Every server has its own, so that tests can run several in one process. */
export class Metrics {
  readonly registry = new Registry();

  readonly #http = this.registry.add(
    new Histogram({
      name: 'http_request_duration_seconds',
      help: "Time from a request's headers to the end of its answer.",
      labelNames: ['route', 'method', 'status'],
      buckets: secondsFrom10us,
    }),
  );

  readonly #elements = this.registry.add(
    new Histogram({
      name: 'surrogate_request_elements',
      help: 'Neuron-steps, or elements of x, times surrogates, of a compute request.',
      labelNames: ['op'],
      buckets: [1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10],
    }),
  );

  readonly #stages = this.registry.add(
    new Histogram({
      name: 'surrogate_stage_duration_seconds',
      help: 'Time that a compute request spends in each stage.',
      labelNames: ['op', 'stage', 'backend'],
      buckets: [1e-6, 2.5e-6, 5e-6, ...secondsFrom10us],
    }),
  );

  readonly #failures = this.registry.add(
    new Histogram({
      name: 'surrogate_failure_duration_seconds',
      help: "Time from a compute request's headers to the end of an answer that is an error.",
      labelNames: ['op'],
      buckets: [1e-3, 0.01, 0.1, 1, 10],
    }),
  );

  readonly #lastAnswers = new Map<Job['kind'], number>();
  readonly #last = this.registry.add(
    new Reading({
      name: 'surrogate_last_answer_timestamp_seconds',
      help: 'When a compute request was last answered, in seconds since 1970.',
      joining: 'max',
      labelNames: ['op'],
      read: () => Array.from(this.#lastAnswers, ([op, ms]) => [{ op }, ms / 1000] as const),
    }),
  );

  readonly #queue: QueueMetrics;
  readonly #observers = new Map<Job['kind'], Map<string, Observers>>();
  readonly #end: () => void;

  /** @param maxQueueWaitMs how long a job may have to wait. */
  constructor(engine: Engine, maxQueueWaitMs: number) {
    this.#queue = new QueueMetrics(this.registry, engine, maxQueueWaitMs, secondsFrom10us);
    addBackendMetrics(this.registry, engine);
    this.#end = addProcessMetrics(this.registry);
    this.registry.add(
      new Reading({
        name: 'surrogate_build_info',
        help: 'The version of the service; always 1.',
        joining: 'max',
        labelNames: ['version'],
        read: () => [[{ version }, 1]],
      }),
    );
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#http.labels({ route, method: methods.has(method) ? method : 'other', status: String(status) }).observe(seconds);
  }

  computed(op: Job['kind'], backend: string, elements: number, stages: Stages): void {
    const observers = this.#observersOf(op, backend);
    observers.elements.observe(elements);
    if (stages.queue > 0) this.#queue.waited(op, stages.queue / 1000);
    for (const stage of stageNames) observers[stage].observe(stages[stage] / 1000);
    this.#lastAnswers.set(op, Date.now());
  }

  /** A compute request whose body had come was answered with a problem. */
  failed(op: Job['kind'], seconds: number): void {
    this.#failures.labels({ op }).observe(seconds);
  }

  /** What is told of operations in Prometheus' text format, without beginning anew what counts from one scrape to the next. */
  operations(): string {
    return [this.#stages, this.#failures, this.#last].flatMap((instrument) => [...instrument.samples()]).join('');
  }

  /** A request was turned away. Those whose answer is a problem are counted by its code (rejections.ts). */
  rejected(reason: Rejection): void {
    this.#queue.rejected(reason);
  }

  /** Ends what watches the process. */
  close(): void {
    this.#end();
  }

  /** The histograms of one kind of job on one back-end, looked up once. */
  #observersOf(op: Job['kind'], backend: string): Observers {
    let ofOp = this.#observers.get(op);
    if (ofOp === undefined) this.#observers.set(op, (ofOp = new Map<string, Observers>()));
    let observers = ofOp.get(backend);
    if (observers === undefined) {
      const stage = (name: keyof Stages) => this.#stages.labels({ op, stage: name, backend });
      observers = {
        elements: this.#elements.labels({ op }),
        decode: stage('decode'),
        queue: stage('queue'),
        compute: stage('compute'),
        encode: stage('encode'),
      };
      ofOp.set(backend, observers);
    }
    return observers;
  }
}
