import type { ParameterAlgebra, StepAlgebra } from '../algebra.ts';
import { float64Algebra } from '../float64-algebra.ts';
import type { Library } from '../surrogates/definition.ts';

/** A parameter of a neuron: a number for all neurons, or one per neuron. */
export interface NeuronParameter {
  /** Left out where a request must give it. */
  readonly default?: number;
  /** Range of the values, ends included unless `exclusive`. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** All values are greater. */
  readonly exclusiveMinimum?: number;
  /** In the library's own unit; left out where it is dimensionless. */
  readonly unit?: 'ms' | 's' | '1/s' | '1/ms' | 'steps' | 'mV' | 'mV/ms' | 'pA' | 'pF' | 'nS';
  readonly meaning: string;
  /** Set where it is one number for all neurons and has no gradient, such as a time step. */
  readonly isSetting?: true;
  /** The value, if any, that means that there is none, as null does. */
  readonly none?: 0 | 1;
  /** What a nullable parameter is where it is left out: computed from the others, without gradient to them. It has a gradient of its own then too. */
  readonly otherwise?: <V, M>(ops: ParameterAlgebra<V, M>, others: Readonly<Record<string, V>>) => V;
}

/** What shapes a neuron's step: a choice between words, or a switch. */
export interface NeuronOption {
  /** Left out where a request must give it. */
  readonly default?: string | boolean;
  /** The words; left out for a switch. */
  readonly values?: readonly string[];
  readonly meaning: string;
}

export type OptionValue = string | boolean;
export type NeuronOptions = Readonly<Record<string, OptionValue>>;

/** Values, and the words, switches and numbers that shape a step, by name. */
export interface DerivedTree<V> {
  readonly [name: string]: V | string | boolean | undefined | DerivedTree<V> | readonly DerivedTree<V>[];
}

/** What a step starts from, computed from parameters alone, once a run; differentiated too. */
export interface Derived<V> extends DerivedTree<V> {
  /** The state before the first step. Requests may give each as `<state>_init`. */
  readonly initial: Readonly<Record<string, V>>;
}

/** One step of a neuron. */
export interface StepOutput<V, M> {
  readonly state: Readonly<Record<string, V>>;
  /** The membrane at the spike decision, and after the reset. */
  readonly vPre: V;
  readonly vPost: V;
  /** Which of them the library records. */
  readonly records: 'pre' | 'post';
  /** Whether it fires; left out by neurons that never do. */
  readonly spike?: M | undefined;
  /** How often it fires, where that may be several times in a step. */
  readonly count?: V | undefined;
  /** What it returns, where that is not 0 or 1: a number of spikes, or a scaled one. */
  readonly spikes?: V | undefined;
}

/** The algebra of `derive`. */
export type DeriveAlgebra<V, M> = ParameterAlgebra<V, M> & Pick<StepAlgebra<V, M>, 'detach'>;

/** Declared as a method, so that a model may write it for the names of its own terms and states. */
interface Stepping {
  step<V, M>(ops: StepAlgebra<V, M>, derived: Derived<V>, state: Readonly<Record<string, V>>, current: V): StepOutput<V, M>;
}
export type Step = Stepping['step'];

/** The parameters as `derive` sees them. */
export type ParameterValues<V, P extends string, N extends string> = Readonly<Record<P, V>> & Readonly<Partial<Record<N, V>>>;

export interface NeuronModel<P extends string = string, N extends string = string, O extends string = string> {
  /** As requests spell it: `lif`, or with a library in front, `snntorch.Leaky`. */
  readonly name: string;
  readonly library: Library | null;
  /** One sentence. */
  readonly summary: string;
  /** The step for a reader: LaTeX for math mode, without delimiters. */
  readonly latex: readonly string[];
  /** What a user of the original library should know: what is detached, what is broken there, how it differs from its neighbours. */
  readonly notes: readonly string[];
  readonly parameters: Readonly<Record<P, NeuronParameter>>;
  /** Parameters that may be null, or left out unless they have a default. */
  readonly nullable: Readonly<Record<N, NeuronParameter>>;
  /** Alternatives of nullable parameters: a request gives all of at least one of them. */
  readonly needs?: readonly (readonly NoInfer<N>[])[];
  readonly options: Readonly<Record<O, NeuronOption>>;
  /** The surrogate where a request names none; null for a neuron without spikes. */
  readonly surrogate: string | null;
  /** The parameter that is the length of a step, and its milliseconds; left out where time is counted in steps, of 1 ms. */
  readonly timeStep?: { readonly parameter: NoInfer<P>; readonly milliseconds: number };
  /** Why there is no gradient, where there is none. */
  readonly noGradient?: string;
  /** Values of terms that take an operation out of the step, by the terms' paths. */
  readonly neutral?: Readonly<Record<string, 0 | 1>>;
  /** @param dt the length of a step in ms, which a library's own neuron does not read. */
  derive<V, M>(ops: DeriveAlgebra<V, M>, p: ParameterValues<V, P, N>, options: Readonly<Record<O, OptionValue>>, dt: V): Derived<V>;
  readonly step: Step;
}

/** A model as its file writes it: what is left out is empty. */
export type NeuronDefinition<P extends string, N extends string, O extends string> = Omit<
  NeuronModel<P, N, O>,
  'parameters' | 'nullable' | 'options' | 'notes'
> & {
  readonly parameters?: Readonly<Record<P, NeuronParameter>>;
  readonly nullable?: Readonly<Record<N, NeuronParameter>>;
  readonly options?: Readonly<Record<O, NeuronOption>>;
  readonly notes?: readonly string[];
};

/** A neuron with the names of its parameters checked. */
export function defineNeuron<P extends string = never, N extends string = never, O extends string = never>(
  model: NeuronDefinition<P, N, O>,
): NeuronModel {
  const complete: object = { parameters: {}, nullable: {}, options: {}, notes: [], ...model };
  // `neuronProgram` gives `derive` exactly the names that the tables have.
  return complete as NeuronModel;
}

/** Parameters with the nullable ones that are not given and computed from the others. */
export function withComputed<V, M>(
  { nullable }: NeuronModel,
  ops: DeriveAlgebra<V, M>,
  given: Readonly<Record<string, V>>,
): Readonly<Record<string, V>> {
  const computed = Object.entries(nullable).flatMap(([name, { otherwise }]) =>
    otherwise === undefined || name in given ? [] : [[name, ops.detach(otherwise(ops, given))] as const],
  );
  return { ...given, ...Object.fromEntries(computed) };
}

/** What `derive` runs over to give numbers. */
export const numbersAlgebra: DeriveAlgebra<number, boolean> = { ...float64Algebra, detach: (value) => value };

/** Every state that a model has without its nullable parameters, or with one of them; options as they are by default. */
export function possibleStates(model: NeuronModel): readonly string[] {
  const options = Object.fromEntries(
    Object.entries(model.options).map(([name, { default: value, values }]) => [name, value ?? values?.[0] ?? false]),
  );
  const statesWith = (names: readonly string[]) => {
    const given = Object.fromEntries(names.map((name) => [name, 0.5]));
    return Object.keys(model.derive(numbersAlgebra, withComputed(model, numbersAlgebra, given), options, 1).initial);
  };
  const required = [...Object.keys(model.parameters), ...(model.needs?.[0] ?? [])];
  return [...new Set([statesWith(required), ...Object.keys(model.nullable).map((name) => statesWith([...required, name]))].flat())];
}
