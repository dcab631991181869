import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { Algebra } from '../src/compute/algebra.ts';
import type { loadTensorFlow } from '../src/compute/backends/tensorflow/load-tensorflow.js';
import { leakFactor, lifAdjoint, lifStep, type LifStructure, type LifTerms } from '../src/compute/neurons/lif.ts';
import { surrogateDefinition } from '../src/compute/surrogates/catalogue.ts';
import { currents } from './jobs.ts';

type TensorFlow = Awaited<ReturnType<typeof loadTensorFlow>>;

/** The algebra as calls of TensorFlow.js, each of which runs at once. */
function eagerAlgebra(tf: TensorFlow): Algebra<Tensor, Tensor> {
  const unused = (): never => {
    throw new Error('the sigmoid needs no such operation');
  };
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
    const structure: LifStructure = { reset: 'hard', inputScaling: true, detachReset: false };
    const terms: LifTerms<Tensor> = {
      leak: tf.scalar(leakFactor(0.1, 10, 'euler')),
      threshold: tf.scalar(1),
      vReset: tf.scalar(0),
      vRest: tf.scalar(0),
      resistance: tf.scalar(1),
    };
    const alpha = tf.scalar(4);
    const current = tf.tensor1d(Float32Array.from(currents(neurons)));
    const trace: { v: Tensor; vPre: Tensor; spike: Tensor }[] = [];
    let v: Tensor = tf.zeros([neurons]);
    for (let t = 0; t < steps; t++) {
      const step = lifStep(ops, structure, terms, { v, current });
      trace.push({ v, vPre: step.vPre, spike: step.spike });
      v = step.v;
    }
    let sum: Tensor = tf.zeros([neurons]);
    let vBar: Tensor = tf.zeros([neurons]);
    for (const step of trace.reverse()) {
      const surrogateGrad = surrogateDefinition('sigmoid').grad(ops, tf.sub(step.vPre, terms.threshold), {
        p: { alpha },
        n: {},
        lists: {},
        threshold: terms.threshold,
      });
      const adjoint = lifAdjoint(ops, structure, terms, { ...step, vBar, spikeBar: tf.scalar(1), current, surrogateGrad });
      sum = tf.add(sum, adjoint.current);
      vBar = adjoint.v;
    }
    return sum;
  });
  const values = gradient.dataSync() as Float32Array;
  gradient.dispose();
  return values;
}
