import type { Graph, Node } from './graph.ts';
import { horner } from './polynomial.ts';

// 2^r on [-1/2, 1/2], largest relative error 2.0e-7: interpolation of (2^r - 1)/r in Chebyshev's nodes, coefficients in float32.
const exp2 = [1, 0.6931471824645996, 0.2402234971523285, 0.055503811687231064, 0.00966636836528778, 0.0013381302123889327];

// Adding it rounds to a whole number n and leaves n + 127, float32's exponent of 2^n, in the low bits.
const roundingShift = 1.5 * 2 ** 23 + 127;

/** e^a for a <= 0 in float32 lanes; relative error below 4e-7 + 1e-7 |a|, and exactly 0 below 2^-127. */
export function exp(graph: Graph, a: Node): Node {
  const shift = graph.constant(roundingShift);
  const exponent = graph.max(timesLog2E(graph, a), graph.constant(-127));
  const shifted = graph.add(exponent, shift);
  const fraction = graph.sub(exponent, graph.sub(shifted, shift));
  return graph.mul(horner(graph, exp2, fraction), graph.shiftLeft(shifted, 23));
}

/** a log2(e), with the factor folded into a coefficient that is there already. */
function timesLog2E(graph: Graph, a: Node): Node {
  const log2E = graph.constant(Math.LOG2E);
  if (a.op === 'neg') return timesLog2E(graph, graph.mul(graph.constant(-1), a.args[0]!));
  if (a.op === 'mul') {
    const [left, right] = a.args as [Node, Node];
    if (left.rate === 'job') return graph.mul(graph.mul(left, log2E), right);
    if (right.rate === 'job') return graph.mul(graph.mul(right, log2E), left);
  }
  return graph.mul(log2E, a);
}
