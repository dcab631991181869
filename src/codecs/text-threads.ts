import type { Piscina } from 'piscina';

import type { ArenaPool } from '../compute/engine/arena-pool.ts';
import type { Arena } from '../compute/engine/arena.ts';
import { OutOfMemoryError } from '../compute/engine/errors.ts';
import type { Dtype } from '../compute/jobs.ts';
import { threadPool, tryTwice } from '../compute/engine/thread-pool.ts';
import type { TensorValues } from './answer.ts';
import { JsonWriter } from './json-writer.ts';
import { sliceWriter } from './slice-writer.ts';
import { requireAllFinite } from './tensor-bytes.ts';
import { TensorText } from './tensor-text.ts';
import type { PrintedText, TextTask } from './text-worker.ts';

/** Numbers of a part at least: what a thread has to prepare for it is a tenth of the time it takes to print them. */
const minPartNumbers = 131_072;
/** Parts for each thread: one that is held up leaves some to the others. */
const partsPerThread = 2;

/** Memory that stays as it is until an answer has left. */
export interface TextMemory {
  readonly arena: Arena;
  /** Asks for so many bytes beside those that are taken; false where there are none. */
  tryReserve(bytes: number): boolean;
}

/** Prints long tensors in threads, several parts at a time, so that one answer takes less time and the others are not kept waiting. */
export class TextThreads {
  readonly #module: WebAssembly.Module;
  readonly #threads: Piscina;
  readonly #maxParts: number;

  /**
   * @param module the number codec's.
   * @param arenas where the numbers lie, so that the threads let go of arenas that are dropped.
   */
  constructor(module: WebAssembly.Module, threads: number, arenas?: ArenaPool) {
    this.#module = module;
    this.#threads = threadPool('text-worker', import.meta.url, threads, { arenas });
    this.#maxParts = partsPerThread * threads;
  }

  /** Whether threads can print the values, and it takes them less time than this one. */
  isFor(values: TensorValues, { arena }: TextMemory): boolean {
    return values.length >= 2 * minPartNumbers && arena.holds(values);
  }

  /**
   * The text of a tensor's numbers as nested arrays, in parts; undefined where there is no memory for it.
   *
   * Nothing touches the memory any more once this is done or given up (`return`), which the threads notice within a millisecond, as they do
   * when the signal is aborted.
   *
   * @param values lie in the memory.
   * @throws {RangeError} when a number is not finite in the precision.
   * @throws the signal's reason.
   */
  print(
    values: TensorValues,
    shape: readonly number[],
    dtype: Dtype,
    memory: TextMemory,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Uint8Array> | undefined {
    const count = Math.min(this.#maxParts, Math.floor(values.length / minPartNumbers));
    const edges = Array.from({ length: count + 1 }, (_, part) => Math.floor((part * values.length) / count));
    const partBytes = roundUp(JsonWriter.bytesFor(TensorText.maxBytes(shape, Math.ceil(values.length / count))));
    const { arena } = memory;
    const address = memory.tryReserve(count * partBytes) ? tryAllocate(arena, count * partBytes) : undefined;
    if (address === undefined) return undefined;
    const stopped = new Int32Array(new SharedArrayBuffer(4));
    const tasks = Array.from({ length: count }, (_, part): TextTask => ({
      module: this.#module,
      memory: arena.memory,
      values,
      shape,
      dtype,
      from: edges[part]!,
      to: edges[part + 1]!,
      address: address + part * partBytes,
      stopped,
    }));
    return this.#print(tasks, arena, signal);
  }

  async *#print(tasks: readonly TextTask[], arena: Arena, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const [{ values, dtype, stopped }] = tasks as readonly [TextTask];
    await requireAllFinite(values, dtype);
    const stop = () => Atomics.store(stopped, 0, 1);
    signal?.addEventListener('abort', stop);
    const printing: Promise<PrintedText | undefined>[] = [];
    try {
      for (const task of tasks) printing.push(this.#printTwice(task));
      for (const [i, part] of printing.entries()) {
        const printed = await part;
        signal?.throwIfAborted();
        if (printed === undefined) yield* slicesOf(tasks[i]!);
        else yield arena.bytes(printed.address, printed.length);
      }
    } finally {
      stop();
      await Promise.allSettled(printing);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** A part may be printed once more: printing changes nothing of the numbers. Undefined where threads failed at it twice. */
  async #printTwice(task: TextTask): Promise<PrintedText | undefined> {
    try {
      return (await tryTwice(() => this.#threads.run(task))) as PrintedText;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }
}

/** A part's text, printed in this thread: the answer has begun, and cannot fail any more. */
function slicesOf({ values, shape, dtype, from, to }: TextTask): Iterable<Uint8Array> {
  return new TensorText(shape, from).slices(values.subarray(from, to), dtype, sliceWriter);
}

/** Bytes up to where another part may begin. */
function roundUp(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** Memory of an arena, if it can grow as far. */
function tryAllocate(arena: Arena, bytes: number): number | undefined {
  try {
    return arena.allocate(bytes);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return undefined;
    throw error;
  }
}
