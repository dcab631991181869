import { backendNames, float64Backends, type BackendName } from './backend.ts';
import { reaches, type CrossOvers } from './cross-over.ts';
import { dtypeOf, type Dtype, type Job } from '../jobs.ts';

/** Which back-end is wanted: one by name, or the one that is fastest for the job. */
export type Preference = BackendName | 'auto';

/** What a request asks of whoever computes its job. */
export interface BackendPreference {
  readonly backend?: Preference;
}

/** What the choice is made from. */
export interface Candidate {
  readonly name: BackendName;
  accepts(job: Job): boolean;
}

/** The back-ends that a job is tried on, the first choice first. */
export interface FallbackOrder<B> {
  readonly backends: readonly B[];
  /** The back-end that was asked for, when this engine does not have it. */
  readonly missing: BackendName | undefined;
}

type Orders<B> = Readonly<Record<Preference, FallbackOrder<B>>>;

/**
 * Decides which back-end a job is for, and which do it when that one fails: those after it in the order of `backendNames`,
 * each plainer and surer than the one before.
 */
export class BackendRouter<B extends Candidate> {
  /** From where on TensorFlow is faster; until it is known, `auto` does without. */
  crossOvers: CrossOvers | undefined;
  readonly #preferred: Preference;
  readonly #tensorFlow: B | undefined;
  readonly #orders: Readonly<Record<Dtype, Orders<B>>>;

  /**
   * @param backends in the order of `backendNames`.
   * @param preferred what is wanted where a request does not say.
   */
  constructor(backends: readonly B[], preferred: Preference) {
    this.#preferred = preferred;
    this.#tensorFlow = backends.find(({ name }) => name === 'tensorflow');
    const float64 = ordersOf(backends.filter(({ name }) => float64Backends.includes(name)));
    // A configuration that prefers TensorFlow leaves float64 to those that have it.
    this.#orders = { float32: ordersOf(backends), float64: { ...float64, tensorflow: float64.auto } };
  }

  order(job: Job, wish: BackendPreference | undefined): FallbackOrder<B> {
    const wanted = wish?.backend ?? this.#preferred;
    return this.#orders[dtypeOf(job)][wanted === 'auto' && this.#isForTensorFlow(job) ? 'tensorflow' : wanted];
  }

  #isForTensorFlow(job: Job): boolean {
    return this.crossOvers !== undefined && reaches(job, this.crossOvers) && this.#tensorFlow?.accepts(job) === true;
  }
}

/** By what is wanted; `auto` is here the one without TensorFlow. */
function ordersOf<B extends Candidate>(backends: readonly B[]): Orders<B> {
  const from = (name: BackendName): FallbackOrder<B> => orderFrom(name, backends);
  const wasm = from('wasm');
  return { auto: { ...wasm, missing: undefined }, tensorflow: from('tensorflow'), wasm, reference: from('reference') };
}

function orderFrom<B extends Candidate>(first: BackendName, backends: readonly B[]): FallbackOrder<B> {
  const later = backends.filter(({ name }) => backendNames.indexOf(name) >= backendNames.indexOf(first));
  return { backends: later.length > 0 ? later : backends, missing: later[0]?.name === first ? undefined : first };
}
