import { reachable, type Expression, type ExpressionGraph } from './expressions.ts';

/** Multiplies a cotangent, or a tangent, by a partial derivative: every operation is elementwise, so both directions use the same factor, except for widths. */
type Partial = (bar: Expression) => Expression;

/** The partial derivatives of an operation by its arguments; undefined where there is none. */
type Rule = (graph: ExpressionGraph, expression: Expression) => readonly (Partial | undefined)[];

const none: Rule = () => [];

/** Derivatives of masks are those of the numbers 0 and 1: only that of a spike is not 0. */
const rules: Readonly<Record<string, Rule>> = {
  leaf: none,
  constant: none,
  lt: none,
  le: none,
  floor: none,
  detach: none,
  detachMask: none,
  surrogateGrad: none,
  surrogateSlope: none,
  add: () => [same, same],
  sub: (graph) => [same, (bar) => graph.neg(bar)],
  mul: (graph, { args: [a, b] }) => [(bar) => graph.mul(bar, b!), (bar) => graph.mul(bar, a!)],
  div: (graph, { args: [a, b] }) => [(bar) => graph.div(bar, b!), (bar) => graph.mul(bar, graph.neg(graph.div(a!, graph.mul(b!, b!))))],
  neg: (graph) => [(bar) => graph.neg(bar)],
  abs: (graph, { args: [a] }) => [(bar) => graph.select(graph.lt(a!, graph.constant(0)), graph.neg(bar), bar)],
  // Where both are equal the second one is taken, so that max(x, 0) has the derivative 0 at 0.
  min: (graph, { args: [a, b] }) => either(graph, graph.lt(a!, b!)),
  max: (graph, { args: [a, b] }) => either(graph, graph.lt(b!, a!)),
  sqrt: (graph, root) => [(bar) => graph.div(bar, graph.mul(graph.constant(2), root))],
  exp: (graph, power) => [(bar) => graph.mul(bar, power)],
  expm1: (graph, { args: [a] }) => [(bar) => graph.mul(bar, graph.exp(a!))],
  log: (graph, { args: [a] }) => [(bar) => graph.div(bar, a!)],
  log1p: (graph, { args: [a] }) => [(bar) => graph.div(bar, graph.add(graph.constant(1), a!))],
  exprel: (graph, relative) => [(bar) => graph.mul(bar, exprelSlope(graph, relative))],
  atan: (graph, { args: [a] }) => [(bar) => graph.div(bar, graph.add(graph.constant(1), graph.mul(a!, a!)))],
  erfc: (graph, { args: [a] }) => {
    const slope = graph.mul(graph.constant(-2 / Math.sqrt(Math.PI)), graph.exp(graph.neg(graph.mul(a!, a!))));
    return [(bar) => graph.mul(bar, slope)];
  },
  oddSines: (graph, { args: [turns], detail: terms }) => [
    (bar) => graph.mul(bar, graph.mul(graph.constant(2 * Math.PI), graph.oddCosines(turns!, Number(terms)))),
  ],
  widen: (graph) => [(bar) => graph.narrow(bar)],
  narrow: (graph) => [(bar) => graph.widen(bar)],
  select: (graph, { args: [mask, a, b] }) => [(bar) => graph.mul(bar, graph.sub(a!, b!)), ...either(graph, mask!)],
  and: (graph, { args: [a, b] }) => [(bar) => graph.select(b!, bar, graph.constant(0)), (bar) => graph.select(a!, bar, graph.constant(0))],
  or: (graph, { args: [a, b] }) => [(bar) => graph.select(b!, graph.constant(0), bar), (bar) => graph.select(a!, graph.constant(0), bar)],
  not: (graph) => [(bar) => graph.neg(bar)],
  spike: atSurrogate,
  spikes: atSurrogate,
  surrogateValue: (graph, { args: [x, threshold] }) => [(bar) => graph.mul(bar, graph.surrogateGrad(x!, threshold!))],
  substitute: () => [undefined, same],
};

function same(bar: Expression): Expression {
  return bar;
}

/** The partial derivatives by two values of which a mask takes one. */
function either(graph: ExpressionGraph, mask: Expression): readonly [Partial, Partial] {
  const zero = graph.constant(0);
  return [(bar) => graph.select(mask, bar, zero), (bar) => graph.select(mask, zero, bar)];
}

function atSurrogate(graph: ExpressionGraph, { args: [, x, threshold] }: Expression): readonly (Partial | undefined)[] {
  return [undefined, (bar) => graph.mul(bar, graph.surrogateGrad(x!, threshold!))];
}

