import initWabt from 'wabt';

import { readArrayWat } from './read-array-wat.ts';
import { scanWat } from './scan-wat.ts';
import { writeFloat32sWat } from './write-float32s-wat.ts';
import { writeIntegersWat } from './write-integers-wat.ts';

/** Assembles and compiles the codec's WebAssembly, which takes some milliseconds. */
export async function compileCodec(): Promise<WebAssembly.Module> {
  const wabt = await initWabt();
  const text = `(module
  (import "env" "memory" (memory 1 65536 shared))
  (import "env" "base" (global $base i32))
  (import "env" "number" (func $number (param i32 i32) (result f64)))
  (import "env" "print" (func $print (param i32 i32) (result i32)))
  ${[...readArrayWat, ...writeIntegersWat, ...writeFloat32sWat, ...scanWat].join('\n')}
)`;
  const parsed = wabt.parseWat('number-codec', text, { simd: true, threads: true, bulk_memory: true, multi_value: true });
  try {
    return new WebAssembly.Module(parsed.toBinary({}).buffer as Uint8Array<ArrayBuffer>);
  } finally {
    parsed.destroy();
  }
}
