/** How often SIMD instructions occur, by their names in WebAssembly text. Constants and memory accesses are left out. */
export type Operations = Readonly<Record<string, number>>;

const instruction = /\(((?:[fi]\d+x\d+|v128)\.\w+)/g;
const free = /\.(?:const|load\w*|store\w*)$/;

/** What the lines ask for, each line once. */
export function operationsIn(lines: readonly string[]): Operations {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    for (const [, name] of line.matchAll(instruction)) {
      if (!free.test(name!)) counts[name!] = (counts[name!] ?? 0) + 1;
    }
  }
  return counts;
}

export function totalOf(operations: Operations): number {
  return Object.values(operations).reduce((sum, count) => sum + count, 0);
}
