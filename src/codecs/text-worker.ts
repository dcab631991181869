import { Arena } from '../compute/arena.ts';
import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { JsonWriter } from './json-writer.ts';
import { TensorText } from './tensor-text.ts';

/** A part of a tensor to be printed, in memory that both threads see. */
export interface TextTask {
  /** The number codec's. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly values: TensorValues;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly from: number;
  readonly to: number;
  /** Where in the memory the thread may write as much as a writer takes for its part. */
  readonly address: number;
}

/** Where the text lies. */
export interface PrintedText {
  readonly address: number;
  readonly length: number;
}

/** @param task null for nothing. */
export default function work(task: TextTask | null): PrintedText | undefined {
  if (task === null) return undefined;
  const { module, memory, values, shape, dtype, from, to, address } = task;
  const arena = new Arena(memory);
  arena.extend(address);
  const writer = new JsonWriter(module, arena, TensorText.mostBytes(shape, to - from));
  writer.begin(dtype);
  new TensorText(shape, from).write(writer, values, from, to);
  const { byteOffset, length } = writer.finish();
  return { address: byteOffset, length };
}
