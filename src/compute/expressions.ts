import type { Algebra, ParameterAlgebra, StepAlgebra } from './algebra.ts';

/** An operation on expressions; a leaf has none and a name instead. Truth values are expressions too. */
export interface Expression {
  /** Grows with each new expression of a graph, so that arguments have smaller ones. */
  readonly id: number;
  readonly op: string;
  readonly args: readonly Expression[];
  /** A constant's value, a leaf's name, or the number of terms of a series. */
  readonly detail: number | string | undefined;
}

/** A surrogate as functions of x and of the threshold, which sets the width of some. */
export interface SurrogateFunctions<V> {
  grad(x: V, threshold: V): V;
  value(x: V, threshold: V): V;
  /** The derivative of `value` with respect to a parameter. */
  slope(parameter: string, x: V, threshold: V): V;
}

/**
 * The algebra whose values are expressions: it records a computation, to be differentiated and then evaluated in any other algebra. Equal
 * expressions are one object; sums with 0, products with 0 and 1 and the like fold. Operations are properties, so that a spread copies them.
 */
export class ExpressionGraph implements StepAlgebra<Expression, Expression>, ParameterAlgebra<Expression, Expression> {
  readonly #expressions = new Map<string, Expression>();

  #expression(op: string, args: readonly Expression[], detail?: number | string): Expression {
    const key = `${op}(${args.map(({ id }) => id).join()})${detail ?? ''}`;
    const known = this.#expressions.get(key);
    if (known !== undefined) return known;
    const expression = { id: this.#expressions.size, op, args, detail };
    this.#expressions.set(key, expression);
    return expression;
  }

  /** A value that whoever evaluates gives. */
  leaf(name: string): Expression {
    return this.#expression('leaf', [], name);
  }

  readonly constant = (value: number): Expression => {
    return this.#expression('constant', [], Object.is(value, -0) ? 0 : value);
  };

  readonly add = (a: Expression, b: Expression): Expression => {
    if (isConstant(a, 0)) return b;
    if (isConstant(b, 0)) return a;
    return splitAt(a, b) ?? splitAt(b, a) ?? this.#expression('add', [a, b]);
  };

  readonly sub = (a: Expression, b: Expression): Expression => {
    if (isConstant(b, 0)) return a;
    if (a === b) return this.constant(0);
    return isConstant(a, 0) ? this.neg(b) : this.#expression('sub', [a, b]);
  };

  readonly mul = (a: Expression, b: Expression): Expression => {
    if (isConstant(a, 1) || isConstant(b, 0)) return b;
    if (isConstant(b, 1) || isConstant(a, 0)) return a;
    return this.#chosen(a, b) ?? this.#chosen(b, a) ?? this.#expression('mul', [a, b]);
  };

  /** b or 0, where a is 1 or 0 by a mask. */
  #chosen(a: Expression, b: Expression): Expression | undefined {
    if (a.op !== 'select') return undefined;
    const [mask, one, zero] = a.args as [Expression, Expression, Expression];
    if (isConstant(one, 1) && isConstant(zero, 0)) return this.select(mask, b, zero);
    return isConstant(one, 0) && isConstant(zero, 1) ? this.select(mask, one, b) : undefined;
  }

  readonly div = (a: Expression, b: Expression): Expression => {
    if (isConstant(b, 1) || isConstant(a, 0)) return a;
    return this.#withoutFactor(a, b) ?? this.#expression('div', [a, b]);
  };

  /** a / factor where a is a product with that factor, as in the derivatives of s e^(x / s). */
  #withoutFactor(a: Expression, factor: Expression): Expression | undefined {
    if (a === factor) return this.constant(1);
    if (a.op !== 'mul') return undefined;
    const [left, right] = a.args as [Expression, Expression];
    const restOfLeft = this.#withoutFactor(left, factor);
    if (restOfLeft !== undefined) return this.mul(restOfLeft, right);
    const restOfRight = this.#withoutFactor(right, factor);
    return restOfRight === undefined ? undefined : this.mul(left, restOfRight);
  }

  readonly neg = (a: Expression): Expression => {
    if (a.op === 'constant') return this.constant(-Number(a.detail));
    return a.op === 'neg' ? a.args[0]! : this.#expression('neg', [a]);
  };

  select(mask: Expression, a: Expression, b: Expression): Expression {
    if (a === b) return a;
    return mask.op === 'not' ? this.select(mask.args[0]!, b, a) : this.#expression('select', [mask, a, b]);
  }

  readonly abs = (a: Expression) => this.#expression('abs', [a]);
  readonly min = (a: Expression, b: Expression) => this.#expression('min', [a, b]);
  readonly max = (a: Expression, b: Expression) => this.#expression('max', [a, b]);
  readonly sqrt = (a: Expression) => this.#expression('sqrt', [a]);
  readonly floor = (a: Expression) => this.#expression('floor', [a]);
  readonly exp = (a: Expression) => this.#expression('exp', [a]);
  readonly log1p = (a: Expression) => this.#expression('log1p', [a]);
  readonly exprel = (a: Expression) => this.#expression('exprel', [a]);
  readonly expm1 = (a: Expression) => this.#expression('expm1', [a]);
  readonly log = (a: Expression) => this.#expression('log', [a]);
  readonly atan = (a: Expression) => this.#expression('atan', [a]);
  readonly erfc = (a: Expression) => this.#expression('erfc', [a]);
  readonly oddCosines = (turns: Expression, terms: number) => this.#expression('oddCosines', [turns], terms);
  readonly oddSines = (turns: Expression, terms: number) => this.#expression('oddSines', [turns], terms);
  readonly widen = (a: Expression) => this.#expression('widen', [a]);
  readonly narrow = (a: Expression) => this.#expression('narrow', [a]);
  readonly lt = (a: Expression, b: Expression) => this.#expression('lt', [a, b]);
  readonly le = (a: Expression, b: Expression) => this.#expression('le', [a, b]);
  readonly and = (a: Expression, b: Expression) => this.#expression('and', [a, b]);
  readonly or = (a: Expression, b: Expression) => this.#expression('or', [a, b]);
  readonly not = (a: Expression) => (a.op === 'not' ? a.args[0]! : this.#expression('not', [a]));

  readonly spike = (fires: Expression, x: Expression, threshold: Expression) => this.#expression('spike', [fires, x, threshold]);
  readonly spikes = (count: Expression, x: Expression, threshold: Expression) => this.#expression('spikes', [count, x, threshold]);
  readonly substitute = (value: Expression, as: Expression) => this.#expression('substitute', [value, as]);
  readonly detach = (a: Expression) => this.#expression('detach', [a]);
  readonly detachMask = (a: Expression) => this.#expression('detachMask', [a]);

  /** The surrogate at x: its gradient, its value, or its value's derivative with respect to a parameter. */
  readonly surrogateGrad = (x: Expression, threshold: Expression) => this.#expression('surrogateGrad', [x, threshold]);
  readonly surrogateValue = (x: Expression, threshold: Expression) => this.#expression('surrogateValue', [x, threshold]);
  readonly surrogateSlope = (parameter: string, x: Expression, threshold: Expression) =>
    this.#expression('surrogateSlope', [x, threshold], parameter);
}

