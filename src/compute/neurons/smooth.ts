import { ExpressionGraph, type Expression } from '../expressions.ts';
import type { StepAlgebra } from '../algebra.ts';
import type { StepOutput } from './model.ts';

/** The graph of a smooth step's parameters: what is detached elsewhere has derivatives here. */
export class SmoothGraph extends ExpressionGraph {
  override readonly detach = (a: Expression) => this.substitute(a, a);
}

/** A condition; of a spike also the weight between 0 and 1 that stands in its place. */
interface Choice {
  readonly mask: Expression;
  readonly weight?: Expression;
}

/**
 * Records a step with the surrogate's value in the place of every spike, and nothing detached: a smooth function, whose derivatives finite
 * differences can check.
 */
export function smoothSteps(
  graph: ExpressionGraph,
  record: (ops: StepAlgebra<Expression, Choice>) => StepOutput<Expression, Choice>,
): StepOutput<Expression, Expression> {
  const [zero, one] = [graph.constant(0), graph.constant(1)];
  /** How often a neuron crosses its threshold, by the value in the place of that number. */
  const counts = new Map<Expression, Expression>();
  const weightOf = ({ mask, weight }: Choice): Expression => weight ?? graph.select(mask, one, zero);
  const joined = (a: Choice, b: Choice, mask: Expression, weight: (a: Expression, b: Expression) => Expression): Choice =>
    a.weight === undefined && b.weight === undefined ? { mask } : { mask, weight: weight(weightOf(a), weightOf(b)) };
  const exact: StepAlgebra<Expression, Expression> = graph;
  const ops: StepAlgebra<Expression, Choice> = {
    ...exact,
    lt: (a, b) => ({ mask: graph.lt(a, b) }),
    le: (a, b) => ({ mask: graph.le(a, b) }),
    and: (a, b) => joined(a, b, graph.and(a.mask, b.mask), (x, y) => graph.mul(x, y)),
    or: (a, b) => joined(a, b, graph.or(a.mask, b.mask), (x, y) => graph.sub(graph.add(x, y), graph.mul(x, y))),
    not: ({ mask, weight }) => ({ mask: graph.not(mask), ...(weight && { weight: graph.sub(one, weight) }) }),
    select: ({ mask, weight }, a, b) =>
      weight === undefined ? graph.select(mask, a, b) : graph.add(b, graph.mul(weight, graph.sub(a, b))),
    spike: ({ mask }, x, threshold) => ({ mask, weight: graph.surrogateValue(x, threshold) }),
    spikes: (count, x, threshold) => {
      const value = graph.surrogateValue(x, threshold);
      counts.set(value, count);
      return value;
    },
    substitute: (value) => value,
    detach: (a) => a,
    detachMask: (mask) => mask,
  };
  const { spike, count, ...output } = record(ops);
  return { ...output, count: count && counts.get(count), spike: spike?.mask, spikes: output.spikes ?? (spike && weightOf(spike)) };
}
