import type { Graph, Node } from './graph.ts';

/** c[0] + c[1] x + c[2] x^2 + ... by Horner's rule. */
export function horner(graph: Graph, coefficients: readonly number[], x: Node): Node {
  let sum = graph.constant(coefficients.at(-1)!);
  for (let i = coefficients.length - 2; i >= 0; i--) {
    sum = graph.add(graph.mul(sum, x), graph.constant(coefficients[i]!));
  }
  return sum;
}
