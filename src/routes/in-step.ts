// Requests that came in one turn of the event loop and wait for its end go through the stages of their work in step, since each waits behind a
// stage, also for what is there already: the first stage for all of them, then the second for all of them. Each stage's code and tables are in the nearest caches then for all but the first, and a client that waits for several answers is woken
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
