import type { NumberAlgebra } from './float64-algebra.ts';
import { marks, reachable, type Expression, type SurrogateFunctions } from './expressions.ts';

type Value = number | boolean;
/** As a method, since TypeScript then lets each operation narrow its operands. */
type Operation = { apply(...operands: Value[]): Value }['apply'];

interface Instruction {
  readonly operation: Operation;
  readonly operands: readonly number[];
  readonly slot: number;
}

/** Expressions over numbers as a list of instructions, so that no run has to walk their graph. */
export class NumberProgram {
  /** The names of the leaves, in the order in which `run` takes their values. */
  readonly leaves: readonly string[];
  readonly #values: Value[] = [];
  readonly #leafSlots: readonly number[];
  readonly #instructions: readonly Instruction[];
  readonly #rootSlots: readonly number[];

  /** @param surrogate needed where the expressions have derivatives of spikes. */
  constructor(roots: readonly Expression[], ops: NumberAlgebra, surrogate?: SurrogateFunctions<number>) {
    const slots = new Map<Expression, number>();
    const slotOf = (expression: Expression): number => slots.get(expression) ?? NaN;
    const leaves: { readonly name: string; readonly slot: number }[] = [];
    const instructions: Instruction[] = [];
    for (const expression of reachable(roots)) {
      const { op, args, detail } = expression;
      if (marks.has(op)) {
        slots.set(expression, slotOf(args[0]!));
        continue;
      }
      const slot = this.#values.push(op === 'constant' ? ops.constant(Number(detail)) : NaN) - 1;
      slots.set(expression, slot);
      if (op === 'leaf' || op === 'parameter') leaves.push({ name: String(detail), slot });
      else if (op !== 'constant')
        instructions.push({ operation: operationOf(op, detail, ops, surrogate), operands: args.map(slotOf), slot });
    }
    this.leaves = leaves.map(({ name }) => name);
    this.#leafSlots = leaves.map(({ slot }) => slot);
    this.#instructions = instructions;
    this.#rootSlots = roots.map(slotOf);
  }

  /** Computes; `results` gets the roots' numbers, in order. */
  run(inputs: ArrayLike<number>, results: Record<number, number>): void {
    const values = this.#values;
    for (let i = 0; i < this.#leafSlots.length; i++) values[this.#leafSlots[i]!] = inputs[i]!;
    for (const { operation, operands, slot } of this.#instructions) {
      const [a, b, c] = operands;
      if (b === undefined) values[slot] = operation(values[a!]!);
      else if (c === undefined) values[slot] = operation(values[a!]!, values[b]!);
      else values[slot] = operation(values[a!]!, values[b]!, values[c]!);
    }
    for (let i = 0; i < this.#rootSlots.length; i++) results[i] = Number(values[this.#rootSlots[i]!]);
  }
}

function operationOf(
  op: string,
  detail: Expression['detail'],
  ops: NumberAlgebra,
  surrogate: SurrogateFunctions<number> | undefined,
): Operation {
  const functions: Readonly<Record<string, Operation | undefined>> = { ...ops };
  const operation = functions[op];
  if (operation !== undefined) return detail === undefined ? operation : (a) => operation(a, Number(detail));
  if (surrogate !== undefined) {
    if (op === 'surrogateGrad') return (x, threshold) => surrogate.grad(Number(x), Number(threshold));
    if (op === 'surrogateValue') return (x, threshold) => surrogate.value(Number(x), Number(threshold));
    if (op === 'surrogateSlope') return (x, threshold) => surrogate.slope(String(detail), Number(x), Number(threshold));
  }
  throw new Error(`no operation over numbers is known for ${op}`);
}