/** The derivative of (e^a - 1) / a: by its series near 0, where (e^a - (e^a - 1) / a) / a cancels. */
function exprelSlope(graph: ExpressionGraph, relative: Expression): Expression {
  const a = relative.args[0]!;
  const isSmall = graph.lt(graph.abs(a), graph.constant(0.5));
  const nearZero = graph.select(isSmall, a, graph.constant(0));
  const elsewhere = graph.select(isSmall, graph.constant(1), a);
  let series = graph.constant(0);
  let factorial = 6227020800;
  // The coefficient of a^k is (k + 1) / (k + 2)!.
  for (let k = 11; k >= 0; k--) {
    series = graph.add(graph.mul(series, nearZero), graph.constant((k + 1) / factorial));
    factorial /= k + 2;
  }
  return graph.select(isSmall, series, graph.div(graph.sub(graph.exp(a), relative), elsewhere));
}

function partialsOf(graph: ExpressionGraph, expression: Expression): readonly (Partial | undefined)[] {
  const rule = rules[expression.op];
  if (rule === undefined) throw new Error(`no derivative is known of ${expression.op}`);
  return rule(graph, expression);
}

/** The partial derivatives for tangents, which a change of width takes along: cotangents go against it. */
function forwardPartials(graph: ExpressionGraph, expression: Expression): readonly (Partial | undefined)[] {
  if (expression.op === 'widen') return [graph.widen];
  if (expression.op === 'narrow') return [graph.narrow];
  return partialsOf(graph, expression);
}

/** The parameter of the surrogate that a leaf is. */
function surrogateParameter({ detail }: Expression): string | undefined {
  return /^surrogate\.(.+)$/.exec(String(detail))?.[1];
}

/** A derivative of a spike, or of the smooth value in its place, with respect to a parameter of the surrogate. */
function surrogateSlope(graph: ExpressionGraph, parameter: string, { op, args }: Expression): Expression | undefined {
  if (op === 'surrogateValue') return graph.surrogateSlope(parameter, args[0]!, args[1]!);
  return op === 'spike' || op === 'spikes' ? graph.surrogateSlope(parameter, args[1]!, args[2]!) : undefined;
}

/**
 * The vector-Jacobian product: cotangents of `inputs` for cotangents of `outputs`, by reverse accumulation. Spikes have the surrogate's gradient
 * as their derivative.
 *
 * @param outputs expressions with their cotangents; one that stands there twice has the sum of both.
 * @param inputs leaves; those named `surrogate.<parameter>` are the surrogate's own parameters.
 * @returns a cotangent for each input: the constant 0 where no output depends on it.
 */
export function vjp(
  graph: ExpressionGraph,
  outputs: readonly (readonly [output: Expression, cotangent: Expression])[],
  inputs: readonly Expression[],
): Expression[] {
  const bars = new Map<Expression, Expression>();
  const accumulate = (expression: Expression, bar: Expression) => {
    const before = bars.get(expression);
    bars.set(expression, before === undefined ? bar : graph.add(before, bar));
  };
  for (const [output, cotangent] of outputs) accumulate(output, cotangent);
  const parameters = inputs.flatMap((input) => {
    const parameter = surrogateParameter(input);
    return parameter === undefined ? [] : [{ input, parameter }];
  });
  for (const expression of reachable(outputs.map(([output]) => output)).reverse()) {
    const bar = bars.get(expression);
    if (bar === undefined) continue;
    const partials = partialsOf(graph, expression);
    for (const [i, partial] of partials.entries()) if (partial !== undefined) accumulate(expression.args[i]!, partial(bar));
    for (const { input, parameter } of parameters) {
      const slope = surrogateSlope(graph, parameter, expression);
      if (slope !== undefined) accumulate(input, graph.mul(bar, slope));
    }
  }
  return inputs.map((input) => bars.get(input) ?? graph.constant(0));
}

/**
 * The Jacobian-vector product: tangents of `outputs` for tangents of `inputs`, by forward accumulation, as dual numbers have it.
 *
 * @param inputs leaves with their tangents; those named `surrogate.<parameter>` are the surrogate's own parameters.
 * @returns a tangent for each output: the constant 0 where it depends on no input.
 */
export function jvp(
  graph: ExpressionGraph,
  outputs: readonly Expression[],
  inputs: readonly (readonly [input: Expression, tangent: Expression])[],
): Expression[] {
  const tangents = new Map<Expression, Expression>(inputs);
  const parameters = inputs.flatMap(([input, tangent]) => {
    const parameter = surrogateParameter(input);
    return parameter === undefined ? [] : [{ parameter, tangent }];
  });
  for (const expression of reachable(outputs)) {
    const terms = forwardPartials(graph, expression).flatMap((partial, i) => {
      const tangent = tangents.get(expression.args[i]!);
      return partial === undefined || tangent === undefined ? [] : [partial(tangent)];
    });
    for (const { parameter, tangent } of parameters) {
      const slope = surrogateSlope(graph, parameter, expression);
      if (slope !== undefined) terms.push(graph.mul(slope, tangent));
    }
    if (terms.length > 0)
      tangents.set(
        expression,
        terms.reduce((a, b) => graph.add(a, b)),
      );
  }
  return outputs.map((output) => tangents.get(output) ?? graph.constant(0));
}
