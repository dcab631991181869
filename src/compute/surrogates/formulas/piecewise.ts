import type { Algebra } from '../../algebra.ts';
import { defineFormula, height, slope, steepness, tex, width } from '../define.ts';
import { clamp, reciprocal, square, stepFromRise, stepFromTail } from './building-blocks.ts';

/** The triangle of area 1. */
export const unitTriangle = defineFormula({
  family: 'triangle',
  summary: 'Triangle of area 1; its primitive is piecewise quadratic.',
  parameters: { alpha: steepness('peak of the triangle, and the inverse of its half width') },
  grad: (ops, x, { p }) => triangle(ops, x, square(ops, p.alpha), reciprocal(ops, p.alpha)),
  value: (ops, x, { p }) => {
    const distance = distanceToEdge(ops, x, reciprocal(ops, p.alpha));
    return stepFromTail(ops, x, ops.mul(ops.mul(ops.constant(0.5), square(ops, p.alpha)), square(ops, distance)));
  },
  latex: {
    grad: tex`#alpha \max\left(1 - #alpha \, |x|,\, 0\right)`,
    value: tex`\begin{cases} \frac{1}{2} \left(\max\left(1 + #alpha \, x,\, 0\right)\right)^2 & x < 0 \\ 1 - \frac{1}{2} \left(\max\left(1 - #alpha \, x,\, 0\right)\right)^2 & x \ge 0 \end{cases}`,
  },
  landmarks: ({ alpha }) => [-1 / alpha, 1 / alpha],
});

/** The triangle by slope and half width. */
export const slopedTriangle = defineFormula({
  family: 'triangle',
  summary: 'Triangle of chosen slope and half width.',
  parameters: { alpha: height('slope of the sides; the peak is #alpha * #width'), width: width('half width of the triangle') },
  grad: (ops, x, { p }) => triangle(ops, x, p.alpha, p.width),
  value: (ops, x, { p }) => triangleIntegral(ops, x, p.alpha, p.width),
  latex: {
    grad: tex`#alpha \max\left(#width - |x|,\, 0\right)`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, #alpha \min\left(|x|,\, #width\right) \left(#width - \frac{1}{2} \min\left(|x|,\, #width\right)\right)`,
  },
  landmarks: ({ width: edge }) => [-edge, edge],
});

/** The triangle of half width 1. */
export const unitWidthTriangle = defineFormula({
  family: 'triangle',
  summary: 'Triangle of half width 1.',
  parameters: { alpha: height('peak of the triangle') },
  grad: (ops, x, { p }) => triangle(ops, x, p.alpha, ops.constant(1)),
  value: (ops, x, { p }) => triangleIntegral(ops, x, p.alpha, ops.constant(1)),
  latex: {
    grad: tex`#alpha \max\left(1 - |x|,\, 0\right)`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, #alpha \min\left(|x|,\, 1\right) \left(1 - \frac{1}{2} \min\left(|x|,\, 1\right)\right)`,
  },
  landmarks: () => [-1, 1],
});

