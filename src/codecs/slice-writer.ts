import { JsonWriter } from './json-writer.ts';

/** Numbers that are printed before other requests get their turn: about a millisecond's work. */
export const sliceNumbers = 32_768;

/** Prints slices, each from `begin` to `finish` at once, between the parts of other answers: never in the writer that those are written with. */
export const sliceWriter = new JsonWriter();
