import type { Stages } from './metrics.ts';

/** What is known of a compute request once its answer is encoded. Times are those of `performance.now()`, in milliseconds. */
export interface ComputedRequest {
  readonly op: string;
  readonly backend: string;
  /** The back-end that was the first choice, where another one did the job. */
  readonly instead: string | undefined;
  readonly elements: number;
  readonly decodeFrom: number;
  readonly encodeFrom: number;
  readonly stages: Stages;
}

/** How an exchange ended. */
export interface ExchangeOutcome {
  /** 499 where the client went away before it had the whole answer. */
  readonly status: number;
  /** The problem that was answered, if it was one. */
  readonly problem: string | undefined;
}

/** The trace of one request, of which its parts are told. */
export interface RequestTrace {
  computed(facts: ComputedRequest): void;
  end(outcome: ExchangeOutcome): void;
}

/** What is known of a request at its start. */
export interface RequestStart {
  readonly method: string;
  /** The pattern of its route; undefined where it has none. */
  readonly route: string | undefined;
  /** Without its query, which may hold secrets. */
  readonly path: string;
  readonly id: string;
  /** In which `traceparent` may say what it is part of. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Makes traces of requests and sends them where they are collected. */
export interface RequestTracer {
  /** The trace of a request that begins now; null for one that is not sampled. */
  begin(start: RequestStart): RequestTrace | null;
  /** Sends what has not been sent, for some seconds at most. */
  close(): Promise<void>;
}
