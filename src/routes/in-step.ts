// Requests that came in one turn of the event loop go through the stages of their work in step: the first stage for all of them, the second for all
// of them. Each stage's code and tables are in the nearest caches then for all but the first, and a client that waits for several answers is woken
// once.

let end: Promise<void> | undefined;

/** Resolves at the end of the event loop's turn, for all that ask for it in it. */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}

/** To be waited for between two stages: the others come as far. */
export const othersAreHere: Promise<void> = Promise.resolve();
