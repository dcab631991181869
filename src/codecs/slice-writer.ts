import { numberCodec } from './json-numbers/compiled.ts';
import { JsonWriter } from './json-writer.ts';

/**
 * Prints slices of answers that have no memory of their own, each from `begin` to `finish` at once, between the parts of other answers: never
 * in the writer that those are written with.
 */
export const sliceWriter = new JsonWriter(numberCodec);
