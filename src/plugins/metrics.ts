import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

import type { Engine } from '../compute/engine.ts';
import type { Job } from '../compute/jobs.ts';
import { registerBackendMetrics } from './backend-metrics.ts';
import { reportedStatus } from './exchange-end.ts';

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics;
  }
}

/** What a compute request spent its time on, in milliseconds. */
export interface Stages {
  readonly decode: number;
  readonly queue: number;
  readonly compute: number;
  readonly encode: number;
}

const stageNames = ['decode', 'queue', 'compute', 'encode'] as const;
const secondsFrom10us = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

type Observers = Readonly<Record<keyof Stages | 'elements', Histogram.Internal<string>>>;

/** The service's Prometheus metrics. Every server has its own, so that tests can run several in one process. */
export class Metrics {
  readonly registry = new Registry();

  readonly #http = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request\'s headers to the end of its answer.',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: secondsFrom10us,
    registers: [this.registry],
  });

  readonly #elements = new Histogram({
    name: 'surrogate_request_elements',
    help: 'Neuron-steps, or elements of x, times surrogates, of a compute request.',
    labelNames: ['op'] as const,
    buckets: [1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10],
    registers: [this.registry],
  });

  readonly #stages = new Histogram({
    name: 'surrogate_stage_duration_seconds',
    help: 'Time that a compute request spends in each stage.',
    labelNames: ['op', 'stage', 'backend'] as const,
    buckets: [1e-6, 2.5e-6, 5e-6, ...secondsFrom10us],
    registers: [this.registry],
  });

  readonly #observers = new Map<string, Observers>();

  constructor(engine: Engine) {
    collectDefaultMetrics({ register: this.registry });
    registerBackendMetrics(this.registry, engine);
  }

  request(route: string, method: string, status: number, seconds: number): void {
    this.#http.observe({ route, method, status }, seconds);
  }

  computed(op: Job['kind'], backend: string, elements: number, stages: Stages): void {
    const observers = this.#observersOf(op, backend);
    observers.elements.observe(elements);
    for (const stage of stageNames) observers[stage].observe(stages[stage] / 1000);
  }

  /** The histograms of one kind of job on one back-end: looking labels up costs more than observing. */
  #observersOf(op: Job['kind'], backend: string): Observers {
    const key = `${op} ${backend}`;
    let observers = this.#observers.get(key);
    if (observers === undefined) {
      const stage = (name: keyof Stages) => this.#stages.labels({ op, stage: name, backend });
      observers = {
        elements: this.#elements.labels({ op }),
        decode: stage('decode'),
        queue: stage('queue'),
        compute: stage('compute'),
        encode: stage('encode'),
      };
      this.#observers.set(key, observers);
    }
    return observers;
  }
}

/** Counts and times requests, and answers `GET /metrics`, unless that is on a port of its own. */
export const metrics = fp((app, _options, done) => {
  const measured = new Metrics(app.engine);
  app.decorate('metrics', measured);

  app.exchangeEnd.listen((request, reply) => {
    // One label for all unknown paths, or anyone could fill the memory with labels.
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    measured.request(route, request.method, reportedStatus(reply), reply.elapsedTime / 1000);
  });
  const { metrics: served, port } = app.config.operation;
  if (served && port === 0) serveMetrics(app, measured);
  done();
}, { name: 'metrics', dependencies: ['exchange-end'] });

/** Answers `GET /metrics` on the service's port or another. */
export function serveMetrics(app: FastifyInstance, measured: Metrics): void {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['Operation'],
        summary: 'Prometheus metrics',
        response: { 200: { description: 'Prometheus text format.', content: { 'text/plain': { schema: { type: 'string' } } } } },
      },
    },
    async (_request, reply) => {
      void reply.type(measured.registry.contentType);
      return measured.registry.metrics();
    },
  );
}
