import { isConstant } from './graph.ts';
import type { Graph, Node } from './graph.ts';

/** Sums over time of step nodes, with factors that do not change in time taken out. */
export class TimeAccumulators {
  readonly terms: Node[] = [];
  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The sum of `node` over time, as a node over leaves `sum0`, `sum1`, ... */
  of(node: Node): Node {
    if (isConstant(node, 0)) return node;
    if (node.rate !== 'step') return this.#graph.mul(this.#graph.parameter('steps', true), node);
    if (node.op === 'neg') return this.#graph.neg(this.of(node.args[0]!));
    if (node.op === 'mul') {
      const [a, b] = node.args as [Node, Node];
      if (a.rate !== 'step') return this.#graph.mul(this.of(b), a);
      if (b.rate !== 'step') return this.#graph.mul(this.of(a), b);
    }
    let index = this.terms.indexOf(node);
    if (index < 0) index = this.terms.push(node) - 1;
    return this.#graph.leaf(`sum${index}`, 'step');
  }
}
