import type { Backend, BackendInfo, Computed } from './backend.ts';
import type { Job } from './jobs.ts';

/** A computed job and the back-end that really ran it. */
export interface Answer<J extends Job = Job> extends Computed<J> {
  readonly backend: BackendInfo;
}

/** Runs jobs on a back-end and says which one it was. */
export class Engine {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The back-ends that jobs may run on. */
  get backends(): readonly BackendInfo[] {
    return [this.#backend.info];
  }

  /** Resolves when the usual kernels are compiled and have run. */
  warm(): Promise<void> {
    return this.#backend.warm();
  }

  /**
   * Runs one job. Small ones are answered synchronously, larger ones with a promise.
   *
   * @throws {ComputeError} when no back-end could do it.
   */
  run<J extends Job>(job: J): Answer<J> | Promise<Answer<J>> {
    const backend = this.#backend.info;
    const computed = this.#backend.run(job);
    return computed instanceof Promise ? computed.then((done) => ({ ...done, backend })) : { ...computed, backend };
  }

  async close(): Promise<void> {
    await this.#backend.close();
  }
}
