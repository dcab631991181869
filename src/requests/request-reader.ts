import { Piscina } from 'piscina';

import type { RequestBody } from '../bodies/request-body.ts';
import { InlineNumbers } from '../codecs/inline-numbers.ts';
import type { Arena } from '../compute/arena.ts';
import { Problem } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import type { Operation, Plans } from './plan.ts';
import type { ReadTask, TaskResult } from './reader-worker.ts';
import { readRequest } from './read-request.ts';
import { mapArrays } from './map-arrays.ts';

/** Shorter JSON is read faster by JSON.parse alone. */
const fewestBytes = 2048;
/** A thread ends after so long without a body. */
const idleMs = 30_000;

/** Reads bodies: those that lie in an arena in a thread, so that they block no other request, and smaller ones at once. */
export class RequestReader {
  readonly #limits: Limits;
  readonly #module: WebAssembly.Module;
  readonly #inline: InlineNumbers;
  readonly #threads: Piscina;

  /** @param module the number codec's. */
  constructor(module: WebAssembly.Module, limits: Limits, threads: number) {
    this.#limits = limits;
    this.#module = module;
    this.#inline = new InlineNumbers(module);
    this.#threads = new Piscina({ ...workerModule(), minThreads: 0, maxThreads: threads, idleTimeout: idleMs });
  }

  /**
   * @param arena in which the body lies, if it does; what the plan holds may be views on it.
   * @throws {Problem} when the body is not valid or asks for too much.
   */
  read<O extends Operation>(operation: O, body: RequestBody, arena: Arena | undefined): Plans[O] | Promise<Plans[O]> {
    if (arena !== undefined) return this.#readInThread(operation, body, arena);
    const numbers = body.form !== 'npy' && body.bytes.length >= fewestBytes ? this.#inline : undefined;
    return readRequest(operation, body, this.#limits, numbers);
  }

  async #readInThread<O extends Operation>(operation: O, body: RequestBody, arena: Arena): Promise<Plans[O]> {
    const { form, bytes, jsonBytes, query } = body;
    const { byteOffset, length } = bytes;
    const task: ReadTask = {
      operation,
      body: { form, byteOffset, length, jsonBytes, query },
      limits: this.#limits,
      module: this.#module,
      memory: arena.memory,
      top: arena.mark(),
    };
    const result = (await this.#threads.run(task)) as TaskResult<O>;
    if ('problem' in result) throw new Problem(result.problem.code, result.problem.detail, result.problem);
    arena.extend(result.top);
    // Sent between threads, views on the arena are views on the same memory by another name.
    for (const { doubles, floats } of result.rounded) arena.knowFloats(doubles, arena.view(floats));
    return mapArrays(result.plan, (array) => (array.buffer instanceof SharedArrayBuffer ? arena.view(array) : array));
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }
}

/** Where a thread finds its code: beside this module, which is JavaScript when it was built, and else TypeScript, which tsx loads. */
function workerModule(): { filename: string; execArgv?: string[] } {
  if (!import.meta.url.endsWith('.ts')) return { filename: new URL('./reader-worker.js', import.meta.url).href };
  return { filename: new URL('./reader-worker.ts', import.meta.url).href, execArgv: ['--import', 'tsx'] };
}
