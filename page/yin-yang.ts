/** A point of the unit square, and its class. */
export interface Sample {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

/** What the classes are, by label. */
export const classNames = ['yin', 'yang', 'dot'] as const;

/** Whether a point lies within the disk that the task is about. */
export function isInDisk(x: number, y: number): boolean {
  return Math.hypot(x - 0.5, y - 0.5) <= 0.5;
}

/** The class of a point of the disk: 0 and 1 are its halves, 2 the two dots. */
export function classOf(x: number, y: number): number {
  const [left, right] = [Math.hypot(x - 0.25, y - 0.5), Math.hypot(x - 0.75, y - 0.5)];
  if (Math.min(left, right) <= 0.1) return 2;
  return left <= 0.25 || (y > 0.5 && right > 0.25) ? 1 : 0;
}

/**
 * Samples of the yin-yang task (Kriener et al. 2021): points drawn uniformly from the disk, each class as likely.
 *
 * @param random numbers from 0 up to 1.
 */
export function yinYang(count: number, random: () => number): Sample[] {
  return Array.from({ length: count }, () => {
    const label = Math.floor(classNames.length * random());
    for (;;) {
      const [x, y] = [random(), random()];
      if (isInDisk(x, y) && classOf(x, y) === label) return { x, y, label };
    }
  });
}

/** The centres of those squares of a grid over the unit square that lie within the disk, row by row. */
export function diskGrid(side: number): { readonly x: number; readonly y: number }[] {
  return Array.from({ length: side * side }, (_, i) => ({ x: ((i % side) + 0.5) / side, y: (Math.floor(i / side) + 0.5) / side })).filter(
    ({ x, y }) => isInDisk(x, y),
  );
}
