import type { JobBlockLayout } from './job-block.ts';
import type { Operations } from './operations.ts';

/** A kernel as text, and what a run has to hand it. */
export interface KernelText {
  /** WebAssembly text of a module that imports its memory as `env.memory` and exports `run(job, scratch, from, to)`. */
  readonly text: string;
  readonly block: JobBlockLayout;
  /** What a vector of neurons takes for each step (or a vector of values). */
  readonly operations: Operations;
  /** Vectors that `run` works on at a time while it has as many. */
  readonly inFlight: number;
}

/** Parameters of a kernel's `block` functions, which work on the vectors from `$vector` on. */
export const blockParameters = '(param $job i32) (param $scratch i32) (param $vector i32)';

/** Parameters of a kernel's `run`, as which it exports itself. */
export const runParameters = '(export "run") (param $job i32) (param $scratch i32) (param $from i32) (param $to i32)';

/** A module of the given functions; the memory is shared and as large as addresses reach. */
export function kernelModule(functions: readonly string[]): string {
  return ['(module', '(import "env" "memory" (memory 1 65536 shared))', ...functions, ')'].join('\n');
}

/** `run`: works through the vectors [from, to) in blocks of the given sizes, largest first; the last size must be 1. */
export function blockLoop(groups: readonly number[]): string {
  const loops = groups.map((size) =>
    [
      `(block $done${size} (loop $next${size}`,
      `(br_if $done${size} (i32.gt_u (i32.add (local.get $from) (i32.const ${size})) (local.get $to)))`,
      `(call $block${size} (local.get $job) (local.get $scratch) (local.get $from))`,
      `(local.set $from (i32.add (local.get $from) (i32.const ${size})))`,
      `(br $next${size})))`,
    ].join('\n'),
  );
  return [`(func $run ${runParameters}`, ...loops, ')'].join('\n');
}
