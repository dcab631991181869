import type { Algebra } from '../algebra.ts';

/** One parameter of a surrogate: its default, its range, and what it does to the curve. */
export interface ParameterDefinition {
  readonly default: number;
  /** Smallest value allowed. */
  readonly minimum: number;
  /** Largest value allowed. */
  readonly maximum: number;
  /** Only whole numbers, and the formula's structure (a number of terms) depends on it. */
  readonly integer?: true;
  readonly meaning: string;
}

/** The parameters as a formula sees them: values of the algebra, and whole numbers that shape the formula itself. */
export interface FormulaParameters<V> {
  /** The real-valued parameters by name. */
  readonly p: Readonly<Record<string, V>>;
  /** The `integer` parameters by name. */
  readonly n: Readonly<Record<string, number>>;
}

/** A function of x = v - threshold, written over any algebra. */
export type Formula = <V, M>(ops: Algebra<V, M>, x: V, parameters: FormulaParameters<V>) => V;

export interface SurrogateDefinition {
  /** As requests spell it: `sigmoid`, or with a library in front, `snntorch.fast_sigmoid`. */
  readonly name: string;
  readonly family: string;
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterDefinition>>;
  /** The surrogate gradient g(x), with the library's own normalisation. */
  readonly grad: Formula;
  /** The antiderivative of `grad`, with the library's constant where it defines one that agrees, else 1/2 at 0. */
  readonly value: Formula;
  /**
   * Set where `grad` is a difference of terms or a function of a large angle, so that float32 arithmetic would lose digits:
   * back-ends evaluate it in float64 then and round once.
   */
  readonly gradNeedsFloat64?: true;
  /** The x at which `grad` jumps or has a corner, for parameters given; empty where smooth. */
  kinks?(parameters: Readonly<Record<string, number>>): readonly number[];
  /** The same function in other libraries, and what differs. */
  readonly aliases: readonly { readonly library: string; readonly name: string; readonly note?: string }[];
  /** Where the formula comes from: paper and library. */
  readonly references: readonly string[];
  /** Anything a user of the original library should know: an x > 0 spike there, a documented formula that differs from its code. */
  readonly notes?: readonly string[];
}

/** A surrogate as a job carries it: every parameter filled in and checked. */
export interface Surrogate {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
}