export function isConstant({ op, detail }: Expression, value: number): boolean {
  return op === 'constant' && detail === value;
}

/** x, where the two summands are `select(mask, x, 0)` and `select(mask, 0, x)`. */
function splitAt(a: Expression, b: Expression): Expression | undefined {
  if (a.op !== 'select' || b.op !== 'select' || a.args[0] !== b.args[0]) return undefined;
  const [, x, none] = a.args;
  const [, zero, rest] = b.args;
  return x === rest && none === zero && isConstant(zero!, 0) ? x : undefined;
}

/** The expressions on which `roots` depend, themselves included, arguments first. */
export function reachable(roots: readonly Expression[]): Expression[] {
  const found = new Set<Expression>();
  const waiting = [...roots];
  for (let expression = waiting.pop(); expression !== undefined; expression = waiting.pop()) {
    if (found.has(expression)) continue;
    found.add(expression);
    waiting.push(...expression.args);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** What expressions are evaluated with. */
export interface Evaluation<V, M> {
  readonly ops: Algebra<V, M>;
  readonly leaf: (name: string) => V;
  readonly surrogate: SurrogateFunctions<V>;
  /** Expressions whose values are leaves of these names: what they are made of is not evaluated. */
  readonly replaced?: ReadonlyMap<Expression, string>;
}

/** Operations that pass their first operand on: what they mark matters to derivatives alone. */
export const marks: ReadonlySet<string> = new Set(['spike', 'spikes', 'substitute', 'detach', 'detachMask']);

/** A function that evaluates expressions in an algebra, each once. */
export function evaluator<V, M>({ ops, leaf, surrogate, replaced }: Evaluation<V, M>): (root: Expression) => V {
  const known = new Map<Expression, V | M>();
  const evaluate = (expression: Expression): V | M => {
    const before = known.get(expression);
    if (before !== undefined) return before;
    const name = replaced?.get(expression);
    const value = name === undefined ? compute(expression) : leaf(name);
    known.set(expression, value);
    return value;
  };
  const compute = ({ op, args, detail }: Expression): V | M => {
    if (op === 'leaf') return leaf(String(detail));
    if (op === 'constant') return ops.constant(Number(detail));
    if (marks.has(op)) return evaluate(args[0]!);
    const operands = args.map(evaluate);
    const [x, threshold] = operands as V[];
    if (op === 'surrogateGrad') return surrogate.grad(x!, threshold!);
    if (op === 'surrogateValue') return surrogate.value(x!, threshold!);
    if (op === 'surrogateSlope') return surrogate.slope(String(detail), x!, threshold!);
    // Expressions have the names of the algebra's operations.
    const operation = Reflect.get(ops, op) as (...operands: unknown[]) => V | M;
    return operation.apply(ops, detail === undefined ? operands : [...operands, detail]);
  };
  return (root) => evaluate(root) as V;
}
