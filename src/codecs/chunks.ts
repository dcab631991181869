/** Bytes of an answer, or what makes them when it is their turn: at once in slices, or as they are computed. */
export type Chunk = Uint8Array | (() => Iterable<Uint8Array> | AsyncIterable<Uint8Array>);

/** Bytes of a slice of text, about: some tenths of a millisecond's work. */
export const sliceBytes = 64 * 1024;

/** Numbers of a slice that is checked or converted at once. */
export const sliceValues = 65_536;

/** How long work may hold the event loop before it yields, in milliseconds. */
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
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resumeFirst);
}

/** Divides long work among ticks by the time that it takes. */
export class Pacer {
  // The first pause always waits: the tick in which the work begins may have lasted long already.
  #until = 0;

  /** Yields to the event loop when the work has held it for some milliseconds. To be called between steps of tenths of a millisecond. */
  async pause(): Promise<void> {
    if (performance.now() < this.#until) return;
    await laterTick();
    this.#until = performance.now() + maxHeldMs;
  }
}

/** The bytes of chunks in order. Other requests are served between slices. */
export async function* bytesOf(chunks: readonly Chunk[]): AsyncGenerator<Uint8Array> {
  const pacer = new Pacer();
  for (const chunk of chunks) {
    if (typeof chunk !== 'function') {
      yield chunk;
      continue;
    }
    await pacer.pause();
    for await (const slice of chunk()) {
      yield slice;
      await pacer.pause();
    }
  }
}

/** Whether all chunks are bytes already. */
export function areReady(chunks: readonly Chunk[]): chunks is readonly Uint8Array[] {
  return chunks.every((chunk) => typeof chunk !== 'function');
}

/** Bytes of all chunks together, where they are there already. */
export function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((length, chunk) => length + chunk.length, 0);
}
