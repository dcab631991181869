import type { Graph, Node } from './graph.ts';
import { horner } from './polynomial.ts';

// Where float64 lanes serve to keep digits that float32 would lose: right to float32's last bit, and mostly to float64's.
// All coefficients: interpolation in Chebyshev's nodes at 60 digits, rounded to float64; the errors are relative, over the interval.

// e^r on [-ln2/2, ln2/2], 3.3e-16.
const expSeries = [
  1, 1.0000000000000067, 0.5000000000000006, 0.16666666666554406, 0.04166666666657314, 0.008333333385667782, 0.0013888888932488599,
  0.00019841170270440067, 2.4801504346997686e-5, 2.764018079620985e-6, 2.7626357241447223e-7,
];
// 2 atanh(sqrt(q))/sqrt(q) on [0, (sqrt2-1)^4], 2.2e-16: the logarithm of (1+s)/(1-s), q = s^2.
const logSeries = [
  2.0000000000000004, 0.6666666666655292, 0.40000000061741614, 0.2857141602110767, 0.22223434547517906, 0.18121934431215214,
  0.16837659970680488,
];
// atan(sqrt(q))/sqrt(q) on [0, tan(pi/8)^2], 6.9e-17.
const atanSeries = [
  1, -0.3333333333332844, 0.1999999999885511, -0.14285714180976467, 0.11111106180455946, -0.09090773074808414, 0.07689953496306857,
  -0.06640233930429408, 0.056883492268090106, -0.04348052215716462, 0.021135373157693246,
];
// sin(2 pi sqrt(q))/sqrt(q) on [0, 1/16], 2.4e-16.
const sineSeries = [
  6.283185307179585, -41.341702240398284, 81.60524927557977, -76.70585968962867, 42.05868995395094, -15.09450614073429, 3.817365633469135,
  -0.6925067010720717,
];
// e^(a^2) erfc(a) / t with t = 2/(2+a) on [0, 1], 3.3e-13.
const erfcSeries = [
  0.28209479177378627, 0.2820947918473218, 0.24683293306470463, 0.17630975595698317, 0.08373275034649699, -0.004169737450882286,
  -0.05939973236956562, -0.0328522297337421, -0.11929289266695048, 0.5271013790050375, -1.4136708103559552, 3.3377560842295027,
  -5.643207395805467, 6.407003830590225, -4.834698358944231, 2.3264581965224735, -0.607467508697071, 0.018065408560091343,
  0.0339829115566741, -0.0066741674294777285,
];
// (e^a - 1)/a on [-1, 1] as its Taylor series, 1e-14.
const exprelSeries = Array.from({ length: 16 }, (_, k) => 1 / factorial(k + 1));

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

const ln2High = 0.69314718036912381649; // its low 32 bits are 0, so that n * ln2High is exact
const ln2Low = 1.90821492927058770002e-10;
// Adding it to a whole number n leaves n + 1023, float64's exponent of 2^n, in the low bits.
const exponentShift = 1.5 * 2 ** 52 + 1023;

/** e^a in float64 lanes, a clamped to [-708, 709]. */
export function exp(graph: Graph, a: Node): Node {
  const clamped = graph.min(graph.max(a, graph.constant(-708)), graph.constant(709));
  const n = graph.nearest(graph.mul(clamped, graph.constant(Math.LOG2E)));
  const high = graph.sub(clamped, graph.mul(n, graph.constant(ln2High)));
  const r = graph.sub(high, graph.mul(n, graph.constant(ln2Low)));
  const scale = graph.shiftLeft(graph.add(n, graph.constant(exponentShift)), 52);
  return graph.mul(horner(graph, expSeries, r), scale);
}

/** ln(1 + a) for a >= 0 in float64 lanes. */
export function log1p(graph: Graph, a: Node): Node {
  const one = graph.constant(1);
  const w = graph.add(one, a);
  // What 1 + a rounded away, which is all of a where a is tiny.
  const lost = graph.div(graph.sub(a, graph.sub(w, one)), w);
  // w = m 2^e with m in [sqrt(1/2), sqrt(2)): the offset is the bit pattern of sqrt(1/2).
  const shifted = graph.shiftRight(graph.subBits(w, graph.bits64(0x3fe6a09e667f3bcdn)), 52);
  const e = graph.sub(graph.addBits(shifted, graph.bits64(0x4330000000000000n)), graph.constant(2 ** 52));
  const m = graph.subBits(w, graph.shiftLeft(shifted, 52));
  const s = graph.div(graph.sub(m, one), graph.add(m, one));
  const mantissa = graph.mul(s, horner(graph, logSeries, graph.mul(s, s)));
  const low = graph.add(graph.mul(e, graph.constant(ln2Low)), lost);
  return graph.add(graph.mul(e, graph.constant(ln2High)), graph.add(mantissa, low));
}

