import { setImmediate as atEndOfTurn } from 'node:timers/promises';

/** An answer's bytes, or what makes them when it is their turn: at once in slices, or as they are computed. */
export type Piece = Uint8Array | (() => Iterable<Uint8Array>) | (() => AsyncIterable<Uint8Array>);

/** Numbers that are printed in a slice: some tenths of a millisecond's work. */
export const sliceNumbers = 8192;

/** The bytes of pieces in order. Other requests get their turn between any two slices. */
export async function* bytesOf(pieces: readonly Piece[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (typeof piece !== 'function') {
      yield piece;
      continue;
    }
    for await (const slice of piece()) {
      yield slice;
      await atEndOfTurn();
    }
  }
}

/** Bytes of all pieces together, where they are there already. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}
