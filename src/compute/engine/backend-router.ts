import { backendNames, float64Backends, type BackendName } from './backend.ts';
import { reaches, type CrossOvers } from './cross-over.ts';
import { dtypeOf, type Dtype, type Job } from '../jobs.ts';

/** The preferred back-end: one by name, or the fastest for the job. */
export type Preference = BackendName | 'auto';

/** What a request says about the back-end. */
export interface BackendPreference {
  readonly backend?: Preference;
}

/** What the router knows of a back-end. */
export interface Candidate {
  readonly name: BackendName;
  accepts(job: Job): boolean;
}

/** The back-ends that a job is tried on, the first choice first. */
export interface FallbackOrder<B> {
  readonly backends: readonly B[];
  /** The preferred back-end, when this engine does not have it. */
  readonly missing: BackendName | undefined;
}

type Orders<B> = Readonly<Record<Preference, FallbackOrder<B>>>;

/**
 * Decides which back-end runs a job, and which ones when that one fails: those after it in the order of `backendNames`,
 * each simpler and more reliable than the one before.
 */
export class BackendRouter<B extends Candidate> {
  /** The sizes from which on TensorFlow is faster; until they are measured, `auto` does not use it. */
  crossOvers: CrossOvers | undefined;
  readonly #preferred: Preference;
  readonly #tensorFlow: B | undefined;
  readonly #orders: Readonly<Record<Dtype, Orders<B>>>;

  /**
   * @param backends in the order of `backendNames`.
   * @param preferred for requests without a preference.
   */
  constructor(backends: readonly B[], preferred: Preference) {
    this.#preferred = preferred;
    this.#tensorFlow = backends.find(({ name }) => name === 'tensorflow');
    const float64 = ordersOf(backends.filter(({ name }) => float64Backends.includes(name)));
    // Where the configuration prefers TensorFlow, float64 jobs go to the back-ends that have it.
    this.#orders = { float32: ordersOf(backends), float64: { ...float64, tensorflow: float64.auto } };
  }

  order(job: Job, preference: BackendPreference | undefined): FallbackOrder<B> {
    const preferred = preference?.backend ?? this.#preferred;
    return this.#orders[dtypeOf(job)][preferred === 'auto' && this.#isForTensorFlow(job) ? 'tensorflow' : preferred];
  }

  #isForTensorFlow(job: Job): boolean {
    return this.crossOvers !== undefined && reaches(job, this.crossOvers) && this.#tensorFlow?.accepts(job) === true;
  }
}

/** By preference; `auto` is the order without TensorFlow. */
function ordersOf<B extends Candidate>(backends: readonly B[]): Orders<B> {
  const from = (name: BackendName): FallbackOrder<B> => orderFrom(name, backends);
  const wasm = from('wasm');
  return { auto: { ...wasm, missing: undefined }, tensorflow: from('tensorflow'), wasm, reference: from('reference') };
}

function orderFrom<B extends Candidate>(first: BackendName, backends: readonly B[]): FallbackOrder<B> {
  const later = backends.filter(({ name }) => backendNames.indexOf(name) >= backendNames.indexOf(first));
  return { backends: later.length > 0 ? later : backends, missing: later[0]?.name === first ? undefined : first };
}