/** (e^a - 1)/a in float64 lanes. */
export function exprel(graph: Graph, a: Node): Node {
  const one = graph.constant(1);
  const small = graph.le(graph.abs(a), one);
  const divisor = graph.select(small, one, a);
  return graph.select(small, horner(graph, exprelSeries, a), graph.div(graph.sub(exp(graph, a), one), divisor));
}

/** atan(a) for a >= 0 in float64 lanes. */
export function atan(graph: Graph, a: Node): Node {
  const one = graph.constant(1);
  const inverted = graph.lt(one, a);
  const b = graph.select(inverted, graph.div(one, graph.max(a, one)), a);
  // b in [0, 1] is turned by -pi/4 where it is above tan(pi/8).
  const turned = graph.lt(graph.constant(Math.SQRT2 - 1), b);
  const c = graph.select(turned, graph.div(graph.sub(b, one), graph.add(b, one)), b);
  const series = graph.mul(c, horner(graph, atanSeries, graph.mul(c, c)));
  const angle = graph.add(series, graph.select(turned, graph.constant(Math.PI / 4), graph.constant(0)));
  return graph.select(inverted, graph.sub(graph.constant(Math.PI / 2), angle), angle);
}

/** erfc(a) for a >= 0 in float64 lanes. */
export function erfc(graph: Graph, a: Node): Node {
  const two = graph.constant(2);
  const t = graph.div(two, graph.add(two, a));
  return graph.mul(exp(graph, graph.neg(graph.mul(a, a))), graph.mul(t, horner(graph, erfcSeries, t)));
}

/** sin(2 pi s) for |s| <= 1/4. */
export function sineOfTurns(graph: Graph, s: Node): Node {
  return graph.mul(s, horner(graph, sineSeries, graph.mul(s, s)));
}

/** Distance to the nearest whole turn, in [0, 1/2]. */
function foldedTurns(graph: Graph, turns: Node): Node {
  return graph.abs(graph.sub(turns, graph.nearest(turns)));
}

/** Sum of cos((2i-1) 2 pi turns) for i = 1..terms, by Chebyshev's recurrence. */
export function oddCosines(graph: Graph, turns: Node, terms: number): Node {
  const first = sineOfTurns(graph, graph.sub(graph.constant(0.25), foldedTurns(graph, turns)));
  if (terms === 1) return first;
  // 2 cos(2 theta)
  const factor = graph.sub(graph.mul(graph.constant(4), graph.mul(first, first)), graph.constant(2));
  let sum = first;
  let previous = first;
  let current = first;
  for (let i = 2; i <= terms; i++) {
    [previous, current] = [current, graph.sub(graph.mul(factor, current), previous)];
    sum = graph.add(sum, current);
  }
  return sum;
}

/** Sum of sin((2i-1) 2 pi turns)/(2i-1) for i = 1..terms. */
export function oddSines(graph: Graph, turns: Node, terms: number): Node {
  const offset = graph.sub(turns, graph.nearest(turns));
  const quarter = graph.constant(0.25);
  const first = sineOfTurns(graph, graph.sub(quarter, graph.abs(graph.sub(graph.abs(offset), quarter))));
  const factor = graph.sub(graph.constant(2), graph.mul(graph.constant(4), graph.mul(first, first)));
  let sum = first;
  let previous = graph.neg(first);
  let current = first;
  for (let i = 2; i <= terms; i++) {
    [previous, current] = [current, graph.sub(graph.mul(factor, current), previous)];
    sum = graph.add(sum, graph.mul(current, graph.constant(1 / (2 * i - 1))));
  }
  return graph.select(graph.lt(offset, graph.constant(0)), graph.neg(sum), sum);
}
