import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Counter, prometheusContentType, Registry } from 'prom-client';

import type { Engine } from '../compute/engine/engine.ts';
import type { Job } from '../compute/jobs.ts';
import type { ProblemCode } from '../errors/problems.ts';
import { HttpServer, type Traffic } from '../plugins/http-server.ts';
import { reportedStatus } from '../plugins/request-lifetime.ts';
import { noteCodes, type NoteCode } from '../schemas/note-types.ts';
import { version } from '../version.ts';
import { addEngineMetrics } from './engine-metrics.ts';
import { FastHistogram, type Series } from './fast-histogram.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { scrapedMetrics, textOf, type MetricsSnapshot } from './prometheus.ts';

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
  interface FastifyRequest {
    /** What the request asks for, once its body has been read. */
    operation?: Job['kind'];
  }
}

export const stageNames = ['decode', 'queue', 'compute', 'encode'] as const;
/** What a compute request spent its time on, in milliseconds. */
export type Stages = Readonly<Record<(typeof stageNames)[number], number>>;

/** Why a request was not computed, or its response not waited for. */
const rejections = ['queue_full', 'deadline', 'cancelled', 'memory', 'too_large', 'shutting_down'] as const;
export type Rejection = (typeof rejections)[number];

const secondsFrom10us = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** The methods of routes; any other method has the label `other`, so that clients cannot add labels. */
const methods = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/** The problems that are counted as rejections. */
const rejectionOfProblem: Readonly<Partial<Record<ProblemCode, Rejection>>> = {
  body_too_large: 'too_large',
  too_much_work: 'too_large',
  out_of_memory: 'memory',
  overloaded: 'queue_full',
  deadline_exceeded: 'deadline',
  shutting_down: 'shutting_down',
};

/** What is read of the HTTP server at a scrape. */
interface HttpReadings {
  readonly traffic: () => Traffic;
  readonly requestsInFlight: () => number;
}

/** Where the requests of one operation that one back-end computed are counted. */
type ComputedSeries = Readonly<Record<'elements' | keyof Stages, Series>>;

