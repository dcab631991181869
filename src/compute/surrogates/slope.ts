import { vjp } from '../autodiff.ts';
import { Cache } from '../cache.ts';
import { ExpressionGraph, type Expression } from '../expressions.ts';
import { formulaParameters, surrogateDefinition } from './catalogue.ts';
import type { SurrogateShape } from './shape.ts';

/** The leaf of a parameter, by the name that requests use. */
const prefix = 'parameter.';

const slopes = new Cache<string, Expression>(64);

/**
 * The derivative of a surrogate's value with respect to one of its real parameters, over the leaves `x`, `threshold` and `parameter.<name>`.
 * Differences of terms lose digits in float32: back-ends evaluate it in float64 and round once.
 */
export function surrogateSlope({ name, integers }: SurrogateShape, parameter: string): Expression {
  const key = `${name} ${Object.values(integers).join()} ${parameter}`;
  return slopes.get(key, () => {
    const graph = new ExpressionGraph();
    const definition = surrogateDefinition(name);
    const leaf = (of: string) => graph.leaf(prefix + of);
    const value = definition.value(graph, graph.leaf('x'), formulaParameters(definition, leaf, integers, graph.leaf('threshold')));
    const [slope = graph.constant(0)] = vjp(graph, [[value, graph.constant(1)]], [leaf(parameter)]);
    return slope;
  });
}

/** What evaluates `surrogateSlope`'s leaves. @param parameter gives a parameter's value by its name. */
export function slopeLeaf<V>(x: V, threshold: V, parameter: (name: string) => V): (leaf: string) => V {
  return (leaf) => (leaf === 'x' ? x : leaf === 'threshold' ? threshold : parameter(leaf.slice(prefix.length)));
}
