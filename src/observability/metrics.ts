import type { Socket } from 'node:net';

import { Counter, Gauge, Registry } from 'prom-client';

import type { Engine } from '../compute/engine/engine.ts';
import type { Job } from '../compute/jobs.ts';
import { noteCodes, type NoteCode } from '../responses/note-types.ts';
import { version } from '../version.ts';
import { addEngineMetrics } from './engine-metrics.ts';
import { FastHistogram } from './fast-histogram.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { readAtScrape, textOf, type MetricsSnapshot } from './prometheus.ts';

/** What a compute request spent its time on, in milliseconds. */
export interface Stages {
  readonly decode: number;
  readonly queue: number;
  readonly compute: number;
  readonly encode: number;
}
export const stageNames = ['decode', 'queue', 'compute', 'encode'] as const satisfies readonly (keyof Stages)[];

/** Why a request was not computed, or its response not waited for. */
const rejections = ['queue_full', 'deadline', 'cancelled', 'memory', 'too_large', 'shutting_down'] as const;
export type Rejection = (typeof rejections)[number];

const secondsFrom10us = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** The methods of routes; any other method has the label `other`, so that clients cannot add labels. */
const methods = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/** The service's Prometheus metrics. Every server has its own, so that tests can run several in one process. */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];

  readonly #requests = new FastHistogram({
    name: 'http_request_duration_seconds',
    help: "Time from a request's headers to the end of its answer.",
    labelNames: ['route', 'method', 'status'],
    buckets: secondsFrom10us,
    registers: this.#registers,
  });
  readonly #elements = new FastHistogram({
    name: 'surrogate_request_elements',
    help: 'Work of a compute request: neuron-steps, or elements of x, times surrogates.',
    labelNames: ['op'],
    buckets: [1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10],
    registers: this.#registers,
  });
  readonly #stages = new FastHistogram({
    name: 'surrogate_stage_duration_seconds',
    help: 'Time that a compute request spends in each stage.',
    labelNames: ['op', 'stage', 'backend'],
    buckets: [1e-6, 2.5e-6, 5e-6, ...secondsFrom10us],
    registers: this.#registers,
  });
  readonly #failures = new FastHistogram({
    name: 'surrogate_failure_duration_seconds',
    help: "Time from a compute request's headers to the end of an answer that is an error.",
    labelNames: ['op'],
    buckets: [1e-3, 0.01, 0.1, 1, 10],
    registers: this.#registers,
  });
  readonly #queueDelay = new FastHistogram({
    name: 'surrogate_queue_delay_seconds',
    help: 'Time that a job waits for its back-end.',
    labelNames: ['op'],
    buckets: secondsFrom10us,
    registers: this.#registers,
  });
  readonly #rejected = new Counter({
    name: 'surrogate_rejected_total',
    help: 'Requests that were rejected, or whose client disconnected before it had the answer.',
    labelNames: ['reason'],
    registers: this.#registers,
  });

  readonly #notes = new Counter({
    name: 'surrogate_notes_total',
    help: 'Notes in answers: what was computed as asked, but is surely not meant.',
    labelNames: ['code'],
    registers: this.#registers,
  });

  /** In milliseconds since 1970. */
  readonly #lastAnswers = new Map<Job['kind'], number>();
  readonly #openSockets = new Set<Socket>();
  readonly #closedTraffic = { bytesRead: 0, bytesWritten: 0 };
  readonly #stopProcessMetrics: () => void;

  /** @param maxQueueWaitMs how long a job may have to wait. */
  constructor(engine: Engine, maxQueueWaitMs: number, requestsInFlight: () => number) {
    const registers = this.#registers;
    const lastAnswers = this.#lastAnswers;
    new Gauge({
      name: 'surrogate_last_answer_timestamp_seconds',
      help: 'When a compute request was last answered, in seconds since 1970.',
      aggregator: 'max',
      labelNames: ['op'],
      registers,
      collect() {
        for (const [op, ms] of lastAnswers) this.set({ op }, ms / 1000);
      },
    });
    // Prometheus cannot compute an increase from a series' first sample.
    for (const reason of rejections) this.#rejected.inc({ reason }, 0);
    for (const code of noteCodes) this.#notes.inc({ code }, 0);
    readAtScrape(this.registry, [
      ['counter', 'http_received_bytes_total', 'Bytes received over HTTP, including headers.', () => this.#traffic('bytesRead')],
      ['counter', 'http_sent_bytes_total', 'Bytes sent over HTTP, including headers.', () => this.#traffic('bytesWritten')],
      ['gauge', 'http_connections', 'Open connections that have carried a request.', () => this.#openSockets.size],
      ['gauge', 'http_requests_in_flight', 'Requests whose answer has not been sent yet, including the scrape.', requestsInFlight],
    ]);
    addEngineMetrics(this.registry, engine, maxQueueWaitMs);
    this.#stopProcessMetrics = addProcessMetrics(this.registry);
    new Gauge({
      name: 'surrogate_build_info',
      help: 'The version of the service; always 1.',
      aggregator: 'max',
      labelNames: ['version'],
      registers,
    }).set({ version }, 1);
  }

  /** Counts a request that has ended. */
  request(route: string, method: string, status: number, seconds: number): void {
    this.#requests.series({ route, method: methods.has(method) ? method : 'other', status: String(status) }).observe(seconds);
  }

  /** Counts a job whose response is encoded. */
  computed(op: Job['kind'], backend: string, elements: number, stages: Stages): void {
    this.#elements.series({ op }).observe(elements);
    if (stages.queue > 0) this.#queueDelay.series({ op }).observe(stages.queue / 1000);
    for (const stage of stageNames) this.#stages.series({ op, stage, backend }).observe(stages[stage] / 1000);
    this.#lastAnswers.set(op, Date.now());
  }

  /** Counts a compute request whose body had arrived and whose response was a problem. */
  failed(op: Job['kind'], seconds: number): void {
    this.#failures.series({ op }).observe(seconds);
  }

  rejected(reason: Rejection): void {
    this.#rejected.inc({ reason });
  }

  /** Counts a note of an answer. */
  noted(code: NoteCode): void {
    this.#notes.inc({ code });
  }

  /** Counts a connection's bytes from now on; calling it again for the same connection changes nothing. */
  connection(socket: Socket): void {
    if (this.#openSockets.has(socket) || socket.destroyed) return;
    this.#openSockets.add(socket);
    socket.once('close', () => {
      this.#openSockets.delete(socket);
      this.#closedTraffic.bytesRead += socket.bytesRead;
      this.#closedTraffic.bytesWritten += socket.bytesWritten;
    });
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    return textOf(this.registry);
  }

  /** All metrics as plain data. */
  snapshot(): Promise<MetricsSnapshot> {
    return this.registry.getMetricsAsJSON();
  }

  /** The metrics of operations in Prometheus' text format. Reading them starts no new interval of the event loop's metrics. */
  async operationsText(): Promise<string> {
    const names = ['surrogate_stage_duration_seconds', 'surrogate_failure_duration_seconds', 'surrogate_last_answer_timestamp_seconds'];
    return (await Promise.all(names.map((name) => this.registry.getSingleMetricAsString(name)))).join('\n');
  }

  /** Stops observing the process. */
  close(): void {
    this.#stopProcessMetrics();
  }

  /** Bytes over all connections, open or closed. */
  #traffic(key: 'bytesRead' | 'bytesWritten'): number {
    let bytes = this.#closedTraffic[key];
    for (const socket of this.#openSockets) bytes += socket[key];
    return bytes;
  }
}
