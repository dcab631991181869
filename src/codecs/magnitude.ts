import { memoryOf } from '../compute/engine/arena.ts';
import type { Values } from '../compute/jobs.ts';
import { bytesAtOnce } from './json-numbers/magnitude-text.ts';

/** The least magnitude that rounds to infinity in float32: halfway between the largest float32 and 2^128. */
export const beyondFloat32 = 2 ** 128 - 2 ** 103;

/** Fewer numbers are looked through in less time than a call takes to prepare. */
const minAtOnce = 1024;

interface Exports {
  allBelow32(at: number, end: number, bound: number): number;
  allBelow64(at: number, end: number, bound: number): number;
}

let module: WebAssembly.Module | undefined;
const instances = new WeakMap<WebAssembly.Memory, Exports>();

/** Says with which module of the number codec this thread looks through numbers that lie in arenas. */
export function lookThroughWith(numberCodec: WebAssembly.Module): void {
  module = numberCodec;
}

/** Index of the first number whose magnitude is not below a bound, as NaN's never is, or -1. */
export function indexOfMagnitudeAtLeast(values: ArrayLike<number>, bound: number): number {
  const known = values instanceof Float32Array || values instanceof Float64Array ? countBelow(values, bound) : 0;
  // What float32 hold is below either bound that is asked for, or not finite.
  if (known === 0 && values instanceof Float32Array && bound >= beyondFloat32 && areFinite(values)) return -1;
  // A plain loop: `findIndex` with its callback takes ten times as long.
  for (let at = known; at < values.length; at++) {
    if (!(Math.abs(values[at]!) < bound)) return at;
  }
  return -1;
}

/** Of how many numbers from the first on is known that they are below the bound: of all that one call could look through, or none. */
function countBelow(values: Values, bound: number): number {
  const memory = values.length < minAtOnce ? undefined : memoryOf(values);
  if (memory === undefined || module === undefined) return 0;
  let functions = instances.get(memory);
  if (functions === undefined) {
    functions = instanceOf(module, memory);
    instances.set(memory, functions);
  }
  const { byteOffset, byteLength, BYTES_PER_ELEMENT } = values;
  const bytes = byteLength - (byteLength % bytesAtOnce);
  const end = byteOffset + bytes;
  const areBelow =
    values instanceof Float32Array
      ? functions.allBelow32(byteOffset, end, Math.fround(bound))
      : functions.allBelow64(byteOffset, end, bound);
  return areBelow === 1 ? bytes / BYTES_PER_ELEMENT : 0;
}

/** Four sums at a time, since each addition waits for the one before; a loop of its own for float32 alone is compiled for them. */
function areFinite(values: Float32Array): boolean {
  const whole = values.length - (values.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    // 0 for what is finite, else NaN.
    a += values[i]! * 0;
    b += values[i + 1]! * 0;
    c += values[i + 2]! * 0;
    d += values[i + 3]! * 0;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * 0;
  return a + b + c + d === 0;
}

/** Nothing of the number codec's state or tables is needed, so that it gets none. */
function instanceOf(numberCodec: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const none = () => 0;
  const env = { memory, base: 0, number: none, print: none };
  return new WebAssembly.Instance(numberCodec, { env }).exports as unknown as Exports;
}
