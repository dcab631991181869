/** Where an array lies: at an offset of a buffer that it may share with others. */
export interface Place {
  readonly buffer: ArrayBuffer;
  /** A multiple of 8. */
  readonly offset: number;
}

/** Arrays of up to so many bytes share buffers: one of its own costs a microsecond, and as much again to collect. */
const mostShared = 4096;
/** V8 keeps such beside its objects. */
const mostBesideObjects = 64;
const slabBytes = 16 * 1024;
let slab = new ArrayBuffer(slabBytes);
let top = 0;

/** A place for so many bytes, all of them 0. */
export function placeFor(bytes: number): Place {
  if (bytes > mostShared) return { buffer: new ArrayBuffer(bytes), offset: 0 };
  if (top + bytes > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    top = 0;
  }
  const place = { buffer: slab, offset: top };
  top += Math.ceil(bytes / 8) * 8;
  return place;
}

/** So many zeros. */
export function float64Zeros(length: number): Float64Array {
  const bytes = 8 * length;
  if (bytes <= mostBesideObjects || bytes > mostShared) return new Float64Array(length);
  const { buffer, offset } = placeFor(bytes);
  return new Float64Array(buffer, offset, length);
}
