import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';

import type { RequestBody } from './body.ts';
import { JsonReader } from '../../codecs/json-reader.ts';
import { Arena } from '../../compute/engine/arena.ts';
import { collectDropped, collectGarbage } from '../../compute/engine/collect-garbage.js';
import { TaskControl, type Stoppable } from '../../compute/engine/thread-pool.ts';
import { bytesPerNumber, dtypeOf } from '../../compute/jobs.ts';
import { Problem, type InputError, type ProblemCode } from '../../errors/problems.ts';
import type { Limits } from '../../config/limits.ts';
import { NamedTensorsError, type KeptTensor, type KeptTensors } from '../networks/named-tensors.ts';
import { mapNumbers, type Operation, type Plan, type Plans } from '../plan.ts';
import { planOfBody } from './body-to-plan.ts';

/** A body to be read, in memory that both threads see. */
export interface ReadTask {
  readonly operation: Operation;
  readonly body: Omit<RequestBody, 'bytes'> & { readonly byteOffset: number; readonly length: number };
  readonly limits: Limits;
  readonly memory: WebAssembly.Memory;
  /** The top of the memory that is taken, and of the memory that may be. */
  readonly top: number;
  readonly reservedBytes: number;
  /** Of it, what parsing may take outside of this memory. */
  readonly besideBytes: number;
  /** Tensors that the request names, once they were looked up. */
  readonly kept?: KeptTensors;
}

/** float64 of a plan, and the same as float32. */
export interface Rounded {
  readonly doubles: Float64Array;
  readonly floats: Float32Array;
}

/** The plan, with the top of the memory that it takes; or the top that has to be reserved first; or the digests of tensors to look up; or what is wrong with the body. */
export type TaskResult<O extends Operation> =
  | { readonly plan: Plans[O]; readonly rounded: readonly Rounded[]; readonly top: number }
  | { readonly neededBytes: number }
  | { readonly digests: readonly string[] }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string; readonly errors?: readonly InputError[] } };

/** The body's numbers take more memory than was reserved. */
class MoreMemoryError extends Error {
  readonly neededBytes: number;

  constructor(neededBytes: number) {
    super('more memory has to be reserved');
    this.neededBytes = neededBytes;
  }
}

/** Each number of JSON as float64, and as float32, which most kernels take. */
const parsedBytes = 12;

/** @param task null for nothing. */
export default function work<O extends Operation>(task: (ReadTask & Stoppable) | null): TaskResult<O> | undefined {
  try {
    if (task === null) return undefined;
    const control = new TaskControl(task.control);
    control.begin(threadId);
    return read(task, control);
  } finally {
    collectIfGrown();
    collectDropped();
  }
}

function read<O extends Operation>(task: ReadTask, control: TaskControl): TaskResult<O> {
  const { operation, body, limits, memory, top, reservedBytes, besideBytes } = task;
  const arena = new Arena(memory);
  arena.extend(top);
  const bytes = arena.bytes(body.byteOffset, body.length);
  const checkpoint = () => {
    control.checkpoint();
  };
  const requireBytes = (neededBytes: number) => {
    if (neededBytes > reservedBytes) throw new MoreMemoryError(neededBytes);
  };
  const reserve = (count: number) => {
    requireBytes(arena.mark() + parsedBytes * count);
  };
  try {
    const kept = task.kept && keptIn(arena, task.kept, requireBytes);
    const json = new JsonReader(arena, { reserve, checkpoint });
    const read = planOfBody(operation, { ...body, bytes }, limits, body.form === 'npy' ? undefined : json, kept) as Plans[O];
    checkpoint();
    const rounded = read.job.dtype === 'float64' ? [] : roundAll(read, arena, json);
    const plan = widenAll(read, arena, (bytes) => {
      requireBytes(arena.mark() + bytes + besideBytes);
    });
    return { plan, rounded, top: arena.mark() };
  } catch (error) {
    if (error instanceof MoreMemoryError) return { neededBytes: error.neededBytes };
    if (error instanceof NamedTensorsError) return { digests: error.digests };
    if (!(error instanceof Problem)) throw error;
    return { problem: { code: error.code, detail: error.message, ...(error.errors && { errors: error.errors }) } };
  }
}

/** Copies of kept tensors in the arena, where all numbers of a plan lie that the other thread gets. */
function keptIn(arena: Arena, kept: KeptTensors, requireBytes: (neededBytes: number) => void): KeptTensors {
  const copies = new Map<string, readonly KeptTensor[]>();
  for (const [digest, tensors] of kept)
    copies.set(
      digest,
      tensors.map((tensor) => {
        const { length } = tensor.bytes;
        requireBytes(arena.mark() + length);
        const address = arena.allocate(length);
        arena.setBytes(address, tensor.bytes);
        return { ...tensor, bytes: arena.bytes(address, length) };
      }),
    );
  return copies;
}

/** A heap that has grown by more is collected at once. */
const maxKeptBytes = 64 * 2 ** 20;

function collectIfGrown(): void {
  const { total_heap_size: heap, external_memory: external } = getHeapStatistics();
  if (heap + external >= maxKeptBytes) collectGarbage();
}

/** Rounds a plan's float64 in the arena to float32, which most kernels take: on the main thread it would keep other requests waiting. */
function roundAll(plan: Plan, arena: Arena, json: JsonReader): Rounded[] {
  const rounded: Rounded[] = [];
  mapNumbers(plan, (array) => {
    if (array instanceof Float64Array && arena.holds(array)) {
      rounded.push({ doubles: array, floats: json.round(array) });
    }
    return array;
  });
  return rounded;
}

/**
 * Widens a plan's integers and half floats to what its job computes with, where kernels read them.
 *
 * @param reserve is called with the bytes that this takes, before it is done.
 */
function widenAll<P extends Plan>(plan: P, arena: Arena, reserve: (bytes: number) => void): P {
  const dtype = dtypeOf(plan.job);
  let count = 0;
  mapNumbers(plan, (numbers) => {
    if (!ArrayBuffer.isView(numbers)) count += numbers.length;
  });
  if (count === 0) return plan;
  reserve(bytesPerNumber[dtype] * count);
  return mapNumbers(plan, (numbers) => {
    if (ArrayBuffer.isView(numbers)) return numbers;
    const { length } = numbers;
    return arena.numbers(dtype, arena.put(dtype, numbers, length), length);
  });
}
