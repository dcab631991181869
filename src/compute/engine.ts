import type { Backend, BackendInfo, Computed } from './backend.ts';
import type { Job } from './jobs.ts';

/** A computed job and the back-end that really ran it. */
export interface Answer<J extends Job = Job> extends Computed<J> {
  readonly backend: BackendInfo;
}

/** Picks the back-end for a job and runs it there. */
export class Engine {
  readonly #backend: Backend;
  #ready = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Whether the usual kernels are compiled and have run once. */
  get ready(): boolean {
    return this.#ready;
  }

  /** The back-ends in the order in which they are tried. */
  get backends(): readonly BackendInfo[] {
    return [this.#backend.info];
  }

  async warm(): Promise<void> {
    await this.#backend.warm();
    this.#ready = true;
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
