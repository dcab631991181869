import type { Algebra } from '../../algebra.ts';
import type { GraphFunction, Tensor } from './graph-function.ts';

/**
 * The algebra whose values are tensors of a graph. A value is float32 or float64: what depends on parameters alone is float64,
 * and is rounded to float32 where it meets a float32 tensor, once. Shapes broadcast.
 */
export class TensorAlgebra implements Algebra<Tensor, Tensor> {
  readonly #graph: GraphFunction;

  constructor(graph: GraphFunction) {
    this.#graph = graph;
  }

  constant(value: number): Tensor {
    return this.#graph.constant('float64', Object.is(value, -0) ? 0 : value);
  }

  /** The same values in another precision. */
  cast(a: Tensor, type: 'float32' | 'float64'): Tensor {
    if (a.type === type) return a;
    if (a.constant !== undefined) return this.#graph.constant(type, a.constant);
    return this.#graph.operation('Cast', [a], { type, output: 'y', attributes: { SrcT: { type: a.type }, DstT: { type } } });
  }

  add(a: Tensor, b: Tensor): Tensor {
    if (a.constant === 0) return b;
    return b.constant === 0 ? a : this.#binary('AddV2', a, b);
  }

  sub(a: Tensor, b: Tensor): Tensor {
    return b.constant === 0 ? a : this.#binary('Sub', a, b);
  }

  mul(a: Tensor, b: Tensor): Tensor {
    if (a.constant === 1) return b;
    return b.constant === 1 ? a : this.#binary('Mul', a, b);
  }

  div(a: Tensor, b: Tensor): Tensor {
    return b.constant === 1 ? a : this.#binary('RealDiv', a, b);
  }

  min(a: Tensor, b: Tensor): Tensor {
    return this.#binary('Minimum', a, b);
  }

  max(a: Tensor, b: Tensor): Tensor {
    return this.#binary('Maximum', a, b);
  }

  neg(a: Tensor): Tensor {
    return a.constant === undefined ? this.#unary('Neg', a) : this.#graph.constant(a.type as 'float32' | 'float64', -a.constant);
  }

  abs(a: Tensor): Tensor {
    return this.#unary('Abs', a);
  }

  sqrt(a: Tensor): Tensor {
    return this.#unary('Sqrt', a);
  }

  exp(a: Tensor): Tensor {
    return this.#unary('Exp', a);
  }

  log1p(a: Tensor): Tensor {
    return this.#unary('Log1p', a);
  }

  exprel(a: Tensor): Tensor {
    const isZero = this.#compare('Equal', a, this.constant(0));
    return this.select(isZero, this.constant(1), this.div(this.#unary('Expm1', a), this.select(isZero, this.constant(1), a)));
  }

  atan(a: Tensor): Tensor {
    return this.#unary('Atan', a);
  }

  erfc(a: Tensor): Tensor {
    return this.#unary('Erfc', a);
  }

  oddCosines(turns: Tensor, terms: number): Tensor {
    return this.#sumOddHarmonics(turns, terms, (angle) => this.#unary('Cos', angle));
  }

  oddSines(turns: Tensor, terms: number): Tensor {
    return this.#sumOddHarmonics(turns, terms, (angle, harmonic) => this.div(this.#unary('Sin', angle), this.constant(harmonic)));
  }

  #sumOddHarmonics(turns: Tensor, terms: number, term: (angle: Tensor, harmonic: number) => Tensor): Tensor {
    // Whole turns are taken off before and after multiplying: the subtraction is exact, and angles stay small.
    const fraction = (a: Tensor): Tensor => this.sub(a, this.#unary('Round', a));
    const first = fraction(turns);
    let sum = this.constant(0);
    for (let i = 1; i <= terms; i++) {
      const harmonic = 2 * i - 1;
      const angle = this.mul(this.constant(2 * Math.PI), fraction(this.mul(this.constant(harmonic), first)));
      sum = this.add(sum, term(angle, harmonic));
    }
    return sum;
  }

  lt(a: Tensor, b: Tensor): Tensor {
    return this.#compare('Less', a, b);
  }

  le(a: Tensor, b: Tensor): Tensor {
    return this.#compare('LessEqual', a, b);
  }

  select(mask: Tensor, a: Tensor, b: Tensor): Tensor {
    if (a.ref === b.ref) return a;
    const [left, right] = this.#unify(a, b);
    return this.#graph.operation('SelectV2', [mask, left, right], {
      type: left.type,
      output: 'output',
      attributes: { T: { type: left.type } },
    });
  }

  and(a: Tensor, b: Tensor): Tensor {
    return this.#graph.operation('LogicalAnd', [a, b], { type: 'bool', output: 'z' });
  }

  or(a: Tensor, b: Tensor): Tensor {
    return this.#graph.operation('LogicalOr', [a, b], { type: 'bool', output: 'z' });
  }

  not(a: Tensor): Tensor {
    return this.#graph.operation('LogicalNot', [a], { type: 'bool', output: 'y' });
  }

  #unary(op: string, a: Tensor): Tensor {
    return this.#graph.operation(op, [a], { type: a.type, output: 'y', attributes: { T: { type: a.type } } });
  }

  #binary(op: string, a: Tensor, b: Tensor): Tensor {
    const [left, right] = this.#unify(a, b);
    return this.#graph.operation(op, [left, right], { type: left.type, output: 'z', attributes: { T: { type: left.type } } });
  }

  #compare(op: string, a: Tensor, b: Tensor): Tensor {
    const [left, right] = this.#unify(a, b);
    return this.#graph.operation(op, [left, right], { type: 'bool', output: 'z', attributes: { T: { type: left.type } } });
  }

  #unify(a: Tensor, b: Tensor): readonly [Tensor, Tensor] {
    return a.type === b.type ? [a, b] : [this.cast(a, 'float32'), this.cast(b, 'float32')];
  }
}
