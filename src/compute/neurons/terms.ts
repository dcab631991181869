import { Cache, memoize } from '../cache.ts';
import { float64Algebra } from '../float64-algebra.ts';
import { valueAt, type Numbers, type Values } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import { quantityAt, type NeuronProblem, type NeuronQuantity, type Quantity } from '../jobs.ts';
import type { Expression } from '../expressions.ts';
import { NumberProgram } from '../number-program.ts';
import { neuronModel } from './catalogue.ts';
import type { NeuronOptions } from './model.ts';
import { neuronProgram, type NeuronProgram, type Term } from './program.ts';

/** Programs by the options themselves, which most requests share, and by what else makes them. */
const programs = memoize<NeuronOptions, Cache<string, NeuronProgram>>(() => new Cache(64));

/** The program of a problem's neurons, or of neurons that have no problem yet; made once. */
export function programOf(neurons: Pick<NeuronProblem, 'model' | 'options' | 'parameters' | 'smooth'>): NeuronProgram {
  const { model: name, options, parameters, smooth = false } = neurons;
  const model = neuronModel(name);
  let key = smooth ? `smooth ${name}` : name;
  for (const parameter in parameters) if (!(parameter in model.parameters)) key += ` +${parameter}`;
  return programs(options).get(key, () => {
    const given = Object.keys(parameters).filter((parameter) => !(parameter in model.parameters));
    return neuronProgram({ model, options, given: new Set(given), smooth });
  });
}

/** A term's numbers: one for all neurons, the array of the parameter that it is, or what `at` computes and `fill` writes. */
export type TermNumbers =
  { readonly per: 'scalar'; readonly value: number } | { readonly per: 'neuron'; readonly values: Numbers } | ComputedNumbers;

interface ComputedNumbers {
  readonly per: 'neuron';
  readonly at: (b: number) => number;
  readonly fill: (target: Values, from: number, to: number) => void;
}

function computedNumbers(at: ComputedNumbers['at']): ComputedNumbers {
  const fill: ComputedNumbers['fill'] = (target, from, to) => {
    for (let b = from; b < to; b++) target[b] = at(b);
  };
  return { per: 'neuron', at, fill };
}

/** An expression over a problem's parameters, in float64, one neuron at a time. */
class ParameterValue {
  /** Whether it is the same for all neurons. */
  readonly isScalar: boolean;
  readonly #problem: NeuronProblem;
  readonly #program: NumberProgram;
  readonly #inputs: Float64Array;
  readonly #results = new Float64Array(1);

  constructor(problem: NeuronProblem, expression: Expression) {
    this.#problem = problem;
    this.#program = compiledProgram(expression);
    const { leaves } = this.#program;
    this.#inputs = Float64Array.from(leaves, (name) => scalarOf(problem, name));
    this.isScalar = !leaves.some((name) => problem.parameters[name]?.per === 'neuron');
  }

  /** Its number for neuron b. */
  at(b: number): number {
    if (!this.isScalar) {
      for (const [i, name] of this.#program.leaves.entries()) {
        const quantity = this.#problem.parameters[name];
        if (quantity?.per === 'neuron') this.#inputs[i] = valueAt(quantity.values, b);
      }
    }
    this.#program.run(this.#inputs, this.#results);
    return this.#results[0]!;
  }
}

const compiledProgram = memoize((expression: Expression) => new NumberProgram([expression], float64Algebra));

/** The numbers of all terms at once, for neurons whose parameters are the same. */
interface SharedTerms {
  readonly numbers: NumberProgram;
  readonly inputs: Float64Array;
  readonly results: Float64Array;
}

const sharedTermsOf = memoize(({ terms }: NeuronProgram): SharedTerms => {
  const numbers = new NumberProgram(
    terms.map(({ value }) => value),
    float64Algebra,
  );
  return { numbers, inputs: new Float64Array(numbers.leaves.length), results: new Float64Array(terms.length) };
});

/** The numbers of a program's terms, in their order; those that count steps are limited to `maxCountedSteps`. */
export function termValues(problem: NeuronProblem, program: NeuronProgram): readonly TermNumbers[] {
  const { terms } = program;
  for (const name in problem.parameters) {
    if (problem.parameters[name]?.per === 'neuron') return terms.map((term) => termNumbers(problem, term));
  }
  const { numbers, inputs, results } = sharedTermsOf(program);
  for (let i = 0; i < inputs.length; i++) inputs[i] = scalarOf(problem, numbers.leaves[i]!);
  numbers.run(inputs, results);
  return terms.map(({ path }, i) => ({ per: 'scalar', value: Math.min(results[i]!, maxOf(path)) }));
}

/** The same by the terms' paths. */
export function termValuesByPath(problem: NeuronProblem, program: NeuronProgram): Map<string, TermNumbers> {
  const values = termValues(problem, program);
  return new Map(program.terms.map(({ path }, i) => [path, values[i]!]));
}

/** A parameter that all neurons share, or the length of a step. */
function scalarOf({ parameters, dt }: NeuronProblem, name: string): number {
  const quantity = parameters[name];
  return quantity === undefined ? dt : quantity.per === 'scalar' ? quantity.value : NaN;
}

function maxOf(path: string): number {
  return path === refractorySteps ? maxCountedSteps : Infinity;
}

