import { expect } from 'vitest';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);

/** Typed arrays of the same bytes are equal: element by element, vitest takes seconds for millions of numbers. What differs is left to it, which says where. */
const equalArrays = (a: unknown, b: unknown) =>
  ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && a.constructor === b.constructor && bytesOf(a).equals(bytesOf(b)) ? true : undefined;

// This file is run before each file of tests, and what it adds stays.
const added = Symbol.for('equalArrays is added');
if (!(added in globalThis)) {
  expect.addEqualityTesters([equalArrays]);
  Object.assign(globalThis, { [added]: true });
}
