let end: Promise<void> | undefined;

/** Resolves at the end of the event loop's turn, in one go for all that ask for it in it. */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
