import type { Node, NodeAlgebra } from './node.ts';

// Transcendental functions of vectors, written out in arithmetic. Polynomials whose coefficients have no formula: interpolation in
// Chebyshev's nodes at 60 digits, rounded to the lanes' type; the errors given are relative, and hold over the whole interval.

type Float64Function = (ops: NodeAlgebra, a: Node, terms: number) => Node;

/** The functions of float64 lanes, each for the arguments that `Algebra` allows. */
export type Float64Functions = Readonly<Record<'exp' | 'log1p' | 'exprel' | 'atan' | 'erfc' | 'oddCosines' | 'oddSines', Float64Function>>;

/** For results that are rounded to float32: right to float32's last bit, and mostly to float64's. */
export const fastFloat64: Float64Functions = {
  exp: expClamped,
  log1p,
  exprel: (ops, a) => exprel(ops, a, expClamped, factorialSeries(16)),
  atan,
  erfc,
  oddCosines,
  oddSines,
};

/** For float64 results: right to a few units in the last place, near 0 and in the tails too. */
export const exactFloat64: Float64Functions = {
  exp: expToZero,
  log1p,
  exprel: (ops, a) => exprel(ops, a, expToZero, factorialSeries(19)),
  atan,
  erfc: exactErfc,
  oddCosines: exactOddCosines,
  oddSines: exactOddSines,
};

/** c[0] + c[1] x + c[2] x^2 + ... by Horner's rule. */
function horner(ops: NodeAlgebra, coefficients: readonly number[], x: Node): Node {
  return coefficients
    .slice(0, -1)
    .reduceRight((sum, coefficient) => ops.add(ops.mul(sum, x), ops.constant(coefficient)), ops.constant(coefficients.at(-1)!));
}

// 2^r on [-1/2, 1/2], 2.0e-7; coefficients in float32, of which the first is exact.
const exp2 = [1, 0.6931471824645996, 0.2402234971523285, 0.055503811687231064, 0.00966636836528778, 0.0013381302123889327];

/**
 * e^a in float32 lanes, with a relative error below 4e-7 + 1e-7 |a|; exactly 0 below 2^-125.5, or 2^-126.5 where a is known not to be
 * positive.
 */
export function expFloat32(ops: NodeAlgebra, a: Node): Node {
  // e^a = 2^(n + r) is computed as 2^(n - 1) times 2 * 2^r, since n may be 128 and 2^128 is no float32. In surrogates, the hottest kernels,
  // a is never positive: they multiply 2^n by 2^r, and save the upper bound.
  const halvings = a.sign === -1 ? 0 : 1;
  const bias = 127 - halvings;
  // Adding it rounds to n and leaves n + bias, float32's exponent, in the low bits.
  const shift = ops.constant(1.5 * 2 ** 23 + bias);
  const power = ops.max(timesLog2E(ops, a), ops.constant(-bias));
  // The exponent of 2^129 / 2 is that of Infinity.
  const bounded = halvings === 0 ? power : ops.min(power, ops.constant(129));
  const shifted = ops.add(bounded, shift);
  const r = ops.sub(bounded, ops.sub(shifted, shift));
  const series = exp2.map((coefficient) => coefficient * 2 ** halvings);
  return ops.mul(horner(ops, series, r), ops.shiftLeft(shifted, 23));
}

/** a log2(e), or with the other sign, with the factor folded into a uniform factor of a where there is one. */
function timesLog2E(ops: NodeAlgebra, a: Node, factor = Math.LOG2E): Node {
  if (a.op === 'neg') return timesLog2E(ops, a.args[0]!, -factor);
  const log2E = ops.constant(factor);
  if (a.op === 'mul') {
    const [left, right] = a.args as [Node, Node];
    if (left.rate === 'uniform') return ops.mul(ops.mul(left, log2E), right);
    if (right.rate === 'uniform') return ops.mul(ops.mul(right, log2E), left);
  }
  return ops.mul(log2E, a);
}

