import type { LaunchBoard } from './launch-board.js';

/** How often in its limit a launch is looked at. */
const looks = 4;

/**
 * Looks on at a launch, and ends the threads that work on it when none of them has begun or finished a block for so long.
 *
 * @param place of the launch on the board.
 * @param limitMs several times what a block takes, in milliseconds.
 * @param end ends the threads of these numbers.
 * @returns what stops the watch.
 */
export function watchForStall(board: LaunchBoard, place: number, limitMs: number, end: (threadIds: readonly number[]) => void): () => void {
  const look = () => [board.next(place), ...board.presentAt(place)];
  let last = look();
  let same = 0;
  const timer = setInterval(() => {
    const now = look();
    same = now.join() === last.join() ? same + 1 : 0;
    last = now;
    const working = now.slice(1);
    if (same >= looks && working.length > 0) end(working);
  }, limitMs / looks);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
