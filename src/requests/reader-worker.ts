import type { RequestBody } from '../bodies/request-body.ts';
import { JsonNumbersReader } from '../codecs/json-numbers-reader.ts';
import { NumberCodec } from '../codecs/json-numbers/number-codec.ts';
import { lookThroughWith } from '../codecs/magnitude.ts';
import { HalvesBoard } from '../codecs/text-halves.ts';
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
  /** Where another thread may offer to read the second half. */
  readonly board: SharedArrayBuffer | undefined;
}

/** The second half of a body to be read, if the thread that reads the first wants it. */
export interface SecondHalfTask {
  /** Of the JSON. */
  readonly byteOffset: number;
  readonly length: number;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where in the memory the thread may have a number codec. */
  readonly codecAt: number;
  readonly board: SharedArrayBuffer;
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
  const board = task.board && new HalvesBoard(task.board);
  lookThroughWith(module);
  const arena = new Arena(memory);
  arena.extend(top);
  const bytes = arena.bytes(body.byteOffset, body.length);
  const numbers = new JsonNumbersReader(module, arena);
  const parser = { parse: (json: Uint8Array) => numbers.parse(json, board) };
  try {
    const plan = readRequest(operation, { ...body, bytes }, limits, body.form === 'npy' ? undefined : parser) as Plans[O];
    return { plan, rounded: plan.job.dtype === 'float64' ? [] : roundAll(plan, arena, numbers), top: arena.mark() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { problem: { code: error.code, detail: error.message, ...(error.errors && { errors: error.errors }) } };
  } finally {
    board?.leave();
  }
}

/** Reads the second half of a body for the thread that reads the first. */
export function readSecondHalf({ byteOffset, length, module, memory, codecAt, board: shared }: SecondHalfTask): void {
  const board = new HalvesBoard(shared);
  if (!board.come()) return;
  try {
    const codec = new NumberCodec(module, memory, codecAt);
    const from = byteOffset + board.cut;
    const end = byteOffset + length;
    const asked = board.awaitRequest(codec.lookThrough(from, end));
    if (asked !== undefined) board.answer(codec.readOn(from, end, asked.out, asked.depth));
  } finally {
    board.giveUp();
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
