import type { Piscina } from 'piscina';

import type { RequestBody } from '../bodies/request-body.ts';
import { InlineNumbers } from '../codecs/inline-numbers.ts';
import { NumberCodec } from '../codecs/json-numbers/number-codec.ts';
import { cutOf, HalvesBoard } from '../codecs/text-halves.ts';
import type { Arena } from '../compute/arena.ts';
import { WorkerLostError } from '../compute/backend.ts';
import type { RequestScope } from '../compute/scope.ts';
import { threadPool, tryTwice } from '../compute/thread-pool.ts';
import { WaitingLine } from '../compute/waiting-line.ts';
import { Problem } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import type { Operation, Plans } from './plan.ts';
import type { ReadTask, SecondHalfTask, TaskResult } from './reader-worker.ts';
import { readRequest } from './read-request.ts';
import { mapArrays } from './map-arrays.ts';

/** Shorter JSON is read faster by JSON.parse alone. */
const fewestBytes = 2048;
/** Of bodies in an arena, those with so little JSON and so many bytes behind it are looked through in less time than handing them to a thread takes. */
const mostInline = { json: 16 * 1024, bytes: 4 * 2 ** 20 };
/** JSON of so many bytes is read by two threads, where it has a number in the middle: less takes less time than it takes them to meet. */
const fewestSplit = 2 * 2 ** 20;
/** About how long a byte takes to read, in milliseconds. */
const estimatedMs = { json: 3e-6, bytes: 2e-7 };
/** Memory that a body's numbers take for each of its bytes: few digits make many numbers. */
const memoryPerByte = { json: 2, bytes: 1 };

/** Reads bodies: those that lie in an arena in a thread, so that they block no other request, and smaller ones at once. */
export class RequestReader {
  readonly #limits: Limits;
  readonly #module: WebAssembly.Module;
  readonly #inline: InlineNumbers;
  readonly #mostThreads: number;
  #pool: Piscina | undefined;
  readonly #line: WaitingLine;
  readonly #isWide: boolean;

  /**
   * @param module the number codec's.
   * @param longestWaitMs how long a body may have to wait for a thread before its request is turned away.
   */
  constructor(module: WebAssembly.Module, limits: Limits, threads: number, longestWaitMs?: number) {
    this.#limits = limits;
    this.#module = module;
    this.#inline = new InlineNumbers(module);
    this.#mostThreads = threads;
    this.#line = new WaitingLine({ atOnce: threads, longestWaitMs });
    this.#isWide = threads > 1;
  }

  /** Has a thread started and kept: its modules take a fifth of a second to load, which a large body would have to wait for. */
  warm(): void {
    this.#pool ??= threadPool('reader-worker', import.meta.url, this.#mostThreads, 1);
  }

  get #threads(): Piscina {
    this.warm();
    return this.#pool!;
  }

  /**
   * @param scope in whose memory a large body lies; what the plan holds may be views on it.
   * @throws {Problem} when the body is not valid or asks for too much.
   * @throws {OverloadError} when it would have to wait for too long, or there is no memory for it beside others.
   */
  read<O extends Operation>(operation: O, body: RequestBody, scope: RequestScope): Plans[O] | Promise<Plans[O]> {
    const { json, behind } = lengthsOf(body);
    if (scope.arena?.holds(body.bytes) === true && (json > mostInline.json || behind > mostInline.bytes)) return this.#readInThread(operation, body, scope);
    const numbers = json >= fewestBytes ? this.#inline : undefined;
    return readRequest(operation, body, this.#limits, numbers);
  }

  async #readInThread<O extends Operation>(operation: O, body: RequestBody, { memory, signal }: RequestScope): Promise<Plans[O]> {
    const { form, bytes, jsonBytes, query } = body;
    const { arena } = memory;
    const { json, behind } = lengthsOf(body);
    memory.reserve(memoryPerByte.json * json + memoryPerByte.bytes * behind);
    const { byteOffset, length } = bytes;
    const secondHalf = this.#secondHalfOf(bytes.subarray(0, json), arena);
    const task: ReadTask = {
      operation,
      body: { form, byteOffset, length, jsonBytes, query },
      limits: this.#limits,
      module: this.#module,
      memory: arena.memory,
      top: arena.mark(),
      board: secondHalf?.board,
    };
    const estimate = estimatedMs.json * json + estimatedMs.bytes * behind;
    let result: TaskResult<O>;
    try {
      result = await this.#line.take({ estimateMs: estimate, signal }, () => {
        const reading = this.#readTwice<O>(task);
        // Nobody waits for it but the first thread, which can do without.
        if (secondHalf) void this.#threads.run(secondHalf, { name: 'readSecondHalf' }).catch(() => { new HalvesBoard(secondHalf.board).giveUp(); });
        return reading;
      });
    } finally {
      if (secondHalf && new HalvesBoard(secondHalf.board).isOpen) memory.poison();
    }
    if ('problem' in result) throw new Problem(result.problem.code, result.problem.detail, result.problem);
    arena.extend(result.top);
    // Sent between threads, views on the arena are views on the same memory by another name.
    for (const { doubles, floats } of result.rounded) arena.knowFloats(doubles, arena.view(floats));
    return mapArrays(result.plan, (array) => (array.buffer instanceof SharedArrayBuffer ? arena.view(array) : array));
  }

  /** What another thread can do for the one that reads long JSON. */
  #secondHalfOf(text: Uint8Array, arena: Arena): SecondHalfTask | undefined {
    const cut = this.#isWide && text.length >= fewestSplit ? cutOf(text) : undefined;
    if (cut === undefined) return undefined;
    const { byteOffset, length } = text;
    return { byteOffset, length, module: this.#module, memory: arena.memory, codecAt: arena.allocate(NumberCodec.bytes), board: HalvesBoard.memory(cut) };
  }

  /** A body may be read once more: reading changes nothing of it. */
  async #readTwice<O extends Operation>(task: ReadTask): Promise<TaskResult<O>> {
    try {
      return (await tryTwice(() => this.#threads.run(task))) as TaskResult<O>;
    } catch (error) {
      throw error instanceof RangeError ? error : new WorkerLostError('the thread that reads bodies failed', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

/** Bytes of a body that are JSON, and those behind it. */
function lengthsOf({ form, bytes, jsonBytes }: RequestBody): { readonly json: number; readonly behind: number } {
  const json = form === 'npy' ? 0 : jsonBytes;
  return { json, behind: bytes.length - json };
}
