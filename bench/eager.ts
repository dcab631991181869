import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { Algebra } from '../src/compute/algebra.ts';
import type { loadTensorFlow } from '../src/compute/backends/tensorflow/load-tensorflow.js';
import { evaluator, type SurrogateFunctions } from '../src/compute/expressions.ts';
import { programOf, termValuesByPath } from '../src/compute/neurons/terms.ts';
import { backwardStep, stateBarLeaf, stateLeaf, termLeaf } from '../src/compute/neurons/program.ts';
import { standardProblem } from '../src/compute/standard-jobs.ts';
import { surrogateDefinition } from '../src/compute/surrogates/catalogue.ts';
import { currents } from './jobs.ts';

type TensorFlow = Awaited<ReturnType<typeof loadTensorFlow>>;

function unused(): never {
  throw new Error('the sigmoid needs no such operation');
}

/** The algebra as calls of TensorFlow.js, each of which runs at once. */
function eagerAlgebra(tf: TensorFlow): Algebra<Tensor, Tensor> {
  return {
    constant: (value) => tf.scalar(value),
    add: (a, b) => tf.add(a, b),
    sub: (a, b) => tf.sub(a, b),
    mul: (a, b) => tf.mul(a, b),
    div: (a, b) => tf.div(a, b),
    neg: (a) => tf.neg(a),
    abs: (a) => tf.abs(a),
    min: (a, b) => tf.minimum(a, b),
    max: (a, b) => tf.maximum(a, b),
    sqrt: (a) => tf.sqrt(a),
    exp: (a) => tf.exp(a),
    log1p: (a) => tf.log1p(a),
    atan: (a) => tf.atan(a),
    floor: (a) => tf.floor(a),
    lt: (a, b) => tf.less(a, b),
    le: (a, b) => tf.lessEqual(a, b),
    select: (mask, a, b) => tf.where(mask, a, b),
    and: (a, b) => tf.logicalAnd(a, b),
    or: (a, b) => tf.logicalOr(a, b),
    not: (a) => tf.logicalNot(a),
    widen: (a) => a,
    narrow: (a) => a,
    exprel: unused,
    erfc: unused,
    oddCosines: unused,
    oddSines: unused,
  };
}

/** Forward and backward through the default neurons, step by step: what one writes first. Gives the gradient of the spike count. */
export function eagerGradient(tf: TensorFlow, neurons: number, steps: number): Float32Array {
  const gradient = tf.tidy(() => {
    const ops = eagerAlgebra(tf);
    const problem = standardProblem(neurons, steps);
    const program = programOf(problem);
    const { step } = program;
    const leaves: Record<string, Tensor> = { current: tf.tensor1d(Float32Array.from(currents(neurons))) };
    for (const [path, term] of termValuesByPath(problem, program))
      if (term.per === 'scalar') leaves[termLeaf(path)] = tf.scalar(term.value);
    const alpha = tf.scalar(4);
    const surrogate: SurrogateFunctions<Tensor> = {
      grad: (x, threshold) => surrogateDefinition('sigmoid').grad(ops, x, { p: { alpha }, n: {}, lists: {}, threshold }),
      value: unused,
      slope: unused,
    };
    const evaluate = (v: Tensor, vBar: Tensor) =>
      evaluator<Tensor, Tensor>({
        ops,
        surrogate,
        leaf: (name) => {
          const known = name === stateLeaf('v') ? v : name === stateBarLeaf('v') ? vBar : leaves[name];
          if (known === undefined) throw new Error(`the step has no ${name}`);
          return known;
        },
      });
    const zeros = tf.zeros([neurons]);
    const before: Tensor[] = [];
    let v: Tensor = zeros;
    for (let t = 0; t < steps; t++) {
      before.push(v);
      v = evaluate(v, zeros)(step.vPost);
    }
    const { state, wrt } = backwardStep(step, { spikes: step.graph.constant(1) }, new Set(), ['current']);
    let sum: Tensor = zeros;
    let vBar: Tensor = zeros;
    for (const one of before.reverse()) {
      const value = evaluate(one, vBar);
      sum = tf.add(sum, value(wrt.current ?? step.graph.constant(0)));
      vBar = value(state.v ?? step.graph.constant(0));
    }
    return sum;
  });
  const values = gradient.dataSync() as Float32Array;
  gradient.dispose();
  return values;
}
