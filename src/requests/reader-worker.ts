import type { RequestBody } from '../bodies/request-body.ts';
import { JsonNumbersReader } from '../codecs/json-numbers-reader.ts';
import { lookThroughWith } from '../codecs/magnitude.ts';
import { Arena } from '../compute/arena.ts';
import { Problem, type InputError, type ProblemCode } from '../errors/problems.ts';
import type { Limits } from '../limits.ts';
import { mapArrays } from './map-arrays.ts';
import type { Operation, Plan, Plans } from './plan.ts';
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

/** float64 of a plan, and the same as float32. */
export interface Rounded {
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
}

/** The plan and how far the memory is taken with it, or what is wrong with the body. */
export type TaskResult<O extends Operation> =
  | { readonly plan: Plans[O]; readonly rounded: readonly Rounded[]; readonly top: number }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string; readonly errors?: readonly InputError[] } };

/** @param task null for nothing. */
export default function work<O extends Operation>(task: ReadTask | null): TaskResult<O> | undefined {
  if (task === null) return undefined;
  const { operation, body, limits, module, memory, top } = task;
  lookThroughWith(module);
  const arena = new Arena(memory);
  arena.extend(top);
  const bytes = arena.bytes(body.byteOffset, body.length);
  const numbers = new JsonNumbersReader(module, arena);
  try {
    const plan = readRequest(operation, { ...body, bytes }, limits, body.form === 'npy' ? undefined : numbers) as Plans[O];
    return { plan, rounded: plan.job.dtype === 'float64' ? [] : roundAll(plan, arena, numbers), top: arena.mark() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: { code: error.code, detail: error.message, ...(error.errors && { errors: error.errors }) } };
  }
}

/** Rounds what lies in the arena to float32, which most kernels take: on the main thread it would keep other requests waiting. */
function roundAll(plan: Plan, arena: Arena, numbers: JsonNumbersReader): Rounded[] {
  const rounded: Rounded[] = [];
  mapArrays(plan, (array) => {
    if (array instanceof Float64Array && arena.holds(array)) {
      rounded.push({ doubles: array, floats: numbers.round(array) });
    }
    return array;
  });
  return rounded;
}
