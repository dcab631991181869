/** Where an array of so many bytes lies: at an offset of a buffer that it may share with others. */
export interface Place {
  readonly buffer: ArrayBuffer;
  readonly offset: number;
}

/** Arrays of so many bytes share buffers: one of its own costs a microsecond, and as much again to collect. V8 keeps shorter ones beside its objects. */
const shared = { from: 65, to: 4096 };
const slabBytes = 16 * 1024;
let slab = new ArrayBuffer(slabBytes);
let top = 0;

/** Whether arrays of so many bytes share buffers. */
export function isShared(bytes: number): boolean {
  return bytes >= shared.from && bytes <= shared.to;
}

/** A place for an array that shares its buffer. It lies at a multiple of 8, and holds zeros. */
export function placeFor(bytes: number): Place {
  if (top + bytes > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    top = 0;
  }
  const place = { buffer: slab, offset: top };
  top += Math.ceil(bytes / 8) * 8;
  return place;
}

/** Zeros as float64. */
export function float64Zeros(length: number): Float64Array {
  if (!isShared(8 * length)) return new Float64Array(length);
  const { buffer, offset } = placeFor(8 * length);
  return new Float64Array(buffer, offset, length);
}
