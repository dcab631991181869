import initWabt from 'wabt';

import { magnitudeText } from './magnitude-text.ts';
import { readText } from './read-text.ts';
import { roundText } from './round-text.ts';
import { writeFloat32sText } from './write-float32s-text.ts';
import { writeWholesText } from './write-whole-text.ts';

/** Assembles the codec's WebAssembly, which takes some milliseconds: once for a process, since threads can be sent the module. */
export async function compileNumberCodec(): Promise<WebAssembly.Module> {
  const wabt = await initWabt();
  const text = `(module
  (import "env" "memory" (memory 1 65536 shared))
  (import "env" "base" (global $base i32))
  (import "env" "number" (func $number (param i32 i32) (result f64)))
  (import "env" "print" (func $print (param i32 i32) (result i32)))
  ${[...readText, ...writeWholesText, ...writeFloat32sText, ...roundText, ...magnitudeText].join('\n')}
)`;
  const parsed = wabt.parseWat('number-codec', text, { simd: true, threads: true, bulk_memory: true, multi_value: true });
  try {
    return new WebAssembly.Module(parsed.toBinary({}).buffer as Uint8Array<ArrayBuffer>);
  } finally {
    parsed.destroy();
  }
}