const refractorySteps = 'refractory.steps';
/** Up to here float32 counts one by one. A count may exceed a run's steps: another run may go on from its state. */
const maxCountedSteps = 2 ** 24;

function termNumbers(problem: NeuronProblem, { path, value }: Term): TermNumbers {
  const max = maxOf(path);
  if (value.op === 'constant') return { per: 'scalar', value: Number(value.detail) };
  const quantity = value.op === 'leaf' ? problem.parameters[String(value.detail)] : undefined;
  if (quantity !== undefined) return quantity;
  const numbers = new ParameterValue(problem, value);
  if (numbers.isScalar) return { per: 'scalar', value: Math.min(numbers.at(0), max) };
  return computedNumbers((b) => Math.min(numbers.at(b), max));
}

/** How many terms differ from neuron to neuron. */
export function perNeuronTerms(problem: NeuronProblem): number {
  const isPerNeuron = (parameter: string): boolean => problem.parameters[parameter]?.per === 'neuron';
  if (!Object.keys(problem.parameters).some(isPerNeuron)) return 0;
  return programOf(problem).terms.filter(({ value }) => compiledProgram(value).leaves.some(isPerNeuron)).length;
}

/** The fewest steps from one spike of a neuron to its next. */
export function minSpikeDistance(problem: NeuronProblem): number {
  const { step, terms } = programOf(problem);
  const term = terms.find(({ path }) => path === refractorySteps);
  // Where nothing fires in refractoriness, the spike is that of the membrane and the end of refractoriness.
  if (term === undefined || step.spike?.op !== 'and') return 1;
  const numbers = termNumbers(problem, term);
  return numbers.per === 'scalar' ? numbers.value + 1 : 1;
}

/**
 * The tangents of terms, by path, for tangents of parameters and initial states; terms that are left out have none. Tangents of the input and
 * of the surrogate's parameters move no term.
 */
export function termTangents(
  problem: NeuronProblem,
  program: NeuronProgram,
  tangents: Readonly<Record<string, Quantity>>,
): Map<string, TermNumbers> {
  const parts = new Map<string, { readonly tangent: NeuronQuantity; readonly slope: ParameterValue }[]>();
  for (const [parameter, tangent] of Object.entries(tangents)) {
    if (tangent.per === 'step') continue;
    for (const { path, slope } of program.slopes(parameter)) {
      const part = { tangent, slope: new ParameterValue(problem, slope) };
      const others = parts.get(path);
      if (others === undefined) parts.set(path, [part]);
      else others.push(part);
    }
  }
  const found = new Map<string, TermNumbers>();
  for (const [path, summands] of parts) {
    const at = (b: number): number => summands.reduce((sum, { tangent, slope }) => sum + slope.at(b) * quantityAt(tangent, b, 0, 1), 0);
    if (summands.every(({ tangent, slope }) => tangent.per === 'scalar' && slope.isScalar))
      found.set(path, { per: 'scalar', value: at(0) });
    else found.set(path, computedNumbers(at));
  }
  return found;
}

/** Neurons of a slice whose terms, or terms' slopes, are computed one by one: expressions of parameters take up to a microsecond each. */
export const computedSlice = 2 ** 13;

/** The paths of the terms whose cotangents the gradients with respect to parameters need, each once. */
export function pathsOf(program: NeuronProgram, parameters: readonly string[]): readonly string[] {
  return [...new Set(parameters.flatMap((name) => program.slopes(name).map(({ path }) => path)))];
}

/**
 * The gradient with respect to a parameter by the chain rule, in the form in which the problem gives the parameter: of a number the sum over
 * neurons. `set` gets it when the loops have run.
 *
 * @param bars the cotangents of terms, [B] each, by path; they stay as they are, and may be the result.
 */
export function addParameterGradient(
  problem: NeuronProblem,
  program: NeuronProgram,
  parameter: string,
  bars: (path: string) => Values,
  { loops, set }: { readonly loops: Loops; readonly set: (gradient: number | Values) => void },
): void {
  const { neurons } = problem;
  const parts = program.slopes(parameter).map(({ path, slope }) => {
    const factor = new ParameterValue(problem, slope);
    return { bar: bars(path), scale: factor.isScalar ? factor.at(0) : 1, factor: factor.isScalar ? undefined : factor };
  });
  const slice = parts.every(({ factor }) => factor === undefined) ? undefined : computedSlice;
  if (problem.parameters[parameter]?.per !== 'neuron') {
    let total = 0;
    set(total);
    for (const { bar, scale, factor } of parts) {
      let sum = 0;
      loops.add(
        neurons,
        (from, to) => {
          for (let b = from; b < to; b++) sum += factor === undefined ? bar[b]! : bar[b]! * factor.at(b);
          if (to === neurons) set((total += scale * sum));
        },
        slice,
      );
    }
    return;
  }
  const [first] = parts;
  if (parts.length === 1 && first?.factor === undefined && first?.scale === 1) {
    set(first.bar);
    return;
  }
  const target = first?.bar.slice() ?? new Float64Array(neurons);
  loops.add(
    neurons,
    (from, to) => {
      for (let b = from; b < to; b++) {
        let sum = 0;
        for (const { bar, scale, factor } of parts) sum += bar[b]! * (factor?.at(b) ?? scale);
        target[b] = sum;
      }
    },
    slice,
  );
  set(target);
}
