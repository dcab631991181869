import {
  diag,
  DiagLogLevel,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type DiagLogger,
  type HrTime,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

import { stageNames } from './metrics.ts';
import { version } from '../version.ts';
import type { ComputedRequest, ExchangeOutcome, RequestStart, RequestTrace, RequestTracer } from './request-trace.ts';

const serviceName = 'surrogate-gradient-service';
/** How long a shutdown waits for a collector. */
const maxFlushMs = 3000;
const propagator = new W3CTraceContextPropagator();

/**
 * Traces by OpenTelemetry's SDK, sent as OTLP over HTTP in protobuf. The SDK reads the sampler, the resource's attributes, headers and
 * limits from the environment itself.
 *
 * @param endpoint the collector's, without `/v1/traces`.
 * @param log where the SDK's warnings go.
 */
export function openTelemetry(endpoint: string, log: DiagLogger): RequestTracer {
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  const tracer = provider.getTracer(serviceName, version);
  return {
    begin: (start) => beginSpan(tracer, start),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(resolve, maxFlushMs, `the collector took longer than ${maxFlushMs} ms`);
      });
      const sent = provider.shutdown().then(
        () => undefined,
        (error: unknown) => String(error),
      );
      const obstacle = await Promise.race([sent, late]);
      clearTimeout(timer);
      if (obstacle !== undefined) log.warn(`the last ones could not be sent: ${obstacle}`);
    },
  };
}

function beginSpan(tracer: Tracer, { method, route, path, id, headers }: RequestStart): RequestTrace | null {
  const parent = headers.traceparent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  // Wall time at 0 of `performance.now()`, anew for each request since the two drift apart; all its spans use the same.
  const origin = Date.now() - performance.now();
  const span = tracer.startSpan(
    route === undefined ? method : `${method} ${route}`,
    {
      kind: SpanKind.SERVER,
      startTime: wallTime(origin, performance.now()),
      attributes: {
        'http.request.method': method,
        'url.path': path,
        'url.scheme': 'http',
        request_id: id,
        ...(route !== undefined && { 'http.route': route }),
      },
    },
    parent,
  );
  return span.isRecording() ? new SpanTrace(tracer, span, trace.setSpan(parent, span), origin) : null;
}

/** A server span, with a child for each stage. */
class SpanTrace implements RequestTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #origin: number;

  constructor(tracer: Tracer, span: Span, context: Context, origin: number) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
    this.#origin = origin;
  }

  computed({ op, backend, instead, elements, decodeFrom, encodeFrom, stages }: ComputedRequest): void {
    const attributes: Attributes = { 'surrogate.op': op, 'surrogate.backend': backend, 'surrogate.elements': elements };
    if (instead !== undefined) attributes['surrogate.fallback_from'] = instead;
    this.#span.setAttributes(attributes);
    let at = decodeFrom;
    for (const stage of stageNames) {
      // Between a job's end and its answer others get their turn.
      if (stage === 'encode') at = encodeFrom;
      const child = this.#tracer.startSpan(stage, { kind: SpanKind.INTERNAL, startTime: wallTime(this.#origin, at) }, this.#context);
      at += stages[stage];
      child.end(wallTime(this.#origin, at));
    }
  }

  end({ status, problem }: ExchangeOutcome): void {
    this.#span.setAttribute('http.response.status_code', status);
    if (problem !== undefined || status >= 400) this.#span.setAttribute('error.type', problem ?? String(status));
    // By the conventions a client's fault is no error of the server's span.
    if (status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end(wallTime(this.#origin, performance.now()));
  }
}

/** Seconds and nanoseconds since 1970. */
function wallTime(origin: number, time: number): HrTime {
  const milliseconds = origin + time;
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
