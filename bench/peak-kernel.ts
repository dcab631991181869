import { Graph } from '../src/compute/backends/wasm/graph.ts';
import { JobBlockLayout } from '../src/compute/backends/wasm/job-block.ts';
import type { KernelText } from '../src/compute/backends/wasm/kernel-text.ts';
import { kernelModule } from '../src/compute/backends/wasm/kernel-text.ts';

/** As many as V8's registers hold beside the factor: enough to hide an operation's latency on three ports. */
const chains = 14;
/** Multiplications and additions of each chain in one turn of the loop, so that the loop itself costs next to nothing. */
const pairsPerTurn = 16;

/**
 * A kernel that does nothing but SIMD arithmetic: independent chains in registers, each multiplied and added to in turn.
 * A "vector" of its run is one turn of the loop. The factor is loaded from the job block, so that nothing can be folded.
 */
export function peakKernel(): KernelText {
  const block = new JobBlockLayout();
  const factor = `(v128.load32_splat offset=${block.uniform(new Graph().parameter('factor', true), 'nearest')} (local.get $job))`;
  const names = Array.from({ length: chains }, (_, i) => `$chain${i}`);
  const pair = names.flatMap((name) => [
    `(local.set ${name} (f32x4.mul (local.get ${name}) (local.get $factor)))`,
    `(local.set ${name} (f32x4.add (local.get ${name}) (local.get $factor)))`,
  ]);
  const run = [
    '(func $run (export "run") (param $job i32) (param $scratch i32) (param $from i32) (param $to i32)',
    `(local $factor v128) ${names.map((name) => `(local ${name} v128)`).join(' ')}`,
    `(local.set $factor ${factor})`,
    '(loop $turn',
    ...Array.from({ length: pairsPerTurn }, () => pair).flat(),
    '(br_if $turn (i32.lt_s (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $to)))',
    ')',
    // Stored, so that no chain is left out as unused.
    ...names.map((name, i) => `(v128.store offset=${16 * i} (local.get $scratch) (local.get ${name}))`),
    ')',
  ];
  return { text: kernelModule([run.join('\n')]), block, operationsPerVector: 2 * pairsPerTurn * chains };
}
