import { backendNames, type BackendName, type Dtype } from './backend.ts';
import { reaches, type CrossOvers } from './cross-over.ts';
import type { Job } from './jobs.ts';

/** Which back-end is wanted: one by name, or the one that is fastest for the job. */
export type Preference = BackendName | 'auto';

/** What a request asks of whoever computes its job. */
export interface Wish {
  readonly backend?: Preference;
  /** float32 unless given. */
  readonly dtype?: Dtype;
}

/** What the choice is made from. */
export interface Candidate {
  readonly name: BackendName;
  readonly dtype: Dtype;
  accepts(job: Job): boolean;
}

/** The back-ends that a job is tried on, the first choice first. */
export interface Order<B> {
  readonly backends: readonly B[];
  /** The back-end that was asked for, when this engine does not have it. */
  readonly missing: BackendName | undefined;
}

/**
 * Decides which back-end a job is for, and which do it when that one fails: those after it in the order of `backendNames`,
 * each plainer and surer than the one before.
 */
export class Choice<B extends Candidate> {
  /** From where on TensorFlow is faster; until it is known, `auto` does without. */
  crossOvers: CrossOvers | undefined;
  readonly #preferred: Preference;
  readonly #tensorFlow: B | undefined;
  readonly #from: Readonly<Record<BackendName, Order<B>>>;
  readonly #withoutTensorFlow: Order<B>;
  readonly #float64: Order<B>;

  /**
   * @param backends in the order of `backendNames`.
   * @param preferred what is wanted where a request does not say.
   */
  constructor(backends: readonly B[], preferred: Preference) {
    const from = (name: BackendName): Order<B> => orderFrom(name, backends);
    this.#preferred = preferred;
    this.#tensorFlow = backends.find(({ name }) => name === 'tensorflow');
    this.#from = { tensorflow: from('tensorflow'), wasm: from('wasm'), reference: from('reference') };
    this.#withoutTensorFlow = { backends: orderFrom('wasm', backends).backends, missing: undefined };
    this.#float64 = { backends: backends.filter(({ dtype }) => dtype === 'float64'), missing: undefined };
  }

  order(job: Job, wish: Wish | undefined): Order<B> {
    if (wish?.dtype === 'float64') return this.#float64;
    const wanted = wish?.backend ?? this.#preferred;
    if (wanted !== 'auto') return this.#from[wanted];
    return this.#isForTensorFlow(job) ? this.#from.tensorflow : this.#withoutTensorFlow;
  }

  #isForTensorFlow(job: Job): boolean {
    return this.crossOvers !== undefined && reaches(job, this.crossOvers) && this.#tensorFlow?.accepts(job) === true;
  }
}

function orderFrom<B extends Candidate>(first: BackendName, backends: readonly B[]): Order<B> {
  const later = backends.filter(({ name }) => backendNames.indexOf(name) >= backendNames.indexOf(first));
  return { backends: later.length > 0 ? later : backends, missing: later[0]?.name === first ? undefined : first };
}
