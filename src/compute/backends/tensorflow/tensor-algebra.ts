import type { Algebra } from '../../algebra.ts';
import { GraphFunction, type Tensor } from './graph-function.ts';
import type { NumberType } from './saved-model.ts';

/**
 * A TensorFlow function under construction, as the algebra whose values are its tensors. Whatever depends on parameters alone is float64, and
 * is rounded to float32, once, where it meets a float32 tensor. Shapes broadcast.
 */
export class TensorAlgebra extends GraphFunction implements Algebra<Tensor, Tensor> {
  readonly abs = (a: Tensor) => this.unary('Abs', a);
  readonly min = (a: Tensor, b: Tensor) => this.binary('Minimum', a, b);
  readonly max = (a: Tensor, b: Tensor) => this.binary('Maximum', a, b);
  readonly sqrt = (a: Tensor) => this.unary('Sqrt', a);
  readonly floor = (a: Tensor) => this.unary('Floor', a);
  readonly exp = (a: Tensor) => this.unary('Exp', a);
  readonly log1p = (a: Tensor) => this.unary('Log1p', a);
  readonly atan = (a: Tensor) => this.unary('Atan', a);
  readonly erfc = (a: Tensor) => this.unary('Erfc', a);
  readonly lt = (a: Tensor, b: Tensor) => this.#compare('Less', a, b);
  readonly le = (a: Tensor, b: Tensor) => this.#compare('LessEqual', a, b);
  readonly and = (a: Tensor, b: Tensor) => this.operation('LogicalAnd', [a, b], 'bool', 'z', {});
  readonly or = (a: Tensor, b: Tensor) => this.operation('LogicalOr', [a, b], 'bool', 'z', {});
  readonly not = (a: Tensor) => this.operation('LogicalNot', [a], 'bool', 'y', {});
  readonly widen = (a: Tensor) => this.cast(a, 'float64');
  readonly narrow = (a: Tensor) => this.cast(a, 'float32');

  constant(value: number): Tensor {
    return this.literal('float64', Object.is(value, -0) ? 0 : value);
  }

  /** The same values in another type. */
  cast(a: Tensor, type: NumberType): Tensor {
    if (a.type === type) return a;
    if (a.constant !== undefined) return this.literal(type, a.constant);
    return this.operation('Cast', [a], type, 'y', { SrcT: { type: a.type }, DstT: { type } });
  }

  add(a: Tensor, b: Tensor): Tensor {
    if (a.constant === 0) return b;
    return b.constant === 0 ? a : this.binary('AddV2', a, b);
  }

  /** Sum of any number of tensors. */
  sum(terms: readonly Tensor[]): Tensor {
    return terms.reduce((a, b) => this.add(a, b), this.constant(0));
  }

  sub(a: Tensor, b: Tensor): Tensor {
    return b.constant === 0 ? a : this.binary('Sub', a, b);
  }

  mul(a: Tensor, b: Tensor): Tensor {
    if (a.constant === 1) return b;
    return b.constant === 1 ? a : this.binary('Mul', a, b);
  }

  div(a: Tensor, b: Tensor): Tensor {
    return b.constant === 1 ? a : this.binary('RealDiv', a, b);
  }

  neg(a: Tensor): Tensor {
    return a.constant === undefined ? this.unary('Neg', a) : this.literal(a.type as NumberType, -a.constant);
  }

  exprel(a: Tensor): Tensor {
    const isZero = this.#compare('Equal', a, this.constant(0));
    return this.select(isZero, this.constant(1), this.div(this.unary('Expm1', a), this.select(isZero, this.constant(1), a)));
  }

  oddCosines(turns: Tensor, terms: number): Tensor {
    return this.#sumOddHarmonics(turns, terms, (angle) => this.unary('Cos', angle));
  }

  oddSines(turns: Tensor, terms: number): Tensor {
    return this.#sumOddHarmonics(turns, terms, (angle, harmonic) => this.div(this.unary('Sin', angle), this.constant(harmonic)));
  }

  #sumOddHarmonics(turns: Tensor, terms: number, term: (angle: Tensor, harmonic: number) => Tensor): Tensor {
    // Whole turns are subtracted before and after multiplying: the subtraction is exact, and angles stay small.
    const fraction = (a: Tensor): Tensor => this.sub(a, this.unary('Round', a));
    const first = fraction(turns);
    let sum = this.constant(0);
    for (let i = 1; i <= terms; i++) {
      const harmonic = 2 * i - 1;
      const angle = this.mul(this.constant(2 * Math.PI), fraction(this.mul(this.constant(harmonic), first)));
      sum = this.add(sum, term(angle, harmonic));
    }
    return sum;
  }

  select(mask: Tensor, a: Tensor, b: Tensor): Tensor {
    if (a.ref === b.ref) return a;
    const [left, right] = this.#unify(a, b);
    return this.operation('SelectV2', [mask, left, right], left.type, 'output', { T: { type: left.type } });
  }

  /** An element-wise operation of TensorFlow on one tensor. */
  unary(op: string, a: Tensor): Tensor {
    return this.operation(op, [a], a.type, 'y');
  }

  /** An element-wise operation of TensorFlow on two tensors. */
  binary(op: string, a: Tensor, b: Tensor): Tensor {
    const [left, right] = this.#unify(a, b);
    return this.operation(op, [left, right], left.type, 'z');
  }

  #compare(op: string, a: Tensor, b: Tensor): Tensor {
    return this.operation(op, this.#unify(a, b), 'bool', 'z');
  }

  #unify(a: Tensor, b: Tensor): readonly [Tensor, Tensor] {
    return a.type === b.type ? [a, b] : [this.cast(a, 'float32'), this.cast(b, 'float32')];
  }
}
