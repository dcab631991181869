import { JsonWriter } from './json-writer.ts';

/** Numbers that are printed before other requests get their turn. Longer slices are no faster: memory for more than 128 kB comes from the system each time. */
export const sliceNumbers = 4096;

/** Prints slices, each from `begin` to `finish` at once, between the parts of other answers: never in the writer that those are written with. */
export const sliceWriter = new JsonWriter();
