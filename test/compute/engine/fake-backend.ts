import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { Backend, BackendInfo, BackendName, Computed } from '../../../src/compute/engine/backend.ts';
import type { BackendOpener } from '../../../src/compute/engine/backend-supervisor.ts';
import type { Job } from '../../../src/compute/jobs.ts';

/** A back-end with any name that computes as the reference does, fails on demand, and records its jobs. */
export class FakeBackend implements Backend {
  info: BackendInfo;
  readonly jobs: Job[] = [];
  warmed = 0;
  closed = false;
  liveTensors: number | undefined;
  /** Errors of the next jobs, in order; undefined for one that succeeds. */
  readonly failures: (Error | undefined)[] = [];
  /** Whether results are promises. */
  readonly later: boolean;
  accepts: (job: Job) => boolean = () => true;
  onWarm: () => Promise<void> = async () => {
    // Warm at once.
  };
  readonly #reference = new ReferenceBackend();

  constructor(name: BackendName, { later = name === 'tensorflow', ...info }: Partial<BackendInfo> & { later?: boolean } = {}) {
    this.info = { name, device: name === 'tensorflow' ? 'GPU 0' : 'cpu', dtype: name === 'reference' ? 'float64' : 'float32', ...info };
    this.later = later;
  }

  async warm(): Promise<void> {
    this.warmed++;
    await this.onWarm();
  }

  tryRunSync<J extends Job>(job: J): Computed<J> | undefined {
    return this.later ? undefined : (this.run(job) as Computed<J>);
  }

  run<J extends Job>(job: J): Computed<J> | Promise<Computed<J>> {
    this.jobs.push(job);
    const failure = this.failures.shift();
    if (!this.later) {
      if (failure !== undefined) throw failure;
      return this.#reference.run(job);
    }
    return failure === undefined ? Promise.resolve(this.#reference.run(job)) : Promise.reject(failure);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** An opener whose back-ends, or errors of opening, come from a list; the last one is repeated. */
export class FakeOpener implements BackendOpener {
  readonly info: BackendInfo = { name: 'tensorflow', device: 'unknown', dtype: 'float32' };
  opened = 0;
  readonly #outcomes: readonly (FakeBackend | Error)[];

  constructor(...outcomes: readonly (FakeBackend | Error)[]) {
    this.#outcomes = outcomes;
  }

  open(): Promise<FakeBackend> {
    const outcome = this.#outcomes[Math.min(this.opened++, this.#outcomes.length - 1)]!;
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  }
}
