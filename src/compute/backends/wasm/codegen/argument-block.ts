import type { Arena } from '../../../engine/arena.ts';
import { float64Algebra } from '../../../float64-algebra.ts';
import { NumberProgram } from '../../../number-program.ts';
import type { Node } from '../ir/node.ts';

/**
 * How a uniform is stored: rounded to float32, the error of that rounding, rounded down or up (so that comparing a float32 with it
 * gives what comparing with the exact number does), or as float64.
 */
export type UniformForm = 'nearest' | 'rest' | 'floor' | 'ceil' | 'float64';

interface Uniform {
  readonly node: Node;
  readonly form: UniformForm;
  readonly offset: number;
}

/**
 * The layout of a kernel's argument block, the memory that holds what differs between two runs of the same code: 32-bit integers
 * (addresses, counts) by name, and uniforms folded from the parameters. The first word is the stop flag: a kernel returns soon after
 * another thread has set it, and its results are then arbitrary.
 */
export class ArgumentLayout {
  readonly #integers = new Map<string, number>();
  readonly #uniforms = new Map<string, Uniform>();
  #size = 4;
  #folded: FoldedUniforms | undefined;

  /** Byte offset of an integer. */
  integer(name: string): number {
    const known = this.#integers.get(name);
    if (known !== undefined) return known;
    const offset = this.#allocate(4);
    this.#integers.set(name, offset);
    return offset;
  }

  /** Byte offset of a uniform. */
  uniform(node: Node, form: UniformForm): number {
    const key = `${node.id}${form}`;
    const known = this.#uniforms.get(key);
    if (known !== undefined) return known.offset;
    const offset = this.#allocate(form === 'float64' ? 8 : 4);
    this.#uniforms.set(key, { node, form, offset });
    return offset;
  }

  #allocate(bytes: number): number {
    const offset = Math.ceil(this.#size / bytes) * bytes;
    this.#size = offset + bytes;
    return offset;
  }

  /**
   * Writes an argument block, with the stop flag cleared; once it has, nothing may be added to the layout.
   *
   * @returns its address.
   * @throws {Error} when an integer or parameter that the kernel reads is missing.
   */
  write(arena: Arena, integers: Readonly<Record<string, number>>, parameters: Readonly<Record<string, number>>): number {
    const address = arena.allocate(this.#size);
    arena.setInteger(address, 0);
    for (const [name, offset] of this.#integers) {
      const value = integers[name];
      if (value === undefined) throw new Error(`no value for the integer ${name}`);
      arena.setInteger(address + offset, value);
    }
    this.#folded ??= new FoldedUniforms([...this.#uniforms.values()]);
    this.#folded.fold(parameters);
    const { uniforms, results } = this.#folded;
    for (let i = 0; i < uniforms.length; i++) {
      const { form, offset } = uniforms[i]!;
      const value = results[i]!;
      if (form === 'float64') arena.setFloat64(address + offset, value);
      else arena.setFloat32(address + offset, toFloat32(value, form));
    }
    return address;
  }
}

/** Uniforms evaluated in float64. */
class FoldedUniforms {
  readonly uniforms: readonly Uniform[];
  /** In their order. */
  readonly results: Float64Array;
  readonly #program: NumberProgram;
  readonly #inputs: Float64Array;

  constructor(uniforms: readonly Uniform[]) {
    this.uniforms = uniforms;
    this.results = new Float64Array(uniforms.length);
    this.#program = new NumberProgram(
      uniforms.map(({ node }) => node),
      float64Algebra,
    );
    this.#inputs = new Float64Array(this.#program.leaves.length);
  }

  fold(parameters: Readonly<Record<string, number>>): void {
    const { leaves } = this.#program;
    for (let i = 0; i < leaves.length; i++) {
      const value = parameters[leaves[i]!];
      if (value === undefined) throw new Error(`no value for the parameter ${leaves[i]!}`);
      this.#inputs[i] = value;
    }
    this.#program.run(this.#inputs, this.results);
  }
}

function toFloat32(value: number, form: Exclude<UniformForm, 'float64'>): number {
  const nearest = Math.fround(value);
  switch (form) {
    case 'nearest':
      return nearest;
    case 'rest':
      return value - nearest;
    case 'floor':
      return nearest <= value ? nearest : nextFloat32(nearest, -1);
    case 'ceil':
      return nearest >= value ? nearest : nextFloat32(nearest, 1);
  }
}

const one = new Float32Array(1);
const oneBits = new Int32Array(one.buffer);

/** The next float32 above (1) or below (-1). */
function nextFloat32(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149;
  one[0] = value;
  oneBits[0]! += value > 0 === direction > 0 ? 1 : -1;
  return one[0];
}