const ln2High = 0.69314718036912381649; // its low 32 bits are 0, so that n * ln2High is exact
const ln2Low = 1.90821492927058770002e-10;
// Adding it to a whole number n leaves n + 1022, float64's exponent of 2^(n - 1), in the low bits: 2^1024 is no float64.
const float64ExponentShift = 1.5 * 2 ** 52 + 1022;
/** The smallest argument whose exponential is a normal number. */
const minExponent = -708;
/** An argument whose exponential is Infinity. */
const overflowingExponent = 710;

// 2 e^r on [-ln2/2, ln2/2], 3.3e-16.
const expSeries = [
  1, 1.0000000000000067, 0.5000000000000006, 0.16666666666554406, 0.04166666666657314, 0.008333333385667782, 0.0013888888932488599,
  0.00019841170270440067, 2.4801504346997686e-5, 2.764018079620985e-6, 2.7626357241447223e-7,
].map((coefficient) => 2 * coefficient);

/** e^a, or e^-708 where that is more. */
function expClamped(ops: NodeAlgebra, a: Node): Node {
  const clamped = ops.min(ops.max(a, ops.constant(minExponent)), ops.constant(overflowingExponent));
  const n = ops.nearest(ops.mul(clamped, ops.constant(Math.LOG2E)));
  const high = ops.sub(clamped, ops.mul(n, ops.constant(ln2High)));
  const r = ops.sub(high, ops.mul(n, ops.constant(ln2Low)));
  const scale = ops.shiftLeft(ops.add(n, ops.constant(float64ExponentShift)), 52);
  return ops.mul(horner(ops, expSeries, r), scale);
}

/** e^a; 0 below the normal numbers. */
function expToZero(ops: NodeAlgebra, a: Node): Node {
  return ops.select(ops.lt(a, ops.constant(minExponent)), ops.constant(0), expClamped(ops, a));
}

// 2 atanh(sqrt(q))/sqrt(q) on [0, (sqrt2-1)^4], 2.2e-16: the logarithm of (1+s)/(1-s), q = s^2.
const logSeries = [
  2.0000000000000004, 0.6666666666655292, 0.40000000061741614, 0.2857141602110767, 0.22223434547517906, 0.18121934431215214,
  0.16837659970680488,
];

/** ln(1 + a) for a >= 0. */
function log1p(ops: NodeAlgebra, a: Node): Node {
  const one = ops.constant(1);
  const w = ops.add(one, a);
  // What 1 + a rounded away, which is all of a where a is tiny.
  const lost = ops.div(ops.sub(a, ops.sub(w, one)), w);
  // w = m 2^e with m in [sqrt(1/2), sqrt(2)): the offset is the bit pattern of sqrt(1/2).
  const shifted = ops.shiftRight(ops.subBits(w, ops.bits64(0x3fe6a09e667f3bcdn)), 52);
  const e = ops.sub(ops.addBits(shifted, ops.bits64(0x4330000000000000n)), ops.constant(2 ** 52));
  const m = ops.subBits(w, ops.shiftLeft(shifted, 52));
  const s = ops.div(ops.sub(m, one), ops.add(m, one));
  const mantissa = ops.mul(s, horner(ops, logSeries, ops.mul(s, s)));
  const low = ops.add(ops.mul(e, ops.constant(ln2Low)), lost);
  return ops.add(ops.mul(e, ops.constant(ln2High)), ops.add(mantissa, low));
}

/** Coefficients of (e^a - 1)/a as its Taylor series; on [-1, 1], 16 terms are right to 1e-14, 19 to 3e-18. */
function factorialSeries(terms: number): number[] {
  let factorial = 1;
  return Array.from({ length: terms }, (_, k) => 1 / (factorial *= k + 1));
}

/** (e^a - 1)/a in float32 lanes, with a relative error below 1e-6 + 2e-7 |a|. */
export function exprelFloat32(ops: NodeAlgebra, a: Node): Node {
  return exprel(ops, a, expFloat32, factorialSeries(9));
}

/** (e^a - 1)/a, by the series on [-1, 1]. */
function exprel(ops: NodeAlgebra, a: Node, exp: (ops: NodeAlgebra, a: Node) => Node, series: readonly number[]): Node {
  const one = ops.constant(1);
  const small = ops.le(ops.abs(a), one);
  const divisor = ops.select(small, one, a);
  return ops.select(small, horner(ops, series, a), ops.div(ops.sub(exp(ops, a), one), divisor));
}

