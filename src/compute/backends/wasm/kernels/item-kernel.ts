import { ArgumentLayout } from '../codegen/argument-block.ts';
import { kernelModule, runParameters, type KernelWat } from '../codegen/kernel-wat.ts';
import { advance, breakIfStopped, get, i32, set } from '../codegen/vector-wat.ts';

/** Loads integers of the argument block into locals of their names. */
function loadArguments(layout: ArgumentLayout, names: readonly string[]): { readonly locals: string; readonly loads: readonly string[] } {
  return {
    locals: names.map((name) => `(local $${name} i32)`).join(' '),
    loads: names.map((name) => set(name, `(i32.load offset=${layout.integer(name)} ${get('arguments')})`)),
  };
}

/** A kernel without uniforms that runs `body` for each item `$from` of [from, to). */
export function itemKernel(
  names: readonly string[],
  locals: string,
  body: readonly string[],
  functions: readonly string[] = [],
): KernelWat {
  const layout = new ArgumentLayout();
  const given = loadArguments(layout, names);
  const lines = [
    `(func $run ${runParameters}`,
    given.locals,
    locals,
    ...given.loads,
    '(block $stopped (loop $items',
    `(br_if $stopped (i32.ge_u ${get('from')} ${get('to')}))`,
    breakIfStopped('stopped'),
    ...body,
    advance('from', i32(1)),
    '(br $items)))',
    ')',
  ];
  return { text: kernelModule([...functions, lines.join('\n')]), layout, operations: {}, unroll: 1 };
}

/** `base + index * stride`, all i32. */
export function rowAddress(base: string, index: string, stride: string): string {
  return `(i32.add ${base} (i32.mul ${index} ${stride}))`;
}

/** The lesser of two numbers, u32. */
export function minimum(a: string, b: string): string {
  return `(select ${a} ${b} (i32.lt_u ${a} ${b}))`;
}
