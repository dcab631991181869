import type { RequestBody } from '../bodies/request-body.ts';
import { JsonNumbersReader } from '../codecs/json-numbers-reader.ts';
import { Arena } from '../compute/arena.ts';
import { Problem, type InputError, type ProblemCode } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import type { Operation, Plans } from './plan.ts';
import { readRequest } from './read-request.ts';

/** A body to be read, in memory that both threads see. */
export interface ReadTask {
  readonly operation: Operation;
  readonly body: Omit<RequestBody, 'bytes'> & { readonly byteOffset: number; readonly length: number };
  readonly limits: Limits;
  /** The number codec's. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** How far the memory is taken. */
  readonly top: number;
}

/** The plan and how far the memory is taken with it, or what is wrong with the body. */
export type TaskResult<O extends Operation> =
  | { readonly plan: Plans[O]; readonly top: number }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string; readonly errors?: readonly InputError[] } };

export default function work<O extends Operation>({ operation, body, limits, module, memory, top }: ReadTask): TaskResult<O> {
  const arena = new Arena(memory);
  arena.extend(top);
  const bytes = arena.bytes(body.byteOffset, body.length);
  const numbers = body.form === 'npy' ? undefined : new JsonNumbersReader(module, arena);
  try {
    const plan = readRequest(operation, { ...body, bytes }, limits, numbers) as Plans[O];
    return { plan, top: arena.mark() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: { code: error.code, detail: error.message, ...(error.errors && { errors: error.errors }) } };
  }
}