// atan(sqrt(q))/sqrt(q) on [0, tan(pi/8)^2], 6.9e-17.
const atanSeries = [
  1, -0.3333333333332844, 0.1999999999885511, -0.14285714180976467, 0.11111106180455946, -0.09090773074808414, 0.07689953496306857,
  -0.06640233930429408, 0.056883492268090106, -0.04348052215716462, 0.021135373157693246,
];

/** atan(a) for a >= 0. */
function atan(ops: NodeAlgebra, a: Node): Node {
  const one = ops.constant(1);
  const inverted = ops.lt(one, a);
  const b = ops.select(inverted, ops.div(one, ops.max(a, one)), a);
  // b in [0, 1] is turned by -pi/4 where it is above tan(pi/8).
  const turned = ops.lt(ops.constant(Math.SQRT2 - 1), b);
  const c = ops.select(turned, ops.div(ops.sub(b, one), ops.add(b, one)), b);
  const series = ops.mul(c, horner(ops, atanSeries, ops.mul(c, c)));
  const angle = ops.add(series, ops.select(turned, ops.constant(Math.PI / 4), ops.constant(0)));
  return ops.select(inverted, ops.sub(ops.constant(Math.PI / 2), angle), angle);
}

// e^(a^2) erfc(a) / t with t = 2/(2+a) on [0, 1], 3.3e-13.
const erfcSeries = [
  0.28209479177378627, 0.2820947918473218, 0.24683293306470463, 0.17630975595698317, 0.08373275034649699, -0.004169737450882286,
  -0.05939973236956562, -0.0328522297337421, -0.11929289266695048, 0.5271013790050375, -1.4136708103559552, 3.3377560842295027,
  -5.643207395805467, 6.407003830590225, -4.834698358944231, 2.3264581965224735, -0.607467508697071, 0.018065408560091343,
  0.0339829115566741, -0.0066741674294777285,
];

/** erfc(a) for a >= 0. */
function erfc(ops: NodeAlgebra, a: Node): Node {
  const two = ops.constant(2);
  const t = ops.div(two, ops.add(two, a));
  return ops.mul(expClamped(ops, ops.neg(ops.mul(a, a))), ops.mul(t, horner(ops, erfcSeries, t)));
}

// The same in t - 1/2, 1.4e-17.
const exactErfcSeries = [
  0.5107913526210115, 0.6871606844138102, 0.5589441851121094, 0.14576892602769134, -0.1720852951158914, -0.10366696110896045,
  0.09889958589799788, 0.05358694967267938, -0.0848734091614569, -0.0087991501617529, 0.07396904765463881, -0.03496702008038658,
  -0.044434498232544126, 0.06600904038275555, -0.009211113290619886, -0.05946573556415488, 0.06551509793445721, -0.0018577028883158871,
  -0.07440704043635754, 0.09389095788282173, -0.003447679743699563, -0.14662446089893005, 0.12581149095923486, 0.11165093309305937,
  -0.1690776572021167, -0.03603647511390573, 0.08432814131145937,
];

// The bits of the first half of a number's digits: the product of two numbers of these is exact.
const headBits = 0xfffffffff8000000n;

/** e^(-a^2), corrected by what rounding a^2 lost: in the tail its relative error counts a^2 times. */
function gaussian(ops: NodeAlgebra, a: Node): Node {
  const square = ops.mul(a, a);
  const head = ops.and(a, ops.bits64(headBits));
  const tail = ops.sub(a, head);
  const crossed = ops.mul(ops.add(head, head), tail);
  const lost = ops.add(ops.add(ops.sub(ops.mul(head, head), square), crossed), ops.mul(tail, tail));
  const rounded = expToZero(ops, ops.neg(square));
  return ops.sub(rounded, ops.mul(rounded, lost));
}

/** erfc(a) for a >= 0. */
function exactErfc(ops: NodeAlgebra, a: Node): Node {
  const two = ops.constant(2);
  // erfc(28) is 0; a^2 of a much larger a would overflow.
  const bounded = ops.min(a, ops.constant(28));
  const t = ops.div(two, ops.add(two, bounded));
  return ops.mul(gaussian(ops, bounded), ops.mul(t, horner(ops, exactErfcSeries, ops.sub(t, ops.constant(0.5)))));
}

