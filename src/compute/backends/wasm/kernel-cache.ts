import { setImmediate as endOfTick } from 'node:timers/promises';
import initWabt from 'wabt';
import { Cache, memoize } from '../../cache.ts';
import type { Arena } from '../../engine/arena.ts';
import type { KernelWat } from './codegen/kernel-wat.ts';

/** A compiled kernel. */
export interface Kernel extends Omit<KernelWat, 'text'> {
  readonly module: WebAssembly.Module;
}

/** A kernel that a job needs, and how to print it. */
export interface KernelRequest {
  readonly key: string;
  readonly print: () => KernelWat;
}

type Wabt = Awaited<ReturnType<typeof initWabt>>;

const features = { simd: true, threads: true };

/** A longer text is printed in one tick and compiled in another: together they would take more than 50 ms. */
const maxTextInOneTick = 150_000;
/** Printed texts that wait for their tick; the job that asked for one may be stopped. */
const maxPrinted = 16;

/** Assembles and compiles kernels, one a tick, and keeps those used last. */
export class KernelCache {
  readonly #wabt: Wabt;
  readonly #kernels: Cache<string, Kernel>;
  readonly #printed = new Map<string, KernelWat>();
  /** Whether this tick has printed or compiled a kernel. */
  #isTickUsed = false;

  private constructor(wabt: Wabt, maxKernels: number) {
    this.#wabt = wabt;
    this.#kernels = new Cache(maxKernels);
  }

  /** @param maxKernels each takes some tens of kilobytes. */
  static async create(maxKernels = 512): Promise<KernelCache> {
    return new KernelCache(await initWabt(), maxKernels);
  }

  has(key: string): boolean {
    return this.#kernels.has(key);
  }

  /** The kernel of that key, if it is cached. */
  find(key: string): Kernel | undefined {
    return this.#kernels.find(key);
  }

  /** The kernel of that key, printed and compiled if it is new. */
  get(key: string, print: () => KernelWat): Kernel {
    return this.find(key) ?? this.#compile(key, print());
  }

  /** The kernel, compiled now if it is new and this tick has time for it; else undefined, and a later tick has. */
  tryGet({ key, print }: KernelRequest): Kernel | undefined {
    const known = this.find(key);
    if (known !== undefined || this.#isTickUsed) return known;
    this.#isTickUsed = true;
    setImmediate(() => {
      this.#isTickUsed = false;
    });
    const printed = this.#printed.get(key);
    this.#printed.delete(key);
    const text = printed ?? print();
    if (printed !== undefined || text.text.length <= maxTextInOneTick) return this.#compile(key, text);
    this.#printed.set(key, text);
    if (this.#printed.size > maxPrinted) this.#printed.delete(this.#printed.keys().next().value!);
    return undefined;
  }

  /**
   * The kernel, compiled in the next tick that has time for it if it is new.
   *
   * @throws the signal's reason, when that was aborted before.
   */
  async getInTurn(request: KernelRequest, signal?: AbortSignal): Promise<Kernel> {
    for (;;) {
      signal?.throwIfAborted();
      const kernel = this.tryGet(request);
      if (kernel !== undefined) return kernel;
      await endOfTick();
    }
  }

  #compile(key: string, { text, ...kept }: KernelWat): Kernel {
    const parsed = this.#wabt.parseWat(key, text, features);
    try {
      const { buffer } = parsed.toBinary({});
      return this.#kernels.set(key, { module: new WebAssembly.Module(buffer as Uint8Array<ArrayBuffer>), ...kept });
    } finally {
      parsed.destroy();
    }
  }
}

/** Runs vectors [from, to) of the launch with that argument block. */
type RunKernel = (argumentBlock: number, scratch: number, from: number, to: number) => void;

const instancesIn = memoize(({ memory }: Arena) =>
  memoize(({ module }: Kernel) => new WebAssembly.Instance(module, { env: { memory } }).exports.run as RunKernel),
);

/** A kernel over an arena's memory, in this thread. */
export function instanceIn(arena: Arena, kernel: Kernel): RunKernel {
  return instancesIn(arena)(kernel);
}
