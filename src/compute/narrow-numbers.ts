/** Integers as arrays have them, or the bits of other numbers. */
type Stored = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

interface TypeRule {
  /** Of a number; an eighth where eight share one. */
  readonly bytes: number;
  readonly Stored: { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBufferLike, byteOffset: number, length: number): Stored };
  /** The index of the first number in [from, to) that is not one of the type or that float32 does not hold, or -1, as it always is unless given. */
  readonly findUnfit?: FindUnfit;
  /** How numbers are read that are no elements of the array. */
  readonly packed?: Packed;
}

type FindUnfit = (stored: Stored, from: number, to: number) => number;

interface Packed {
  read(stored: Stored, index: number): number;
  write(stored: Stored, target: Floats, at: number, from: number, to: number): void;
}

type Floats = Float32Array | Float64Array;

/** The types of numbers that no kernel computes with, and that are widened to float32 or float64. */
export type NarrowType =
  'bits' | 'bool' | 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'uint64' | 'int64' | 'float16' | 'bfloat16';

// Each has loops of its own: one loop over functions takes ten times as long.

function findAbove1(stored: Stored, from: number, to: number): number {
  for (let i = from; i < to; i++) if (stored[i]! > 1) return i;
  return -1;
}

function findInexact32(stored: Stored, from: number, to: number): number {
  for (let i = from; i < to; i++) if (Math.fround(stored[i]!) !== stored[i]) return i;
  return -1;
}

/** Integers of 64 bits: the low half stands first, as an element of its own. What float64 does not hold is rounded. */
const integer64: Packed = {
  read: (stored, index) => stored[2 * index + 1]! * 2 ** 32 + (stored[2 * index]! >>> 0),
  write: (stored, target, at, from, to) => {
    for (let i = from; i < to; i++) target[at + i - from] = stored[2 * i + 1]! * 2 ** 32 + (stored[2 * i]! >>> 0);
  },
};

function findInexact64(stored: Stored, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const low = stored[2 * i]! >>> 0;
    const high = stored[2 * i + 1]! * 2 ** 32;
    const value = high + low;
    if (value - high !== low || Math.fround(value) !== value) return i;
  }
  return -1;
}

/** Eight numbers a byte, the first in its highest bit. */
const packedBits: Packed = {
  read: bitAt,
  write: (stored, target, at, from, to) => {
    for (let i = from; i < to; i++) target[at + i - from] = bitAt(stored, i);
  },
};

function bitAt(stored: Stored, index: number): number {
  return (stored[index >>> 3]! >> (7 - (index & 7))) & 1;
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * A number of IEEE 754's binary16. Its fraction of 10 bits goes to the top of float32's 23, and the bias of its exponent is less by 112; the largest
 * exponent means infinity or NaN.
 */
function fromFloat16(half: number): number {
  bits[0] = (half & 0x7fff) << 13;
  const magnitude = float[0]! * 2 ** 112;
  const value = magnitude < 2 ** 16 ? magnitude : (half & 0x3ff) === 0 ? Infinity : NaN;
  return (half & 0x8000) === 0 ? value : -value;
}

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}

const float16: Packed = {
  read: (stored, index) => fromFloat16(stored[index]!),
  write: (stored, target, at, from, to) => {
    for (let i = from; i < to; i++) target[at + i - from] = fromFloat16(stored[i]!);
  },
};

const bfloat16: Packed = {
  read: (stored, index) => fromBfloat16(stored[index]!),
  write: (stored, target, at, from, to) => {
    for (let i = from; i < to; i++) target[at + i - from] = fromBfloat16(stored[i]!);
  },
};

/** Finds what is infinite or NaN. @param exponent the bits of the exponent. */
function findNotFinite(exponent: number): FindUnfit {
  return (stored, from, to) => {
    for (let i = from; i < to; i++) if ((stored[i]! & exponent) === exponent) return i;
    return -1;
  };
}

