import type { Algebra } from '../../algebra.ts';
import type { ListRange } from '../definition.ts';
import { defineFormula, position, tex } from '../define.ts';

const points: ListRange = { minItems: 2, maxItems: 64 };

/** A gradient of the user's own: straight lines between points, and 0 outside. */
export const table = defineFormula({
  family: 'table',
  summary: 'Straight lines through points of your own, and 0 outside; negative where they are.',
  parameters: {
    // Slopes between closer points could leave float32.
    x: { ...position('where the points are, in ascending order'), list: { ...points, minIncrease: 1e-30 } },
    grad: { minimum: -1e4, maximum: 1e4, meaning: 'the gradient at each of them', list: points },
  },
  grad: (ops, x, { lists }) => {
    const { first, last, segments } = segmentsOf(ops, lists);
    const inside = ops.min(ops.max(x, first), last);
    const zero = ops.constant(0);
    const lines = segments.reduce((before, segment) => ops.select(ops.le(segment.start, x), line(ops, inside, segment), before), zero);
    return ops.select(ops.le(x, last), lines, zero);
  },
  value: (ops, x, { lists }) => {
    const fromZero = ops.sub(ops.constant(0.5), area(ops, ops.constant(0), lists));
    return ops.add(fromZero, area(ops, x, lists));
  },
  latex: {
    grad: tex`\begin{cases} \frac{\left(x_{i+1} - x\right) \text{grad}_i + \left(x - x_i\right) \text{grad}_{i+1}}{x_{i+1} - x_i} & x_i \le x \le x_{i+1} \\ 0 & \text{otherwise} \end{cases}`,
    value: tex`\frac{1}{2} + \int_0^x g\left(t\right) \, dt`,
  },
  landmarks: (_, { x }) => x,
});

type Points<V> = Readonly<Record<'x' | 'grad', readonly V[]>>;

/** The line between two neighbouring points: rise * (x - start) - fall * (x - end). */
interface Segment<V> {
  readonly start: V;
  readonly end: V;
  readonly length: V;
  readonly rise: V;
  readonly fall: V;
}

function segmentsOf<V, M>(
  ops: Algebra<V, M>,
  { x, grad }: Points<V>,
): { readonly first: V; readonly last: V; readonly segments: readonly Segment<V>[] } {
  // There are two points or more, and as many gradients.
  const segments = x.slice(1).map((end, i) => {
    const start = x[i]!;
    const length = ops.sub(end, start);
    return { start, end, length, rise: ops.div(grad[i + 1]!, length), fall: ops.div(grad[i]!, length) };
  });
  return { first: x[0]!, last: x.at(-1)!, segments };
}

/** Both terms have the sign of the gradient at their end, so that nothing cancels unless the line crosses 0. */
function line<V, M>(ops: Algebra<V, M>, x: V, { start, end, rise, fall }: Segment<V>): V {
  return ops.sub(ops.mul(rise, ops.sub(x, start)), ops.mul(fall, ops.sub(x, end)));
}

/** Integral of the gradient from the first point to x. */
function area<V, M>(ops: Algebra<V, M>, x: V, lists: Points<V>): V {
  const { first, last, segments } = segmentsOf(ops, lists);
  const inside = ops.min(ops.max(x, first), last);
  const part = (to: V, { start, length, rise, fall }: Segment<V>): V => {
    const distance = ops.sub(to, start);
    const half = ops.mul(ops.constant(0.5), distance);
    return ops.mul(distance, ops.add(ops.mul(rise, half), ops.mul(fall, ops.sub(length, half))));
  };
  let before = ops.constant(0);
  let total = before;
  for (const segment of segments) {
    total = ops.select(ops.le(segment.start, inside), ops.add(before, part(inside, segment)), total);
    before = ops.add(before, part(segment.end, segment));
  }
  return total;
}
