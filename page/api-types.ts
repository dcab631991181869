/** One request of the page, as people can send it too. */
export interface ApiRequest {
  readonly path: string;
  readonly body: object;
}

export interface Meta {
  readonly backend: string;
  readonly device: string;
  readonly dtype: string;
  readonly elapsed_ms: number;
  readonly fallback?: object;
  readonly notes?: readonly { readonly message: string; readonly path: string }[];
}

/** What stands in the place of the result of a surrogate that cannot be computed. */
export interface FailedResult {
  readonly surrogate: Surrogate;
  readonly error: { readonly detail: string };
}

/**
 * A result, where it was computed.
 *
 * @throws {Error} in the service's words where it was not.
 */
export function computed<Result extends object>(result: Result | FailedResult): Result {
  if ('error' in result) throw new Error(result.error.detail);
  return result;
}

/** What came back, and how long it took from here to there and back. */
export interface ApiAnswer<Body> {
  readonly body: Body;
  readonly roundTripMs: number;
}

export interface Surrogate {
  readonly name: string;
  readonly [parameter: string]: string | number | readonly number[];
}

export interface EvalAnswer {
  readonly results: readonly ({ readonly surrogate: Surrogate; readonly spike: number[]; readonly value: number[] } | FailedResult)[];
  readonly meta: Meta;
}

export interface GradAnswer {
  readonly results: readonly ({ readonly surrogate: Surrogate; readonly grad: number[] } | FailedResult)[];
  readonly meta: Meta;
}

export interface SimulateAnswer {
  readonly spike_counts?: number[];
  readonly firing_rates?: number[];
  readonly spike_times?: number[][];
  readonly v?: number[][];
  readonly meta: Meta;
}

export interface LifGradAnswer {
  readonly results: readonly (
    | {
        readonly surrogate: Surrogate;
        readonly loss: number[];
        readonly spike_counts: number[];
        readonly grad: Readonly<Record<string, number[]>>;
      }
    | FailedResult
  )[];
  readonly meta: Meta;
}

/** Of samples, by layer and by path: `layers/0/weight`. */
export interface NetworkGradAnswer {
  readonly reduced_loss: number;
  readonly accuracy: number;
  readonly grad: Readonly<Record<string, number | readonly number[] | readonly (readonly number[])[]>>;
  readonly meta: Meta;
}

export interface NetworkSimulateAnswer {
  /** [batch, neurons] of each layer. */
  readonly spike_counts: readonly (readonly (readonly number[])[])[];
  /** [batch, neurons, steps] by path: `layers/0/spikes`; missing where the request names none. */
  readonly record?: Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;
  readonly meta: Meta;
}

export interface CatalogueEntry {
  readonly name: string;
  readonly library: string | null;
  readonly family: string;
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterEntry>>;
  readonly formulas: { readonly grad: string; readonly value: string };
  readonly aliases: readonly { readonly library: string; readonly name: string; readonly note?: string }[];
  readonly references: readonly string[];
  readonly notes: readonly string[];
}

export interface ParameterEntry {
  readonly default: number | readonly number[];
  readonly minimum: number;
  readonly maximum: number;
  readonly integer: boolean;
  readonly meaning: string;
}

/** A neuron of the catalogue. */
export interface NeuronEntry {
  readonly name: string;
  readonly library: string | null;
  readonly summary: string;
  /** Of one step, as LaTeX. */
  readonly equations: readonly string[];
  readonly parameters: Readonly<Record<string, NeuronParameterEntry>>;
  readonly options: Readonly<
    Record<string, { readonly default?: string | boolean; readonly values?: readonly string[]; readonly meaning: string }>
  >;
  /** Null for a neuron without spikes. */
  readonly surrogate: string | null;
  readonly no_gradient?: string;
}

export interface NeuronParameterEntry {
  readonly default?: number | null;
  readonly allows_null: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusive_minimum?: number;
  readonly unit?: string;
  readonly differentiable: boolean;
  readonly meaning: string;
}

/** The service's own words for what went wrong. */
export interface ProblemDocument {
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}
