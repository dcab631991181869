import { Graph } from '../src/compute/backends/wasm/ir/graph.ts';
import { ArgumentLayout } from '../src/compute/backends/wasm/codegen/argument-block.ts';
import { type KernelWat, kernelModule, runParameters, countOperations } from '../src/compute/backends/wasm/codegen/kernel-wat.ts';

/** As many as V8's registers hold beside the factor: enough to hide an operation's latency on three ports. */
const chains = 14;
/** How often each chain is worked on in one turn of the loop, so that the loop itself costs next to nothing. */
const repeats = 16;

/**
 * A kernel that does nothing but SIMD operations: independent chains in registers, each replaced in turn by what `next` makes of it
 * and a factor. A "vector" of its run is one turn of the loop. The factor is loaded from the job block, so that nothing can be folded.
 */
export function chainKernel(next: readonly ((chain: string, factor: string) => string)[]): KernelWat {
  const layout = new ArgumentLayout();
  const factor = `(v128.load32_splat offset=${layout.uniform(new Graph().parameter('factor', true), 'nearest')} (local.get $arguments))`;
  const names = Array.from({ length: chains }, (_, i) => `$chain${i}`);
  const once = names.flatMap((name) => next.map((step) => `(local.set ${name} ${step(`(local.get ${name})`, '(local.get $factor)')})`));
  const turn = Array.from({ length: repeats }, () => once).flat();
  const run = [
    `(func $run ${runParameters}`,
    `(local $factor v128) ${names.map((name) => `(local ${name} v128)`).join(' ')}`,
    `(local.set $factor ${factor})`,
    ...names.map((name) => `(local.set ${name} (local.get $factor))`),
    '(loop $turn',
    ...turn,
    '(br_if $turn (i32.lt_s (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $to)))',
    ')',
    // Stored, so that no chain is left out as unused.
    ...names.map((name, i) => `(v128.store offset=${16 * i} (local.get $scratch) (local.get ${name}))`),
    ')',
  ];
  return { text: kernelModule([run.join('\n')]), layout, operations: countOperations(turn), unroll: 1 };
}

/** Multiplications and additions in turn, which is what most of a kernel is. */
export function peakKernel(): KernelWat {
  return chainKernel([(chain, factor) => `(f32x4.mul ${chain} ${factor})`, (chain, factor) => `(f32x4.add ${chain} ${factor})`]);
}

/** One instruction over and over. */
export function instructionKernel(name: string): KernelWat {
  return chainKernel([(chain, factor) => `(${name} ${operands(name, chain, factor)})`]);
}

const unary = /\.(?:sqrt|floor|nearest|not|any_true|promote\w+|demote\w+|convert\w+|trunc_sat\w+)$/;
const swappedHalves = '8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7';

function operands(name: string, chain: string, factor: string): string {
  if (name === 'i8x16.shuffle') return `${swappedHalves} ${chain} ${factor}`;
  if (name === 'v128.bitselect') return `${chain} ${factor} ${factor}`;
  if (/\.sh[lr]/.test(name)) return `${chain} (i32.const 1)`;
  return unary.test(name) ? chain : `${chain} ${factor}`;
}