/** The service's Prometheus metrics. Every server has its own, so that tests can run several in one process. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests = this.#histogram('http_request_duration_seconds', "Time from a request's headers to the end of its answer.", [
    'route',
    'method',
    'status',
  ]);
  readonly #elements = this.#histogram(
    'surrogate_request_elements',
    'Work of a compute request: neuron-steps, or elements of x, times surrogates.',
    ['op'],
    [1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10],
  );
  readonly #stages = this.#histogram(
    'surrogate_stage_duration_seconds',
    'Time that a compute request spends in each stage.',
    ['op', 'stage', 'backend'],
    [1e-6, 2.5e-6, 5e-6, ...secondsFrom10us],
  );
  readonly #failures = this.#histogram(
    'surrogate_failure_duration_seconds',
    "Time from a compute request's headers to the end of an answer that is an error.",
    ['op'],
    [1e-3, 0.01, 0.1, 1, 10],
  );
  readonly #queueDelay = this.#histogram('surrogate_queue_delay_seconds', 'Time that a job waits for its back-end.', ['op']);
  readonly #rejected = this.#counter(
    'surrogate_rejected_total',
    'Requests that were rejected, or whose client disconnected before it had the answer.',
    'reason',
  );
  readonly #notes = this.#counter(
    'surrogate_notes_total',
    'Notes in answers: what was computed as asked, but is surely not meant.',
    'code',
  );
  /** By operation and back-end. */
  readonly #computed = new Map<string, ComputedSeries>();
  /** In milliseconds since 1970. */
  readonly #lastAnswers = new Map<Job['kind'], number>();
  /** Stops observing the process. */
  readonly close: () => void;

  /** @param maxQueueWaitMs how long a job may have to wait. */
  constructor(engine: Engine, maxQueueWaitMs: number, { traffic, requestsInFlight }: HttpReadings) {
    const add = scrapedMetrics(this.registry);
    add(
      'surrogate_last_answer_timestamp_seconds',
      'When a compute request was last answered, in seconds since 1970.',
      () => Array.from(this.#lastAnswers, ([op, ms]) => [{ op }, ms / 1000] as const),
      { labelNames: ['op'], aggregator: 'max' },
    );
    // Prometheus cannot compute an increase from a series' first sample.
    for (const reason of rejections) this.#rejected.inc({ reason }, 0);
    for (const code of noteCodes) this.#notes.inc({ code }, 0);
    add('http_received_bytes_total', 'Bytes received over HTTP, including headers.', () => traffic().bytesRead, { type: 'counter' });
    add('http_sent_bytes_total', 'Bytes sent over HTTP, including headers.', () => traffic().bytesWritten, { type: 'counter' });
    add('http_connections', 'Open connections that have carried a request.', () => traffic().connections);
    add('http_requests_in_flight', 'Requests whose answer has not been sent yet, including the scrape.', requestsInFlight);
    addEngineMetrics(this.registry, engine, maxQueueWaitMs);
    this.close = addProcessMetrics(this.registry);
    add('surrogate_build_info', 'The version of the service; always 1.', () => [[{ version }, 1]], {
      labelNames: ['version'],
      aggregator: 'max',
    });
  }

  /** Counts a request that is over. */
  ended(request: FastifyRequest, reply: FastifyReply): void {
    const status = reportedStatus(reply);
    const seconds = reply.elapsedTime / 1000;
    // One label for all unknown paths: clients could fill the memory with labels otherwise.
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    const method = methods.has(request.method) ? request.method : 'other';
    this.#requests.series({ route, method, status: String(status) }).observe(seconds);
    const rejection = (reply.problem && rejectionOfProblem[reply.problem]) ?? (status === 499 ? 'cancelled' : undefined);
    if (rejection !== undefined) this.rejected(rejection);
    // Of those whose body had arrived.
    if (request.operation !== undefined && reply.problem !== undefined) this.#failures.series({ op: request.operation }).observe(seconds);
  }

  rejected(reason: Rejection): void {
    this.#rejected.inc({ reason });
  }

  /** Counts a job whose response is encoded. */
  computed(op: Job['kind'], backend: string, elements: number, stages: Stages): void {
    const key = `${op} ${backend}`;
    let series = this.#computed.get(key);
    if (series === undefined) this.#computed.set(key, (series = this.#seriesOf(op, backend)));
    series.elements.observe(elements);
    if (stages.queue > 0) this.#queueDelay.series({ op }).observe(stages.queue / 1000);
    for (const stage of stageNames) series[stage].observe(stages[stage] / 1000);
    this.#lastAnswers.set(op, Date.now());
  }

  /** Counts a note of an answer. */
  noted(code: NoteCode): void {
    this.#notes.inc({ code });
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

  #seriesOf(op: Job['kind'], backend: string): ComputedSeries {
    const ofStage = (stage: string) => this.#stages.series({ op, stage, backend });
    const [decode, queue, compute, encode] = [ofStage('decode'), ofStage('queue'), ofStage('compute'), ofStage('encode')];
    return { elements: this.#elements.series({ op }), decode, queue, compute, encode };
  }

  #histogram<Label extends string>(name: string, help: string, labelNames: Label[], buckets = secondsFrom10us) {
    return new FastHistogram<Label>({ name, help, labelNames, buckets, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, label: Label): Counter<Label> {
    return new Counter({ name, help, labelNames: [label], registers: [this.registry] });
  }
}

/** Counts and times requests, and serves `GET /metrics` unless that is on a port of its own. */
export const metrics = fp(
  (app, _options, done) => {
    const measured = new Metrics(app.engine, app.config.compute.maxQueueWaitMs, {
      traffic: () => HttpServer.of(app).traffic,
      requestsInFlight: () => app.openRequests.count,
    });
    app.decorate('metrics', measured);
    app.decorateRequest('operation');
    app.addHook('onClose', (_app, closed) => {
      measured.close();
      closed();
    });
    app.openRequests.onClose((request, reply) => {
      measured.ended(request, reply);
    });
    app.peers?.shareMetrics(() => measured.snapshot());
    const { metrics: isServed, port } = app.config.operation;
    if (isServed && port === 0) serveMetrics(app, app);
    done();
  },
  { name: 'metrics' },
);

const example = `# HELP http_requests_in_flight Requests whose answer has not been sent yet, including the scrape.
# TYPE http_requests_in_flight gauge
http_requests_in_flight 1
`;

/**
 * Serves `GET /metrics`.
 *
 * @param listener serves the route, on the service's port or another.
 * @param source whose metrics are served; those of all processes where there are several.
 */
export function serveMetrics(listener: FastifyInstance, source: Pick<FastifyInstance, 'metrics' | 'peers'>): void {
  listener.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['Operation'],
        summary: 'Prometheus metrics',
        description: 'Counters, gauges and histograms of requests, jobs and the process.',
        response: { 200: { description: 'Prometheus text format.', content: { 'text/plain': { schema: { type: 'string' }, example } } } },
      },
    },
    async (_request, reply) => reply.type(prometheusContentType).send(await (source.peers?.scrape() ?? source.metrics.text())),
  );
}
