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

/**
 * Decides which back-end runs a job, and which ones when that one fails: those after it in the order of `backendNames`,
 * each simpler and more reliable than the one before.
 */
export class BackendRouter<B extends Candidate> {
  /** The sizes from which on TensorFlow is faster; until they are measured, `auto` does not use it. */
  crossOvers: CrossOvers | undefined;
  readonly #backends: readonly B[];
  /** The back-ends of each precision, from each first choice on. */
  readonly #from: Readonly<Record<Dtype, ReadonlyMap<BackendName, readonly B[]>>>;
  readonly #preferred: Preference;

  /**
   * @param backends in the order of `backendNames`.
   * @param preferred for requests without a preference.
   */
  constructor(backends: readonly B[], preferred: Preference) {
    this.#backends = backends;
    const inFloat64 = backends.filter(({ name }) => float64Backends.includes(name));
    this.#from = { float32: fromEach(backends), float64: fromEach(inFloat64) };
    this.#preferred = preferred;
  }

  order(job: Job, preference: BackendPreference | undefined): FallbackOrder<B> {
    const dtype = dtypeOf(job);
    const preferred = preference?.backend ?? this.#preferred;
    // Where the configuration prefers TensorFlow, float64 jobs go to the back-ends that have it.
    const isAuto = preferred === 'auto' || (dtype === 'float64' && preferred === 'tensorflow');
    const first = !isAuto ? preferred : this.#isForTensorFlow(job) ? 'tensorflow' : 'wasm';
    const later = this.#from[dtype].get(first) ?? [];
    return { backends: later, missing: isAuto || later[0]?.name === first ? undefined : first };
  }

  #isForTensorFlow(job: Job): boolean {
    if (this.crossOvers === undefined || !reaches(job, this.crossOvers)) return false;
    return this.#backends.find(({ name }) => name === 'tensorflow')?.accepts(job) === true;
  }
}

/** Those of the back-ends that come after a first choice, and it; all where there are none. */
function fromEach<B extends Candidate>(backends: readonly B[]): ReadonlyMap<BackendName, readonly B[]> {
  return new Map(
    backendNames.map((first, i) => {
      const later = backends.filter(({ name }) => backendNames.indexOf(name) >= i);
      return [first, later.length > 0 ? later : backends] as const;
    }),
  );
}
