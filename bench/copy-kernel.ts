import { Graph } from '../src/compute/backends/wasm/ir/graph.ts';
import { ArgumentLayout } from '../src/compute/backends/wasm/codegen/argument-block.ts';
import { type KernelWat, kernelModule, runParameters } from '../src/compute/backends/wasm/codegen/kernel-wat.ts';

const vectorsPerTurn = 8;

/** A kernel that writes a multiple of one array into another: as little as a kernel from x to y can do. */
export function copyKernel(): KernelWat {
  const layout = new ArgumentLayout();
  const integer = (name: string) => `(i32.load offset=${layout.integer(name)} (local.get $arguments))`;
  const factor = `(v128.load32_splat offset=${layout.uniform(new Graph().parameter('factor', true), 'nearest')} (local.get $arguments))`;
  const scale = (vector: number) => {
    const scaled = `(f32x4.mul (local.get $factor) (v128.load offset=${16 * vector} (local.get $source)))`;
    return `(v128.store offset=${16 * vector} (local.get $target) ${scaled})`;
  };
  const forward = (local: string, bytes: number) => `(local.set ${local} (i32.add (local.get ${local}) (i32.const ${bytes})))`;
  const loop = (label: string, vectors: number) => [
    `(block $done${label} (loop $${label}`,
    `(br_if $done${label} (i32.gt_u (i32.add (local.get $from) (i32.const ${vectors})) (local.get $to)))`,
    ...Array.from({ length: vectors }, (_, i) => scale(i)),
    forward('$source', 16 * vectors),
    forward('$target', 16 * vectors),
    forward('$from', vectors),
    `(br $${label})))`,
  ];
  const start = (array: string) => `(i32.add ${integer(array)} (i32.shl (local.get $from) (i32.const 4)))`;
  const run = [
    `(func $run ${runParameters}`,
    '(local $factor v128) (local $source i32) (local $target i32)',
    `(local.set $factor ${factor})`,
    `(local.set $source ${start('xArray')})`,
    `(local.set $target ${start('gradArray')})`,
    ...loop('many', vectorsPerTurn),
    ...loop('one', 1),
    ')',
  ];
  return { text: kernelModule([run.join('\n')]), layout, operations: { 'f32x4.mul': 1 }, unroll: vectorsPerTurn };
}
