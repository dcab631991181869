import type { Node } from './graph.ts';

/**
 * How a folded parameter is laid down: rounded to float32, the rest that this rounding left, rounded down or up (so that a
 * comparison of a float32 with it comes out as with the exact number), or as float64.
 */
export type UniformForm = 'nearest' | 'rest' | 'floor' | 'ceil' | 'float64';

export interface Uniform {
  readonly node: Node;
  readonly form: UniformForm;
  readonly offset: number;
}

export interface Integer {
  readonly name: string;
  readonly offset: number;
}

/**
 * The layout of a job block: the memory that holds what is particular to one run of a kernel, as opposed to its code. 32-bit
 * integers (addresses, counts) by name, and numbers that were folded from the parameters. The block begins with the stop flag: a kernel
 * returns soon after another thread has made it other than 0, and what it was to write is then arbitrary.
 */
export class JobBlockLayout {
  readonly #integers = new Map<string, Integer>();
  readonly #uniforms = new Map<string, Uniform>();
  // The first word is the stop flag.
  #size = 4;

  /** Byte offset of an integer. */
  integer(name: string): number {
    const known = this.#integers.get(name);
    if (known !== undefined) return known.offset;
    const offset = this.#take(4);
    this.#integers.set(name, { name, offset });
    return offset;
  }

  /** Byte offset of a folded number. */
  uniform(node: Node, form: UniformForm): number {
    const key = `${node.id}${form}`;
    const known = this.#uniforms.get(key);
    if (known !== undefined) return known.offset;
    const bytes = form === 'float64' ? 8 : 4;
    const offset = this.#take(bytes);
    this.#uniforms.set(key, { node, form, offset });
    return offset;
  }

  get integers(): Iterable<Integer> {
    return this.#integers.values();
  }

  get uniforms(): Iterable<Uniform> {
    return this.#uniforms.values();
  }

  /** Bytes of the whole block. */
  get size(): number {
    return this.#size;
  }

  #take(bytes: number): number {
    const offset = Math.ceil(this.#size / bytes) * bytes;
    this.#size = offset + bytes;
    return offset;
  }
}