const rules: Readonly<Record<NarrowType, TypeRule>> = {
  bits: { bytes: 1 / 8, Stored: Uint8Array, packed: packedBits },
  bool: { bytes: 1, Stored: Uint8Array, findUnfit: findAbove1 },
  uint8: { bytes: 1, Stored: Uint8Array },
  int8: { bytes: 1, Stored: Int8Array },
  uint16: { bytes: 2, Stored: Uint16Array },
  int16: { bytes: 2, Stored: Int16Array },
  uint32: { bytes: 4, Stored: Uint32Array, findUnfit: findInexact32 },
  int32: { bytes: 4, Stored: Int32Array, findUnfit: findInexact32 },
  uint64: { bytes: 8, Stored: Uint32Array, findUnfit: findInexact64, packed: integer64 },
  int64: { bytes: 8, Stored: Int32Array, findUnfit: findInexact64, packed: integer64 },
  float16: { bytes: 2, Stored: Uint16Array, findUnfit: findNotFinite(0x7c00), packed: float16 },
  bfloat16: { bytes: 2, Stored: Uint16Array, findUnfit: findNotFinite(0x7f80), packed: bfloat16 },
};

/** Numbers as they were sent: plain data, from which wider ones are made once their memory is reserved. */
export interface NarrowNumbers {
  readonly generate: 'widened';
  readonly type: NarrowType;
  readonly stored: Stored;
  readonly offset: number;
  readonly length: number;
}

/** How many bytes a number takes, an eighth of one where eight share it. */
export function bytesOfNarrow(type: NarrowType): number {
  return rules[type].bytes;
}

/**
 * Little-endian bytes as numbers: a view on them where their address allows.
 *
 * @param count how many numbers they are; bits may be fewer than their bytes have.
 */
export function narrowNumbers(type: NarrowType, bytes: Uint8Array, count = bytes.length / rules[type].bytes): NarrowNumbers {
  const { Stored } = rules[type];
  const width = Stored.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, length } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return { generate: 'widened', type, stored: new Stored(buffer, byteOffset, length / width), offset: 0, length: count };
}

/** The number at an index. */
export function narrowAt({ type, stored, offset }: NarrowNumbers, index: number): number {
  const { packed } = rules[type];
  return packed === undefined ? stored[offset + index]! : packed.read(stored, offset + index);
}

/** The number at an index with all its digits. */
export function narrowText(numbers: NarrowNumbers, index: number): string {
  const { type, stored, offset } = numbers;
  if (rules[type].packed !== integer64) return String(narrowAt(numbers, index));
  const at = 2 * (offset + index);
  return String(BigInt(stored[at + 1]!) * 2n ** 32n + BigInt(stored[at]! >>> 0));
}

/** The index of the first number that is not one of its type, as no byte above 1 is a bool, or that is no finite float32; or -1. */
export function indexOfUnfit({ type, stored, offset, length }: NarrowNumbers): number {
  const found = rules[type].findUnfit?.(stored, offset, offset + length) ?? -1;
  return found < 0 ? -1 : found - offset;
}

/** Whether a bit is set behind the last of numbers that share bytes. */
export function hasBitsBehind({ type, stored, offset, length }: NarrowNumbers): boolean {
  if (type !== 'bits') return false;
  for (let index = offset + length; index < 8 * stored.length; index++) if (bitAt(stored, index) !== 0) return true;
  return false;
}

/** The least and the largest of at least one number. */
export function extremesOfNarrow(numbers: NarrowNumbers): readonly [number, number] {
  let [least, largest] = [Infinity, -Infinity];
  for (let index = 0; index < numbers.length; index++) {
    const value = narrowAt(numbers, index);
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return [least, largest];
}

/** Writes numbers [from, to) to `target` from index `at` on. */
export function widen({ type, stored, offset }: NarrowNumbers, target: Floats, at: number, from: number, to: number): void {
  const { packed } = rules[type];
  // One call is ten times as fast as a loop.
  if (packed === undefined) target.set(stored.subarray(offset + from, offset + to), at);
  else packed.write(stored, target, at, offset + from, offset + to);
}
