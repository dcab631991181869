import { JsonWriter } from './json-writer.ts';

/** Numbers that are printed before other requests get their turn: some tenths of a millisecond's work. */
export const sliceNumbers = 8192;

/**
 * Prints slices of answers that have no memory of their own, each from `begin` to `finish` at once, between the parts of other answers: never
 * in the writer that those are written with.
 */
export const sliceWriter = new JsonWriter();
