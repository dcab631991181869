import { Arena } from '../compute/engine/arena.ts';
import { collectDropped } from '../compute/engine/collect-garbage.js';
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
  /** Not 0 once nobody wants the text any more. */
  readonly stopped: Int32Array;
}

/** Where the text lies. */
export interface PrintedText {
  readonly address: number;
  readonly length: number;
}

/** Numbers between two looks at whether the text is still wanted. */
const numbersAtOnce = 8192;

/** @param task null for nothing. */
export default function work(task: TextTask | null): PrintedText | undefined {
  try {
    return task === null ? undefined : print(task);
  } finally {
    collectDropped();
  }
}

function print({ module, memory, values, shape, dtype, from, to, address, stopped }: TextTask): PrintedText {
  if (Atomics.load(stopped, 0) !== 0) return { address, length: 0 };
  const arena = new Arena(memory);
  arena.extend(address);
  const writer = new JsonWriter(module, arena, TensorText.maxBytes(shape, to - from));
  writer.begin(dtype);
  const text = new TensorText(shape, from);
  for (let at = from; at < to && Atomics.load(stopped, 0) === 0; at += numbersAtOnce)
    text.write(writer, values, at, Math.min(at + numbersAtOnce, to));
  const { byteOffset, length } = writer.finish();
  return { address: byteOffset, length };
}
