import type { Piscina } from 'piscina';

import type { Arena } from '../compute/arena.ts';
import { WorkerLostError } from '../compute/backend.ts';
import type { Dtype } from '../compute/jobs.ts';
import { threadPool, tryTwice } from '../compute/thread-pool.ts';
import type { TensorValues } from './answer.ts';
import { JsonWriter } from './json-writer.ts';
import { TensorText } from './tensor-text.ts';
import type { PrintedText, TextTask } from './text-worker.ts';

/** Numbers of a part at least: what a thread has to prepare for it is a tenth of the time it takes to print them. */
const fewestInPart = 131_072;
/** Parts for each thread: one that is held up leaves some to the others. */
const partsPerThread = 2;

/** Prints long tensors in threads, several parts at a time, so that one answer takes less time and the others are not kept waiting. */
export class TextThreads {
  readonly #module: WebAssembly.Module;
  readonly #threads: Piscina;
  readonly #mostParts: number;

  /** @param module the number codec's. */
  constructor(module: WebAssembly.Module, threads: number) {
    this.#module = module;
    this.#threads = threadPool('text-worker', import.meta.url, threads);
    this.#mostParts = partsPerThread * threads;
  }

  /** Whether threads can print the values, and it takes them less time than this one. */
  isFor(values: TensorValues, arena: Arena): boolean {
    return values.length >= 2 * fewestInPart && arena.holds(values);
  }

  /**
   * The text of a tensor's numbers as nested arrays, in parts. Memory for it is taken of the arena, which has to stay as it is until the text
   * is used, and until this is done or given up (`return`).
   *
   * @param values finite numbers in the arena, in the precision.
   * @throws {WorkerLostError} when a thread failed twice.
   */
  async *print(values: TensorValues, shape: readonly number[], dtype: Dtype, arena: Arena): AsyncGenerator<Uint8Array> {
    const parts = Math.min(this.#mostParts, Math.floor(values.length / fewestInPart));
    const printing: Promise<PrintedText>[] = [];
    try {
      for (let part = 0; part < parts; part++) {
        const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * values.length) / parts)) as [number, number];
        const address = arena.allocate(JsonWriter.bytesFor(TensorText.mostBytes(shape, to - from)));
        const task: TextTask = { module: this.#module, memory: arena.memory, values, shape, dtype, from, to, address };
        printing.push(this.#printTwice(task));
      }
      for (const part of printing) {
        const { address, length } = await part;
        yield arena.bytes(address, length);
      }
    } finally {
      await Promise.allSettled(printing);
    }
  }

  /** A part may be printed once more: printing changes nothing of the numbers. */
  async #printTwice(task: TextTask): Promise<PrintedText> {
    try {
      return (await tryTwice(() => this.#threads.run(task))) as PrintedText;
    } catch (error) {
      throw new WorkerLostError('the thread that prints numbers failed', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }
}
