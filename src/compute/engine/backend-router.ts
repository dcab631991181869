import { backendNames, float64Backends, type BackendName } from './backend.ts';
import { reaches, type CrossOvers } from './cross-over.ts';
import { dtypeOf, type Job } from '../jobs.ts';

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

/**
 * Decides which back-end runs a job, and which ones when that one fails: those after it in the order of `backendNames`,
 * each simpler and more reliable than the one before.
 */
export class BackendRouter<B extends Candidate> {
  /** The sizes from which on TensorFlow is faster; until they are measured, `auto` does not use it. */
  crossOvers: CrossOvers | undefined;
  readonly #backends: readonly B[];
  readonly #preferred: Preference;

  /**
   * @param backends in the order of `backendNames`.
   * @param preferred for requests without a preference.
   */
  constructor(backends: readonly B[], preferred: Preference) {
    this.#backends = backends;
    this.#preferred = preferred;
  }

  order(job: Job, preference: BackendPreference | undefined): FallbackOrder<B> {
    const isFloat64 = dtypeOf(job) === 'float64';
    const candidates = isFloat64 ? this.#backends.filter(({ name }) => float64Backends.includes(name)) : this.#backends;
    const preferred = preference?.backend ?? this.#preferred;
    // Where the configuration prefers TensorFlow, float64 jobs go to the back-ends that have it.
    const isAuto = preferred === 'auto' || (isFloat64 && preferred === 'tensorflow');
    const first = !isAuto ? preferred : this.#isForTensorFlow(job) ? 'tensorflow' : 'wasm';
    const later = candidates.filter(({ name }) => backendNames.indexOf(name) >= backendNames.indexOf(first));
    const missing = isAuto || later[0]?.name === first ? undefined : first;
    return { backends: later.length > 0 ? later : candidates, missing };
  }

  #isForTensorFlow(job: Job): boolean {
    if (this.crossOvers === undefined || !reaches(job, this.crossOvers)) return false;
    return this.#backends.find(({ name }) => name === 'tensorflow')?.accepts(job) === true;
  }
}
