import type { Arena } from '../../engine/arena.ts';
import type { Values } from '../../numbers.ts';
import { bytesPerNumber, type Dtype, type NeuronProblem, type Quantity } from '../../jobs.ts';
import { computedSlice, programOf, termValues, type TermNumbers } from '../../neurons/terms.ts';
import type { NeuronProgram } from '../../neurons/program.ts';
import { SlicedLoops } from '../../loops.ts';
import { vectorsOf, type LaneType } from './ir/lanes.ts';
import { arrayName, neuronKernelSpec, type NeuronKernelSpec } from './kernels/neuron-kernel.ts';
import type { Results } from './launch-steps.ts';

/** The kernel's spec of a problem. */
export function specOf(dtype: Dtype, problem: NeuronProblem): NeuronKernelSpec {
  const program = programOf(problem);
  return neuronKernelSpec(dtype, program, termValues(problem, program), problem.current);
}

/** A problem's numbers laid out in memory: its terms; its current where that is put. */
export class ProblemLayout {
  readonly program: NeuronProgram;
  readonly spec: NeuronKernelSpec;
  readonly lanes: LaneType;
  /** Addresses and counts by the kernels' names. */
  readonly integers: Record<string, number>;
  readonly parameters: Record<string, number>;
  readonly vectors: number;
  /** Neurons including those that fill the last vector. */
  readonly padded: number;
  /** Loops over all neurons, or steps of all neurons; they run before the first launch. */
  readonly loops = new SlicedLoops();
  readonly #arena: Arena;
  readonly #steps: number;

  constructor(arena: Arena, dtype: Dtype, problem: NeuronProblem) {
    const { neurons, steps, current } = problem;
    this.program = programOf(problem);
    const terms = termValues(problem, this.program);
    this.spec = neuronKernelSpec(dtype, this.program, terms, current);
    const { lanes, forms } = this.spec;
    this.#arena = arena;
    this.lanes = lanes;
    this.#steps = steps;
    this.vectors = vectorsOf(neurons, lanes);
    this.padded = lanes.count * this.vectors;
    this.integers = { steps, neurons };
    this.parameters = { steps };
    for (let i = 0; i < terms.length; i++) {
      const { leaf } = this.program.terms[i]!;
      const form = forms[leaf];
      if (form !== 'zero' && form !== 'one') this.putTerm(leaf, terms[i]!, neurons);
    }
  }

  /** Binds the numbers of a term. */
  putTerm(leaf: string, numbers: TermNumbers, neurons: number): void {
    if ('fill' in numbers) this.#putFilled(leaf, neurons, numbers.fill);
    else this.put(leaf, numbers);
  }

  /** Binds an input, of which kernels read even a single number as an array. */
  putInput(leaf: string, quantity: Quantity): void {
    if (quantity.per === 'scalar')
      this.integers[arrayName(leaf)] = this.#arena.fill(this.lanes.dtype, quantity.value, this.padded, this.loops);
    else this.put(leaf, quantity);
  }

  /** Binds a quantity: a number stays one, an array is copied into the arena. */
  put(leaf: string, quantity: Quantity): void {
    if (quantity.per === 'scalar') {
      this.parameters[leaf] = this.lanes.round(quantity.value);
      return;
    }
    const length = quantity.per === 'neuron' ? this.padded : this.padded * this.#steps;
    this.integers[arrayName(leaf)] = this.#arena.put(this.lanes.dtype, quantity.values, length, this.loops);
  }

  /** Allocates an array of a number per neuron for a kernel to write. */
  allocate(name: string, bytes = this.lanes.bytes * this.padded): number {
    return (this.integers[arrayName(name)] = this.#arena.allocate(bytes));
  }

  /** The numbers of an array that a kernel has written. */
  read(results: Results, name: string, length: number): Values {
    return results.numbers(this.lanes.dtype, this.integers[arrayName(name)] ?? 0, length);
  }

  #putFilled(leaf: string, neurons: number, fill: (target: Values, from: number, to: number) => void): void {
    const { dtype } = this.lanes;
    const address = this.#arena.allocate(bytesPerNumber[dtype] * this.padded);
    const target = this.#arena.numbers(dtype, address, this.padded);
    target.fill(0, neurons);
    this.loops.add(neurons, (from, to) => fill(target, from, to), computedSlice);
    this.integers[arrayName(leaf)] = address;
  }
}