/** The triangle of height 1. */
export const unitPeakTriangle = defineFormula({
  family: 'triangle',
  summary: 'Triangle of height 1.',
  parameters: { alpha: steepness('slope of the sides, and the inverse of the half width') },
  grad: (ops, x, { p }) => triangle(ops, x, p.alpha, reciprocal(ops, p.alpha)),
  value: (ops, x, { p }) => triangleIntegral(ops, x, p.alpha, reciprocal(ops, p.alpha)),
  latex: {
    grad: tex`\max\left(1 - #alpha \, |x|,\, 0\right)`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \min\left(|x|,\, \frac{1}{#alpha}\right) \left(1 - \frac{#alpha}{2} \min\left(|x|,\, \frac{1}{#alpha}\right)\right)`,
  },
  landmarks: ({ alpha }) => [-1 / alpha, 1 / alpha],
});

/** The box of area 1, without its edges. */
export const unitBox = defineFormula({
  family: 'box',
  summary: 'Box of area 1.',
  parameters: { alpha: steepness('height of the box, and the inverse of its width') },
  grad: (ops, x, { p }) => box(ops, x, p.alpha, ops.div(ops.constant(0.5), p.alpha)),
  value: (ops, x, { p }) => {
    const half = ops.constant(0.5);
    return ops.add(half, clamp(ops, ops.mul(p.alpha, x), half));
  },
  latex: {
    grad: tex`\begin{cases} #alpha & |x| < \frac{1}{2 \, #alpha} \\ 0 & |x| \ge \frac{1}{2 \, #alpha} \end{cases}`,
    value: tex`\frac{1}{2} + \operatorname{clip}\left(#alpha \, x,\, -\frac{1}{2},\, \frac{1}{2}\right)`,
  },
  landmarks: ({ alpha }) => [-0.5 / alpha, 0.5 / alpha],
});

/** The box by width and height, without its edges. */
export const boxcar = defineFormula({
  family: 'box',
  summary: 'Box of chosen width and height.',
  parameters: { width: width('full width of the box'), height: height('height of the box') },
  grad: (ops, x, { p }) => box(ops, x, p.height, ops.mul(ops.constant(0.5), p.width)),
  value: (ops, x, { p }) => {
    const inside = clamp(ops, x, ops.mul(ops.constant(0.5), p.width));
    return ops.add(ops.constant(0.5), ops.mul(p.height, inside));
  },
  latex: {
    grad: tex`\begin{cases} #height & |x| < \frac{1}{2} \, #width \\ 0 & |x| \ge \frac{1}{2} \, #width \end{cases}`,
    value: tex`\frac{1}{2} + #height \, \operatorname{clip}\left(x,\, -\frac{1}{2} \, #width,\, \frac{1}{2} \, #width\right)`,
  },
  landmarks: ({ width: full }) => [-0.5 * full, 0.5 * full],
});

/** The box without an upper edge, of height 1 / threshold. */
export const openBox = defineFormula({
  family: 'box',
  summary: 'Box without an upper edge; its height is 1 / threshold.',
  parameters: { window: width('how far below the threshold the box begins; the edge is inside') },
  grad: (ops, x, { p, threshold }) => ops.select(ops.le(ops.neg(p.window), x), reciprocal(ops, threshold), ops.constant(0)),
  value: (ops, x, { p, threshold }) => ops.add(ops.constant(0.5), ops.div(ops.max(x, ops.neg(p.window)), threshold)),
  latex: {
    grad: tex`\begin{cases} \frac{1}{\theta} & x \ge -#window \\ 0 & x < -#window \end{cases}`,
    value: tex`\frac{1}{2} + \frac{1}{\theta} \max\left(x,\, -#window\right)`,
  },
  scalesWithThreshold: true,
  landmarks: ({ window }) => [-window],
});

/** The box of area 1 with a slope c outside, to which its edges count or not. */
function leakyBoxWith(edges: 'inside' | 'outside') {
  const [within, beyond] = edges === 'inside' ? [tex`\le`, tex`>`] : [tex`<`, tex`\ge`];
  return defineFormula({
    family: 'box',
    summary: 'Box of area 1 with a constant slope outside.',
    parameters: { c: slope('gradient outside the box'), w: width('half width of the box, whose height is 1 / (2#w)') },
    grad: (ops, x, { p }) => {
      const distance = ops.abs(x);
      const isInside = edges === 'inside' ? ops.le(distance, p.w) : ops.lt(distance, p.w);
      return ops.select(isInside, reciprocal(ops, ops.mul(ops.constant(2), p.w)), p.c);
    },
    value: (ops, x, { p }) => {
      const inside = clamp(ops, x, p.w);
      const ramp = ops.add(ops.constant(0.5), ops.div(inside, ops.mul(ops.constant(2), p.w)));
      return ops.add(ramp, ops.mul(p.c, ops.sub(x, inside)));
    },
    latex: {
      grad: tex`\begin{cases} \frac{1}{2 \, #w} & |x| ${within} #w \\ #c & |x| ${beyond} #w \end{cases}`,
      value: tex`\frac{1}{2} + \frac{1}{2 \, #w} \operatorname{clip}\left(x,\, -#w,\, #w\right) + #c \left(x - \operatorname{clip}\left(x,\, -#w,\, #w\right)\right)`,
    },
    landmarks: ({ w }) => [-w, w],
  });
}

/** Where |x| = w counts as inside. */
export const leakyBox = leakyBoxWith('inside');
/** Where |x| = w counts as outside. */
export const leakyBoxWithoutEdges = leakyBoxWith('outside');

/** The derivative of a leaky rectifier. */
export const twoSlopes = defineFormula({
  family: 'rectifier',
  summary: "A leaky rectifier's derivative: one constant below the threshold, another from it on.",
  parameters: { below: slope('gradient below the threshold'), above: slope('gradient from the threshold on') },
  grad: (ops, x, { p }) => ops.select(ops.lt(x, ops.constant(0)), p.below, p.above),
  value: (ops, x, { p }) => ops.select(ops.lt(x, ops.constant(0)), ops.mul(p.below, x), ops.mul(p.above, x)),
  latex: {
    grad: tex`\begin{cases} #below & x < 0 \\ #above & x \ge 0 \end{cases}`,
    value: tex`\begin{cases} #below \, x & x < 0 \\ #above \, x & x \ge 0 \end{cases}`,
  },
  valueAtZero: 0,
});

/** The derivative of a rectifier that grows with the logarithm of x from 1 on. */
export const logTailedRectifier = defineFormula({
  family: 'rectifier',
  summary: 'Slope 1 up to x = 1, then 1/x.',
  parameters: { alpha: slope('gradient at and below the threshold') },
  grad: (ops, x, { p }) => ops.select(ops.le(x, ops.constant(0)), p.alpha, reciprocal(ops, ops.max(x, ops.constant(1)))),
  value: (ops, x, { p }) => ops.select(ops.le(x, ops.constant(0)), ops.mul(p.alpha, x), logTail(ops, x)),
  latex: {
    grad: tex`\begin{cases} #alpha & x \le 0 \\ \frac{1}{\max\left(x,\, 1\right)} & x > 0 \end{cases}`,
    value: tex`\begin{cases} #alpha \, x & x \le 0 \\ \min\left(x,\, 1\right) + \ln\left(\max\left(x,\, 1\right)\right) & x > 0 \end{cases}`,
  },
  valueAtZero: 0,
  landmarks: () => [1],
});

/** The slope 1 / |x| of the chord from the threshold, clipped. */
export const clippedReciprocal = defineFormula({
  family: 'inverse linear',
  summary: 'Slope of the chord from the threshold, 1 / |x|, clipped.',
  parameters: { alpha: height('largest gradient, reached for |x| <= 1 / #alpha') },
  grad: (ops, x, { p }) => ops.min(p.alpha, reciprocal(ops, ops.abs(x))),
  value: (ops, x, { p }) => stepFromRise(ops, x, logTail(ops, ops.mul(p.alpha, ops.abs(x)))),
  latex: {
    grad: tex`\min\left(#alpha,\, \frac{1}{|x|}\right)`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \left(\min\left(#alpha \, |x|,\, 1\right) + \ln\left(\max\left(#alpha \, |x|,\, 1\right)\right)\right)`,
  },
  landmarks: ({ alpha }) => [-1 / alpha, 1 / alpha],
});

/** The identity's gradient. */
export const straightThrough = defineFormula({
  family: 'straight through',
  summary: 'The gradient of the identity, 1.',
  parameters: {},
  grad: (ops) => ops.constant(1),
  value: (ops, x) => ops.add(ops.constant(0.5), x),
  latex: { grad: '1', value: tex`\frac{1}{2} + x` },
});

/** slope * max(halfWidth - |x|, 0). The difference is taken before the product, which keeps it exact up to the edge. */
function triangle<V, M>(ops: Algebra<V, M>, x: V, slope: V, halfWidth: V): V {
  return ops.mul(slope, distanceToEdge(ops, x, halfWidth));
}

/** Antiderivative of `triangle` with value 1/2 at 0. */
function triangleIntegral<V, M>(ops: Algebra<V, M>, x: V, slope: V, halfWidth: V): V {
  const half = ops.constant(0.5);
  const inside = clamp(ops, x, halfWidth);
  return ops.add(half, ops.mul(ops.mul(slope, inside), ops.sub(halfWidth, ops.mul(half, ops.abs(inside)))));
}

function distanceToEdge<V, M>(ops: Algebra<V, M>, x: V, halfWidth: V): V {
  return ops.max(ops.sub(halfWidth, ops.abs(x)), ops.constant(0));
}

/** height for |x| < halfWidth, strictly, else 0. */
function box<V, M>(ops: Algebra<V, M>, x: V, height: V, halfWidth: V): V {
  return ops.select(ops.lt(ops.abs(x), halfWidth), height, ops.constant(0));
}

/** u up to 1, and 1 + ln u beyond; for u >= 0. */
function logTail<V, M>(ops: Algebra<V, M>, u: V): V {
  const one = ops.constant(1);
  return ops.add(ops.min(u, one), ops.log1p(ops.sub(ops.max(u, one), one)));
}
