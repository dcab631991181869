/**
 * The functions of float64 lanes for results that are float64 too: right to a few units in the last place, also near 0 and in the tails.
 */
import * as float64 from './float64-functions.ts';
import type { Graph, Node } from './graph.ts';
import { horner } from './polynomial.ts';

export { atan, log1p } from './float64-functions.ts';

// e^(a^2) erfc(a) / t with t = 2/(2+a) on [0, 1], in t - 1/2: interpolation in Chebyshev's nodes at 60 digits, relative error 1.4e-17.
const erfcSeries = [
  0.5107913526210115, 0.6871606844138102, 0.5589441851121094, 0.14576892602769134, -0.1720852951158914, -0.10366696110896045,
  0.09889958589799788, 0.05358694967267938, -0.0848734091614569, -0.0087991501617529, 0.07396904765463881, -0.03496702008038658,
  -0.044434498232544126, 0.06600904038275555, -0.009211113290619886, -0.05946573556415488, 0.06551509793445721, -0.0018577028883158871,
  -0.07440704043635754, 0.09389095788282173, -0.003447679743699563, -0.14662446089893005, 0.12581149095923486, 0.11165093309305937,
  -0.1690776572021167, -0.03603647511390573, 0.08432814131145937,
];
// (e^a - 1)/a on [-1, 1] as its Taylor series: the first term left out is below 3e-18.
const exprelSeries = Array.from({ length: 19 }, (_, k) => 1 / factorial(k + 1));

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

/** The smallest argument whose exponential is not below the smallest normal number. */
const leastExponent = -708;

/** e^a for a <= 709; 0 where it is less than 1e-307. */
export function exp(graph: Graph, a: Node): Node {
  return graph.select(graph.lt(a, graph.constant(leastExponent)), graph.constant(0), float64.exp(graph, a));
}

/** (e^a - 1)/a. */
export function exprel(graph: Graph, a: Node): Node {
  const one = graph.constant(1);
  const small = graph.le(graph.abs(a), one);
  const divisor = graph.select(small, one, a);
  return graph.select(small, horner(graph, exprelSeries, a), graph.div(graph.sub(exp(graph, a), one), divisor));
}

/** The bits of a number's first half of digits, whose products with one another are exact. */
const headBits = 0xfffffffff8000000n;

/** e^(-a^2), with what a^2 loses when it is rounded: in the tail it counts a^2 times as much. */
function gaussian(graph: Graph, a: Node): Node {
  const square = graph.mul(a, a);
  const head = graph.and(a, graph.bits64(headBits));
  const tail = graph.sub(a, head);
  const crossed = graph.mul(graph.add(head, head), tail);
  const lost = graph.add(graph.add(graph.sub(graph.mul(head, head), square), crossed), graph.mul(tail, tail));
  const rounded = exp(graph, graph.neg(square));
  return graph.sub(rounded, graph.mul(rounded, lost));
}

/** erfc(a) for a >= 0. */
export function erfc(graph: Graph, a: Node): Node {
  const two = graph.constant(2);
  // Beyond, it is 0, and a^2 would not be finite before long.
  const bounded = graph.min(a, graph.constant(28));
  const t = graph.div(two, graph.add(two, bounded));
  return graph.mul(gaussian(graph, bounded), graph.mul(t, horner(graph, erfcSeries, graph.sub(t, graph.constant(0.5)))));
}

/** What is left of a number of turns after whole ones, in [-1/2, 1/2]; the subtraction is exact. */
function fraction(graph: Graph, turns: Node): Node {
  return graph.sub(turns, graph.nearest(turns));
}

/** Sum over the odd harmonics i = 1..terms of term(what the harmonic leaves of a turn, 2i - 1): a recurrence would lose a digit or two on its way. */
function sumOddHarmonics(graph: Graph, turns: Node, terms: number, term: (turn: Node, harmonic: number) => Node): Node {
  const first = fraction(graph, turns);
  let sum = graph.constant(0);
  for (let harmonic = 1; harmonic < 2 * terms; harmonic += 2) {
    sum = graph.add(sum, term(fraction(graph, graph.mul(graph.constant(harmonic), first)), harmonic));
  }
  return sum;
}

/** Sum of cos((2i-1) 2 pi turns) for i = 1..terms. */
export function oddCosines(graph: Graph, turns: Node, terms: number): Node {
  const quarter = graph.constant(0.25);
  return sumOddHarmonics(graph, turns, terms, (turn) => float64.sineOfTurns(graph, graph.sub(quarter, graph.abs(turn))));
}

/** Sum of sin((2i-1) 2 pi turns)/(2i-1) for i = 1..terms. */
export function oddSines(graph: Graph, turns: Node, terms: number): Node {
  const quarter = graph.constant(0.25);
  const zero = graph.constant(0);
  return sumOddHarmonics(graph, turns, terms, (turn, harmonic) => {
    // sin(s) = sin(1/2 - s), which brings s into [0, 1/4].
    const sine = float64.sineOfTurns(graph, graph.sub(quarter, graph.abs(graph.sub(graph.abs(turn), quarter))));
    return graph.div(graph.select(graph.lt(turn, zero), graph.neg(sine), sine), graph.constant(harmonic));
  });
}
