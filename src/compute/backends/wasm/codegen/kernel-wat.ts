import type { ArgumentLayout } from './argument-block.ts';
import { advance, get, i32 } from './vector-wat.ts';

/** A kernel as WebAssembly text, and what its caller has to know. */
export interface KernelWat {
  /** A module that imports its memory as `env.memory` and exports `run(arguments, scratch, from, to)`. */
  readonly text: string;
  readonly layout: ArgumentLayout;
  /** Of one vector of neurons in one step, or of one vector of values. */
  readonly operations: Operations;
  /** Vectors that `run` works on at a time while that many are left. */
  readonly unroll: number;
  /** The scratch that each thread needs; none unless given. */
  readonly scratch?: Scratch;
}

/** Bytes of scratch: for any run, and for each chunk of so many steps. */
export interface Scratch {
  readonly bytes: number;
  readonly bytesPerChunk: number;
  readonly chunkSteps: number;
}

/** Bytes of scratch of a run of so many steps. */
export function scratchBytes(scratch: Scratch | undefined, steps: number): number {
  if (scratch === undefined) return 0;
  return scratch.bytes + (Math.ceil(steps / scratch.chunkSteps) + 1) * scratch.bytesPerChunk;
}

/** How often SIMD instructions occur, by their names in WebAssembly text. Constants and memory accesses are left out. */
export type Operations = Readonly<Record<string, number>>;

const instruction = /\(((?:[fi]\d+x\d+|v128)\.\w+)/g;
const free = /\.(?:const|load\w*|store\w*)$/;

export function countOperations(lines: readonly string[]): Operations {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    for (const [, name = ''] of line.matchAll(instruction)) {
      if (!free.test(name)) counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

export function totalOf(operations: Operations): number {
  return Object.values(operations).reduce((sum, count) => sum + count, 0);
}

/** The largest unroll factor. */
export const maxUnroll = 7;

/**
 * How many vectors a kernel works on at a time. One vector's operations wait for each other, so more vectors are faster until
 * register pressure makes the compiler, which interleaves them all, spill: measured by operations of one vector.
 */
export function unrollFactor(operations: Operations): number {
  const total = totalOf(operations);
  if (total <= 112) return maxUnroll;
  return total <= 160 ? 4 : 2;
}

/** An unroll factor, and those for the vectors that are left; few, since each is code to compile. */
export function unrollFactors(unroll: number): number[] {
  return [unroll, ...[6, 4, 2, 1].filter((factor) => factor < unroll)];
}

/** Parameters of a kernel's `block` functions, which work on the vectors from `$vector` on. */
export const blockParameters = '(param $arguments i32) (param $scratch i32) (param $vector i32)';

/** Parameters of a kernel's `run`, with its export. */
export const runParameters = '(export "run") (param $arguments i32) (param $scratch i32) (param $from i32) (param $to i32)';

/** A module of the given functions; the memory is shared and as large as addresses reach. */
export function kernelModule(functions: readonly string[]): string {
  return ['(module', '(import "env" "memory" (memory 1 65536 shared))', ...functions, ')'].join('\n');
}

/** Runs `body` for `unroll` vectors at a time, from `$from` on while that many are left before `$to`. */
export function vectorLoop(unroll: number, body: readonly string[]): string[] {
  return [
    `(block $done${unroll} (loop $next${unroll}`,
    `(br_if $done${unroll} (i32.gt_u (i32.add ${get('from')} ${i32(unroll)}) ${get('to')}))`,
    ...body,
    advance('from', i32(unroll)),
    `(br $next${unroll})))`,
  ];
}

/** `run`: calls `block<n>` for the vectors [from, to), with each unroll factor n in turn, largest first; the last must be 1. */
export function runFunction(factors: readonly number[]): string {
  const loops = factors.flatMap((n) => vectorLoop(n, [`(call $block${n} ${get('arguments')} ${get('scratch')} ${get('from')})`]));
  return [`(func $run ${runParameters}`, ...loops, ')'].join('\n');
}
