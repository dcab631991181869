import initWabt from 'wabt';
import type { JobBlockLayout } from './job-block.ts';
import type { KernelText } from './kernel-text.ts';
import type { Operations } from './operations.ts';

/** A compiled kernel. */
export interface Kernel {
  readonly module: WebAssembly.Module;
  readonly block: JobBlockLayout;
  readonly operations: Operations;
  readonly inFlight: number;
}

type Wabt = Awaited<ReturnType<typeof initWabt>>;

const features = { simd: true, threads: true };

/** Assembles and compiles kernels, and keeps the ones used last. */
export class KernelCache {
  readonly #wabt: Wabt;
  readonly #kernels = new Map<string, Kernel>();
  readonly #capacity: number;

  private constructor(wabt: Wabt, capacity: number) {
    this.#wabt = wabt;
    this.#capacity = capacity;
  }

  /** @param capacity the most kernels kept; each takes some tens of kilobytes. */
  static async create(capacity = 512): Promise<KernelCache> {
    return new KernelCache(await initWabt(), capacity);
  }

  /** The kernel of that key, printed and compiled if it is new. */
  get(key: string, print: () => KernelText): Kernel {
    const known = this.#kernels.get(key);
    if (known !== undefined) {
      // Moving it to the end of the queue costs more than the look-up: only where something may soon have to go.
      if (2 * this.#kernels.size > this.#capacity) {
        this.#kernels.delete(key);
        this.#kernels.set(key, known);
      }
      return known;
    }
    const kernel = this.#compile(key, print());
    this.#kernels.set(key, kernel);
    if (this.#kernels.size > this.#capacity) this.#kernels.delete(this.#kernels.keys().next().value!);
    return kernel;
  }

  #compile(key: string, { text, ...kept }: KernelText): Kernel {
    const parsed = this.#wabt.parseWat(key, text, features);
    try {
      const { buffer } = parsed.toBinary({});
      return { module: new WebAssembly.Module(buffer as Uint8Array<ArrayBuffer>), ...kept };
    } finally {
      parsed.destroy();
    }
  }
}