// sin(2 pi sqrt(q))/sqrt(q) on [0, 1/16], 2.4e-16.
const sineSeries = [
  6.283185307179585, -41.341702240398284, 81.60524927557977, -76.70585968962867, 42.05868995395094, -15.09450614073429, 3.817365633469135,
  -0.6925067010720717,
];

/** sin(2 pi s) for |s| <= 1/4. */
function sineOfTurns(ops: NodeAlgebra, s: Node): Node {
  return ops.mul(s, horner(ops, sineSeries, ops.mul(s, s)));
}

/** The turns that remain after whole ones, in [-1/2, 1/2]; the subtraction is exact. */
function fraction(ops: NodeAlgebra, turns: Node): Node {
  return ops.sub(turns, ops.nearest(turns));
}

/** Sum of cos((2i-1) 2 pi turns) for i = 1..terms, by Chebyshev's recurrence. */
function oddCosines(ops: NodeAlgebra, turns: Node, terms: number): Node {
  const first = sineOfTurns(ops, ops.sub(ops.constant(0.25), ops.abs(fraction(ops, turns))));
  if (terms === 1) return first;
  // 2 cos(2 theta)
  const factor = ops.sub(ops.mul(ops.constant(4), ops.mul(first, first)), ops.constant(2));
  let sum = first;
  let previous = first;
  let current = first;
  for (let i = 2; i <= terms; i++) {
    [previous, current] = [current, ops.sub(ops.mul(factor, current), previous)];
    sum = ops.add(sum, current);
  }
  return sum;
}

/** Sum of sin((2i-1) 2 pi turns)/(2i-1) for i = 1..terms, by Chebyshev's recurrence. */
function oddSines(ops: NodeAlgebra, turns: Node, terms: number): Node {
  const offset = fraction(ops, turns);
  const quarter = ops.constant(0.25);
  const first = sineOfTurns(ops, ops.sub(quarter, ops.abs(ops.sub(ops.abs(offset), quarter))));
  const factor = ops.sub(ops.constant(2), ops.mul(ops.constant(4), ops.mul(first, first)));
  let sum = first;
  let previous = ops.neg(first);
  let current = first;
  for (let i = 2; i <= terms; i++) {
    [previous, current] = [current, ops.sub(ops.mul(factor, current), previous)];
    sum = ops.add(sum, ops.mul(current, ops.constant(1 / (2 * i - 1))));
  }
  return ops.select(ops.lt(offset, ops.constant(0)), ops.neg(sum), sum);
}

/** Sum of term(turns of the harmonic, 2i - 1) over i = 1..terms, each computed by itself: a recurrence would lose a digit or two. */
function sumOddHarmonics(ops: NodeAlgebra, turns: Node, terms: number, term: (turn: Node, harmonic: number) => Node): Node {
  const first = fraction(ops, turns);
  let sum = ops.constant(0);
  for (let harmonic = 1; harmonic < 2 * terms; harmonic += 2) {
    sum = ops.add(sum, term(fraction(ops, ops.mul(ops.constant(harmonic), first)), harmonic));
  }
  return sum;
}

/** Sum of cos((2i-1) 2 pi turns) for i = 1..terms. */
function exactOddCosines(ops: NodeAlgebra, turns: Node, terms: number): Node {
  const quarter = ops.constant(0.25);
  return sumOddHarmonics(ops, turns, terms, (turn) => sineOfTurns(ops, ops.sub(quarter, ops.abs(turn))));
}

/** Sum of sin((2i-1) 2 pi turns)/(2i-1) for i = 1..terms. */
function exactOddSines(ops: NodeAlgebra, turns: Node, terms: number): Node {
  const quarter = ops.constant(0.25);
  const zero = ops.constant(0);
  return sumOddHarmonics(ops, turns, terms, (turn, harmonic) => {
    // sin(s) = sin(1/2 - s), which brings s into [0, 1/4].
    const sine = sineOfTurns(ops, ops.sub(quarter, ops.abs(ops.sub(ops.abs(turn), quarter))));
    return ops.div(ops.select(ops.lt(turn, zero), ops.neg(sine), sine), ops.constant(harmonic));
  });
}
