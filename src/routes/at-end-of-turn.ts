let end: Promise<void> | undefined;

/** Gives a value at the end of the event loop's turn, in one go with all others for which that was asked in it. */
export async function atEndOfTurn<V>(value: V): Promise<V> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  await end;
  return value;
}
