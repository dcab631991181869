import { compileNumberCodec, NumberCodec, type ArrayStop } from '../../../src/codecs/json-numbers/index.ts';

await compileNumberCodec();

const codecAt = 64;
const valuesAt = 32_768;
const textAt = 1_048_576;

/** A codec with memory of its own, for up to 100,000 numbers at a time. */
export class CodecBench {
  readonly #memory = new WebAssembly.Memory({ initial: 128, maximum: 128, shared: true });
  readonly #codec = new NumberCodec(this.#memory, codecAt);

  /** Reads the array that a text begins with; where it is not read, up to where it was looked at. */
  read(text: string, misaligned = 1): { values: Float64Array; shape: readonly number[]; rest: string } | number {
    const at = textAt + misaligned;
    const length = Buffer.from(this.#memory.buffer).write(text, at);
    const found = this.#codec.readArray(at, at + length, valuesAt);
    if (!('shape' in found)) return found.end - at;
    const values = new Float64Array(this.#memory.buffer, valuesAt, found.count).slice();
    return { values, shape: found.shape, rest: Buffer.from(this.#memory.buffer, found.end, at + length - found.end).toString() };
  }

  /** Where and why the array that a text begins with is not read. */
  stop(text: string): Omit<ArrayStop, 'end'> & { readonly at: number } {
    const length = Buffer.from(this.#memory.buffer).write(text, textAt);
    const found = this.#codec.readArray(textAt, textAt + length, valuesAt);
    if ('shape' in found) throw new Error(`${text} is read`);
    const { end, ...stop } = found;
    return { at: end - textAt, ...stop };
  }

  prescan(text: string): { readonly commas: number; readonly isAscii: boolean } {
    const length = Buffer.from(this.#memory.buffer).write(text, textAt);
    return this.#codec.prescan(textAt, textAt + length);
  }

  /** Prints float32, given as bits: each number's text; or what `writeFloat32s` returns for one that is not finite. */
  print(bits: Uint32Array): string[] | number {
    new Uint32Array(this.#memory.buffer, valuesAt).set(bits);
    const end = this.#codec.writeFloat32s(valuesAt, bits.length, textAt);
    return end < 0 ? end : this.#texts(end);
  }

  /** Prints float32 behind which the memory ends. */
  printAtEnd(values: Float32Array): string[] {
    const at = this.#memory.buffer.byteLength - values.byteLength;
    new Float32Array(this.#memory.buffer, at).set(values);
    return this.#texts(this.#codec.writeFloat32s(at, values.length, textAt));
  }

  printIntegers(values: Int32Array | Uint8Array): string[] {
    const { buffer } = this.#memory;
    if (values instanceof Int32Array) new Int32Array(buffer, valuesAt).set(values);
    else new Uint8Array(buffer, valuesAt).set(values);
    const { length } = values;
    return this.#texts(
      values instanceof Int32Array ? this.#codec.writeInt32s(valuesAt, length, textAt) : this.#codec.writeUint8s(valuesAt, length, textAt),
    );
  }

  /** Each ends with a comma. */
  #texts(end: number): string[] {
    return Buffer.from(this.#memory.buffer, textAt, end - textAt)
      .toString('latin1')
      .slice(0, -1)
      .split(',');
  }
}

/** Random 32-bit words, the same for the same seed (xorshift). */
export function randomWords(count: number, seed: number): Uint32Array {
  let state = seed | 1;
  return Uint32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  });
}

/** The exact decimal of the number halfway between a positive float64 and the next. */
export function halfwayText(value: number): string {
  const word = new BigUint64Array(new Float64Array([value]).buffer)[0]!;
  const exponent = Number(word >> 52n) || 1;
  const mantissa = (word & 0xfffffffffffffn) | (word >> 52n === 0n ? 0n : 0x10000000000000n);
  const power = exponent - 1076;
  const digits = 2n * mantissa + 1n;
  // 2^-n is 5^n * 10^-n.
  return power >= 0 ? `${digits << BigInt(power)}` : `${digits * 5n ** BigInt(-power)}e${power}`;
}
