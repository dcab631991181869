import type { Piscina } from 'piscina';

import type { ArenaPool } from '../../compute/engine/arena-pool.ts';
import type { RequestBody } from './body.ts';
import { compileNumberCodec } from '../../codecs/json-numbers/index.ts';
import { InlineJsonReader } from '../../codecs/json-reader.ts';
import { OutOfMemoryError, WorkerLostError } from '../../compute/engine/errors.ts';
import type { RequestScope, ScopeMemory } from '../../compute/engine/request-scope.ts';
import { closePool, isHeapFull, runStoppable, threadPool, tryTwice } from '../../compute/engine/thread-pool.ts';
import { JobQueue } from '../../compute/engine/job-queue.ts';
import { Problem } from '../../errors/problems.ts';
import type { Limits } from '../../config/limits.ts';
import { NamedTensorsError, type KeptTensors } from '../networks/named-tensors.ts';
import { mapNumbers, type Operation, type Plans } from '../plan.ts';
import type { ReadTask, TaskResult } from './reader-worker.ts';
import { planOfBody } from './body-to-plan.ts';
import type { TensorCache } from '../networks/tensor-cache.ts';

await compileNumberCodec();

/** Shorter JSON is read faster by JSON.parse alone. */
const minBytes = 2048;
/** Bodies in an arena with at most so much JSON, and so many bytes behind it, are read in less time than handing them to a thread takes. */
const maxInline = { json: 16 * 1024, bytes: 4 * 2 ** 20 };
/** About how long a byte takes to read, in milliseconds. */
const estimatedMs = { json: 3e-6, bytes: 2e-7 };
/** Memory that the numbers of most bodies take for each byte. A thread that finds more numbers asks for more before it reads them. */
const memoryPerByte = { json: 2, bytes: 1 };
/**
 * V8's heap of a thread: what JSON.parse may make, and for each MiB of a body four copies of its text, of which each character may take two
 * bytes. Less would be worse than none: a thread whose heap is full ends alone, but takes the process with it when it was to make one long string.
 */
const threadHeapMb = ({ bodyBytes }: Limits) => 128 + Math.ceil((8 * bodyBytes) / 2 ** 20);

export interface ReaderOptions {
  readonly threads: number;
  /** How long a body may have to wait for a thread before its request is turned away, in milliseconds. */
  readonly maxQueueWaitMs?: number | undefined;
  /** V8's heap of each thread, in MiB. */
  readonly heapMb?: number | undefined;
  /** Where the bodies lie: the threads release arenas that are dropped. */
  readonly arenas?: ArenaPool;
  /** Where tensors are looked up that requests name. */
  readonly tensors?: TensorCache | undefined;
}

type Settled<O extends Operation> = Exclude<TaskResult<O>, { readonly neededBytes: number } | { readonly digests: readonly string[] }>;

/** Reads bodies: those that lie in an arena in a thread, so that they block no other request, and smaller ones at once. */
export class RequestReader {
  readonly #limits: Limits;
  readonly #inline = new InlineJsonReader();
  readonly #startThreads: () => Piscina;
  #pool: Piscina | undefined;
  readonly #queue: JobQueue;
  readonly #tensors: TensorCache | undefined;

  constructor(limits: Limits, { threads, maxQueueWaitMs, heapMb = threadHeapMb(limits), arenas, tensors }: ReaderOptions) {
    this.#limits = limits;
    this.#tensors = tensors;
    this.#startThreads = () => threadPool('reader-worker', import.meta.url, threads, { minThreads: 1, heapMb, arenas });
    this.#queue = new JobQueue({ concurrency: threads, maxQueueWaitMs });
  }

  /** Starts a thread and keeps it: its modules take a fifth of a second to load, which a large body would have to wait for. */
  warm(): void {
    this.#threads();
  }

  #threads(): Piscina {
    return (this.#pool ??= this.#startThreads());
  }

