export interface PackedArray { end: number; count: number; shape: number[] }
export class NumberCodec {
  static readonly bytes: number = 64;
  constructor(_module: WebAssembly.Module, _memory: WebAssembly.Memory, _base: number) {}
  countCommas(_at: number, _end: number): number { return 0; }
  readArray(at: number, _end: number, _out: number): PackedArray | number { return at; }
}
