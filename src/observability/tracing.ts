import { setTimeout as sleep } from 'node:timers/promises';

import {
  defaultTextMapGetter,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { stageNames, type Stages } from './metrics.ts';
import { version } from '../version.ts';
import { isMonitoringRoute } from '../plugins/public-routes.ts';
import { pathOf, reportedStatus } from '../plugins/request-lifetime.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Only of a request that is traced and sampled. */
    span?: RequestSpan;
  }
}

const serviceName = 'surrogate-gradient-service';
/** How long a shutdown waits for a collector. */
const maxFlushMs = 3000;
const propagator = new W3CTraceContextPropagator();

/**
 * Makes a span of each request and sends the spans as OTLP over HTTP in protobuf. OpenTelemetry's SDK reads the sampler, the resource's
 * attributes, headers and limits from the environment itself.
 */
export const tracing = fp<{ /** The collector's, without `/v1/traces`. */ readonly endpoint: string }>(
  (app, { endpoint }, done) => {
    logDiagnostics(app.log);
    const provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }))],
    });
    const tracer = provider.getTracer(serviceName, version);
    app.addHook('onClose', async () => {
      try {
        await Promise.race([provider.shutdown(), flushTimeout()]);
      } catch (error) {
        app.log.warn(`traces: the last ones could not be sent: ${String(error)}`);
      }
    });
    app.addHook('onRequest', (request, _reply, next) => {
      const route = request.is404 ? undefined : request.routeOptions.url;
      if (route === undefined || !isMonitoringRoute(route)) startSpan(tracer, request, route);
      next();
    });
    app.openRequests.onClose((request, reply) => {
      request.span?.end(reportedStatus(reply), reply.problem);
    });
    done();
  },
  { name: 'tracing' },
);

/** Logs the SDK's errors and warnings. */
function logDiagnostics(log: FastifyBaseLogger): void {
  const logAt =
    (level: 'error' | 'warn') =>
    (message: string, ...details: unknown[]) => {
      log[level]({ details }, `traces: ${message}`);
    };
  const ignore = () => undefined;
  diag.setLogger(
    { error: logAt('error'), warn: logAt('warn'), info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

async function flushTimeout(): Promise<never> {
  await sleep(maxFlushMs, undefined, { ref: false });
  throw new Error(`the collector took longer than ${maxFlushMs} ms`);
}

/** Starts a request's span now, unless the request is not sampled. */
function startSpan(tracer: Tracer, request: FastifyRequest, route: string | undefined): void {
  const { method, headers } = request;
  const parent = headers.traceparent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  // Anew for each request, since the two clocks drift apart; all its spans use the same.
  const timeOrigin = Date.now() - performance.now();
  const attributes = {
    'http.request.method': method,
    // Without the query, which may hold secrets.
    'url.path': pathOf(request),
    'url.scheme': 'http',
    request_id: request.id,
    ...(route !== undefined && { 'http.route': route }),
  };
  const name = route === undefined ? method : `${method} ${route}`;
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime: timeOrigin + performance.now(), attributes }, parent);
  if (span.isRecording()) request.span = new RequestSpan(tracer, span, trace.setSpan(parent, span), timeOrigin);
}

/** What is known of a compute request once its response is encoded. Times are those of `performance.now()`, in milliseconds. */
interface ComputedRequest {
  readonly op: string;
  readonly backend: string;
  /** The back-end that was the first choice, where another one did the job. */
  readonly fallbackFrom: string | undefined;
  readonly elements: number;
  readonly decodeFrom: number;
  readonly encodeFrom: number;
  readonly stages: Stages;
}

/** A request's server span, with a child for each stage. */
class RequestSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  /** Milliseconds since 1970 at 0 of `performance.now()`. */
  readonly #timeOrigin: number;

  constructor(tracer: Tracer, span: Span, context: Context, timeOrigin: number) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
    this.#timeOrigin = timeOrigin;
  }

  computed({ op, backend, fallbackFrom, elements, decodeFrom, encodeFrom, stages }: ComputedRequest): void {
    this.#span.setAttributes({ 'surrogate.op': op, 'surrogate.backend': backend, 'surrogate.elements': elements });
    if (fallbackFrom !== undefined) this.#span.setAttribute('surrogate.fallback_from', fallbackFrom);
    let time = this.#timeOrigin + decodeFrom;
    for (const stage of stageNames) {
      // Between a job's end and its encoding, other requests are served.
      if (stage === 'encode') time = this.#timeOrigin + encodeFrom;
      const child = this.#tracer.startSpan(stage, { kind: SpanKind.INTERNAL, startTime: time }, this.#context);
      time += stages[stage];
      child.end(time);
    }
  }

  /** Ends it with the status, 499 where the client went away before it had the whole response, and the code of its problem, if any. */
  end(status: number, problem: string | undefined): void {
    this.#span.setAttribute('http.response.status_code', status);
    if (problem !== undefined || status >= 400) this.#span.setAttribute('error.type', problem ?? String(status));
    // By OpenTelemetry's conventions a client's error is no error of the server's span.
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(this.#timeOrigin + performance.now());
  }
}
