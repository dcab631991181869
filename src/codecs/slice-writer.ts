import { numberCodec } from './json-numbers/compiled.ts';
import { JsonWriter } from './json-writer.ts';

/** Prints the slices of all answers: each from `begin` to `finish` within one tick, so that one writer serves them all. */
export const sliceWriter = new JsonWriter(numberCodec);