  /**
   * @param scope in whose memory a large body lies, on which the plan may hold views. Its end ends the reading, in the queue for a thread or
   * in the thread. The promise settles once no thread can touch the memory any more.
   * @throws {Problem} when the body is not valid or asks for too much.
   * @throws {OverloadError} when it would have to wait for too long, or there is no memory for it beside others.
   * @throws the signal's reason.
   */
  read<O extends Operation>(operation: O, body: RequestBody, scope: RequestScope): Plans[O] | Promise<Plans[O]> {
    const { json, behind } = lengthsOf(body);
    if (scope.arena?.holds(body.bytes) === true && (json > maxInline.json || behind > maxInline.bytes))
      return this.#readInThread(operation, body, scope);
    const numbers = json >= minBytes ? this.#inline : undefined;
    try {
      return planOfBody(operation, body, this.#limits, numbers);
    } catch (error) {
      if (!(error instanceof NamedTensorsError)) throw error;
      return this.#find(error.digests).then((kept) => planOfBody(operation, body, this.#limits, numbers, kept));
    }
  }

  async #find(digests: readonly string[]): Promise<KeptTensors> {
    return this.#tensors === undefined ? new Map() : this.#tensors.find(digests);
  }

  async #readInThread<O extends Operation>(operation: O, body: RequestBody, { memory, signal }: RequestScope): Promise<Plans[O]> {
    const { form, bytes, jsonBytes, query } = body;
    const { arena } = memory;
    const { json, behind } = lengthsOf(body);
    const more = memoryPerByte.json * json + memoryPerByte.bytes * behind;
    memory.reserve(more);
    const reservedBytes = arena.mark() + more;
    const { byteOffset, length } = bytes;
    const task: ReadTask = {
      operation,
      body: { form, byteOffset, length, jsonBytes, query },
      limits: this.#limits,
      memory: arena.memory,
      top: arena.mark(),
      reservedBytes,
      besideBytes: more,
    };
    const estimateMs = estimatedMs.json * json + estimatedMs.bytes * behind;
    const result = await this.#queue.take({ estimateMs, signal }, () => this.#readReserved<O>(task, memory, signal));
    if ('problem' in result) throw new Problem(result.problem.code, result.problem.detail, result.problem);
    arena.extend(result.top);
    // Views that another thread has sent are on the same memory, but on a buffer object of their own.
    for (const { doubles, floats } of result.rounded) arena.cacheFloat32View(doubles, arena.view(floats));
    return mapNumbers(result.plan, (numbers) => {
      return ArrayBuffer.isView(numbers) && numbers.buffer instanceof SharedArrayBuffer ? arena.view(numbers) : numbers;
    });
  }

  /**
   * Reads a body, and reserves more memory for one with more numbers than most: first for those in JSON, then for those to be widened. Tensors that it
   * names are looked up, and it is read again.
   */
  async #readReserved<O extends Operation>(task: ReadTask, memory: ScopeMemory, signal: AbortSignal): Promise<Settled<O>> {
    let { reservedBytes } = task;
    let kept: KeptTensors | undefined;
    for (;;) {
      const result = await this.#readTwice<O>({ ...task, reservedBytes, ...(kept && { kept }) }, signal);
      if ('digests' in result) {
        kept = await this.#find(result.digests);
        continue;
      }
      if (!('neededBytes' in result)) return result;
      memory.reserve(result.neededBytes - reservedBytes);
      reservedBytes = result.neededBytes;
    }
  }

  /** A body may be read once more: reading changes nothing of it. */
  async #readTwice<O extends Operation>(task: ReadTask, signal: AbortSignal | undefined): Promise<TaskResult<O>> {
    const isFinal = (error: unknown) => signal?.aborted === true || isHeapFull(error) || error instanceof RangeError;
    try {
      return await tryTwice(() => runStoppable<TaskResult<O>>(this.#threads(), task, signal), isFinal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isHeapFull(error))
        throw new Problem(
          'body_too_large',
          'Reading the body takes more memory than one request may use. Send its numbers as rectangular arrays, or as bytes.',
          { cause: error },
        );
      if (error instanceof RangeError) throw new OutOfMemoryError('not enough memory for the numbers of a body', { cause: error });
      throw new WorkerLostError('the thread that reads bodies failed', { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.#pool !== undefined) await closePool(this.#pool);
  }
}

/** Bytes of a body that are JSON, and those behind it. */
function lengthsOf({ form, bytes, jsonBytes }: RequestBody): { readonly json: number; readonly behind: number } {
  const json = form === 'npy' ? 0 : jsonBytes;
  return { json, behind: bytes.length - json };
}
