/** An answer's bytes, or what makes them when it is their turn: at once in slices, or as they are computed. */
export type Chunk = Uint8Array | (() => Iterable<Uint8Array> | AsyncIterable<Uint8Array>);

/** Bytes of a slice of text, about: some tenths of a millisecond's work. */
export const sliceBytes = 64 * 1024;

/** Numbers that are checked or converted in one go. */
export const sliceValues = 65_536;

/** How long work holds the event loop before others get their turn, in milliseconds. */
const maxHeldMs = 3;

const waiting: (() => void)[] = [];

/** Resolves in a later tick. Each tick resumes the one that has waited longest, so that all of them together hold the event loop no longer than one. */
function laterTick(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(resumeFirst);
  });
}

function resumeFirst(): void {
  waiting.shift()!();
  if (waiting.length > 0) setImmediate(resumeFirst);
}

/** Divides long work among ticks by the time that it takes. */
export class Pacer {
  // The first pause always waits: the tick in which the work begins may have lasted long already.
  #until = 0;

  /** Gives way to the event loop when the work has held it for some milliseconds. To be called between steps of tenths of a millisecond. */
  async pause(): Promise<void> {
    if (performance.now() < this.#until) return;
    await laterTick();
    this.#until = performance.now() + maxHeldMs;
  }
}

/** The bytes of pieces in order. Other requests get their turn between slices. */
export async function* bytesOf(pieces: readonly Chunk[]): AsyncGenerator<Uint8Array> {
  const pacer = new Pacer();
  for (const piece of pieces) {
    if (typeof piece !== 'function') {
      yield piece;
      continue;
    }
    await pacer.pause();
    for await (const slice of piece()) {
      yield slice;
      await pacer.pause();
    }
  }
}

/** Bytes of all pieces together, where they are there already. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}
