import type { ElementType } from '../src/codecs/element-types.ts';

/** Numbers as little-endian bytes of a type: rounded to its floats, or as its integers have them. */
export function elementBytes(type: ElementType, values: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(arrayOf(type, values).buffer);
}

function arrayOf(type: ElementType, values: readonly number[]): { readonly buffer: ArrayBuffer } {
  switch (type) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'bits':
      return packed(values);
    case 'bool':
    case 'uint8':
      return Uint8Array.from(values);
    case 'int8':
      return Int8Array.from(values);
    case 'uint16':
      return Uint16Array.from(values);
    case 'int16':
      return Int16Array.from(values);
    case 'uint32':
      return Uint32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'uint64':
      return BigUint64Array.from(values, BigInt);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
    case 'float16':
      return Uint16Array.from(values, float16Bits);
    case 'bfloat16':
      return Uint16Array.from(values, bfloat16Bits);
  }
}

/** As numpy.packbits: eight a byte, the first in its highest bit. */
function packed(values: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(values.length / 8));
  for (const [i, value] of values.entries()) if (value !== 0) bytes[i >>> 3]! |= 0x80 >> (i & 7);
  return bytes;
}

function float16Bits(value: number): number {
  const sign = Object.is(Math.sign(value), -0) || value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65_520) return sign + 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  // A fraction that is rounded up to 2 is carried into the exponent.
  return sign + (exponent + 14) * 1024 + Math.round(magnitude / 2 ** (exponent - 10));
}

function bfloat16Bits(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  return Number.isNaN(value) ? 0x7fc0 : (bits + 0x8000) >>> 16;
}
