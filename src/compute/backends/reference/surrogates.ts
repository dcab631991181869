import { valueAt } from '../../numbers.ts';
import type { SurrogateEvalJob, SurrogateEvalResult, SurrogateGradJob, SurrogateGradResult } from '../../jobs.ts';
import { flatParameters, numericParameters, surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { float64Algebra, type NumberAlgebra } from '../../float64-algebra.ts';
import { NumberProgram } from '../../number-program.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import { slopeLeaf, surrogateSlope } from '../../surrogates/slope.ts';
import type { Arithmetic } from './arithmetic.ts';

/** A surrogate with its parameters filled in, as plain functions of x and the threshold, which is 1 unless given. */
interface NumberFunctions {
  readonly grad: (x: number, threshold?: number) => number;
  readonly value: (x: number, threshold?: number) => number;
  /** The derivative of `value` with respect to a real parameter. */
  readonly slope: (parameter: string, x: number, threshold?: number) => number;
}

/** The functions of a surrogate that a job names. */
export function surrogateFunctions(surrogate: Surrogate, ops: NumberAlgebra = float64Algebra): NumberFunctions {
  const definition = surrogateDefinition(surrogate.name);
  const parameters = numericParameters(definition, surrogate.parameters);
  const { grad, value } = definition;
  const numbers = flatParameters(surrogate.parameters);
  const slopes = new Map<string, NumberProgram>();
  const slopeProgram = (parameter: string): NumberProgram => {
    let program = slopes.get(parameter);
    if (program === undefined)
      slopes.set(parameter, (program = new NumberProgram([surrogateSlope(surrogateShape(surrogate), parameter)], ops)));
    return program;
  };
  const result = [0];
  return {
    grad: (x, threshold = 1) => grad(ops, x, { ...parameters, threshold }),
    value: (x, threshold = 1) => value(ops, x, { ...parameters, threshold }),
    slope: (parameter, x, threshold = 1) => {
      const program = slopeProgram(parameter);
      program.run(program.leaves.map(slopeLeaf(x, threshold, (name) => ops.constant(numbers[name] ?? NaN))), result);
      return result[0]!;
    },
  };
}

export function surrogateEval({ x, surrogates, outputs }: SurrogateEvalJob, arithmetic: Arithmetic): SurrogateEvalResult {
  const spikeAt = (i: number) => Number(valueAt(x, i) >= 0);
  return surrogates.map((surrogate) => {
    const { value } = surrogateFunctions(surrogate, arithmetic.ops);
    return {
      ...(outputs.spike && { spike: fill(new Uint8Array(x.length), arithmetic, spikeAt) }),
      ...(outputs.value && { value: fill(new Float64Array(x.length), arithmetic, (i) => value(valueAt(x, i))) }),
    };
  });
}

export function surrogateGrad({ x, surrogates, cotangent }: SurrogateGradJob, arithmetic: Arithmetic): SurrogateGradResult {
  const cotangentAt = (i: number) => (typeof cotangent === 'number' ? cotangent : valueAt(cotangent, i));
  return surrogates.map((surrogate) => {
    const { grad } = surrogateFunctions(surrogate, arithmetic.ops);
    return { grad: fill(new Float64Array(x.length), arithmetic, (i) => arithmetic.ops.mul(grad(valueAt(x, i)), cotangentAt(i))) };
  });
}

function fill<A extends Uint8Array | Float64Array>(array: A, arithmetic: Arithmetic, valueOf: (i: number) => number): A {
  for (let i = 0; i < array.length; i++) {
    arithmetic.step();
    array[i] = valueOf(i);
  }
  return array;
}
