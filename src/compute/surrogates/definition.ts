import type { Algebra } from '../algebra.ts';

/** What values a parameter may have, and what it does to the curve. */
export interface ParameterRange {
  /** Smallest value allowed. */
  readonly minimum: number;
  /** Largest value allowed. */
  readonly maximum: number;
  /** Only whole numbers, and the formula's structure (a number of terms) depends on it. */
  readonly integer?: true;
  /** A list of numbers, each within the range, on whose length the formula's structure depends. */
  readonly list?: ListRange;
  readonly meaning: string;
}

/** What lists a parameter may have; those of one surrogate are equally long. */
export interface ListRange {
  readonly minItems: number;
  readonly maxItems: number;
  /** Each number is above the one before it, by this at least. */
  readonly minIncrease?: number;
}

/** A number, or the numbers of a list. */
export type ParameterValue = number | readonly number[];

/** A parameter of a surrogate, by the name that its library gives it. */
export interface ParameterDefinition extends ParameterRange {
  readonly default: ParameterValue;
  /** Its name in the formula, which several libraries share. */
  readonly formulaName: string;
}

/** The parameters as a formula sees them, by its own names: values of the algebra, and whole numbers that shape the formula itself. */
export interface FormulaParameters<V, P extends string = string> {
  /** The real-valued parameters. */
  readonly p: Readonly<Record<P, V>>;
  /** The `integer` parameters. */
  readonly n: Readonly<Record<P, number>>;
  readonly lists: Readonly<Record<P, readonly V[]>>;
  /** The neuron's threshold, positive; 1 where x is given without a neuron. A constant: nothing is differentiated by it. */
  readonly threshold: V;
}

/** A function of x = v - threshold, written over any algebra. */
export type Formula<P extends string = string> = <V, M>(ops: Algebra<V, M>, x: V, parameters: FormulaParameters<V, P>) => V;

/** A surrogate gradient and its antiderivative, in the mathematics that every library shares. */
export interface FormulaPair<P extends string = string> {
  /** The shape of the gradient, under which the explorer lists it. */
  readonly family: string;
  /** One sentence; says so where the gradient is negative in places. */
  readonly summary: string;
  /** The surrogate gradient g(x), with the library's own normalisation. */
  readonly grad: Formula<P>;
  /** The antiderivative of `grad`, with the library's constant where it defines one that agrees, else 1/2 at 0. */
  readonly value: Formula<P>;
  /** Both for a reader: LaTeX for math mode, without delimiters. */
  readonly latex: { readonly grad: string; readonly value: string };
  /**
   * Set where `grad` is a difference of terms or a function of a large angle, so that float32 arithmetic would lose digits:
   * back-ends evaluate it in float64 then and round once.
   */
  readonly gradNeedsFloat64?: true;
  /** Set where the formulas read the threshold, which then has to be positive. */
  readonly scalesWithThreshold?: true;
  /** Set where `value` is 0 at 0 instead of 1/2. */
  readonly valueAtZero?: 0;
  /** How far `value` may be from the antiderivative, where the library's own primitive is not quite it. */
  readonly primitiveError?: (p: Readonly<Record<P, number>>) => number;
  /** The x beside 0 around which `grad` changes: jumps, corners and centres of peaks. Tests look closely there. */
  readonly landmarks?: (p: Readonly<Record<P, number>>, lists: Readonly<Record<P, readonly number[]>>) => readonly number[];
  /** The period of `grad`, where it has one. Tests look at one. */
  readonly period?: (p: Readonly<Record<P, number>>) => number;
}

/** A library that surrogates come from. */
export interface Library {
  readonly name: string;
  /** The library with its version or commit, and the module; the name and version end at the first comma or bracket. */
  readonly source: string;
  /** Set where the library's spike is x > 0; here it is x >= 0 for every surrogate. */
  readonly strictThreshold?: boolean;
}

export interface SurrogateDefinition extends FormulaPair {
  /** As requests spell it: `sigmoid`, or with a library in front, `snntorch.fast_sigmoid`. */
  readonly name: string;
  /** The library whose gradient this is; null for one of no library. */
  readonly library: Library | null;
  /** By the names that requests use. */
  readonly parameters: Readonly<Record<string, ParameterDefinition>>;
  /** The same function in other libraries, and what differs. In a library's table only what the catalogue does not have or tell. */
  readonly aliases: readonly { readonly library: string; readonly name: string; readonly note?: string }[];
  /** Papers, and last the library, if any. */
  readonly references: readonly string[];
  /** What a user of the original library should know: an x > 0 spike there, a documented formula that differs from its code. */
  readonly notes: readonly string[];
}

/** A surrogate as a job carries it: every parameter filled in and checked. */
export interface Surrogate {
  readonly name: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}
