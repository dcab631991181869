import type { Algebra } from '../../../algebra.ts';

/**
 * How often a node's value changes while a kernel runs: never (it is made of parameters and constants alone, and folded in float64
 * before the kernel starts), from neuron to neuron, or from step to step.
 */
export type Rate = 'uniform' | 'neuron' | 'step';

/** One operation of a kernel. Equal operations are the same object, so a graph holds each once. */
export interface Node {
  readonly id: number;
  readonly op: string;
  readonly args: readonly Node[];
  /** A literal, a leaf's name, or a number of terms. */
  readonly detail: string | number | undefined;
  readonly rate: Rate;
  /** Lane width in bits; 0 for a uniform, which is printed in the width of the node that uses it. */
  readonly width: 0 | 32 | 64;
  /** Whether a uniform is known to be a float32 already, so that rounding it loses nothing. */
  readonly rounded: boolean;
  /** 1 where the value is known never to be negative, -1 where it is known never to be positive, else 0. */
  readonly sign: -1 | 0 | 1;
}

/** A truth value is a node too: all ones or all zeros in a lane. */
export type Mask = Node;

/** The algebra of nodes, with the operations on bits that transcendental functions need. */
export interface NodeAlgebra extends Algebra<Node, Mask> {
  /** Rounds to the nearest whole number. */
  nearest(a: Node): Node;
  /** The lane's bits shifted left. */
  shiftLeft(a: Node, bits: number): Node;
  /** The lane's bits shifted right, filled with zeros. */
  shiftRight(a: Node, bits: number): Node;
  /** Sum of the lanes' bits as integers. */
  addBits(a: Node, b: Node): Node;
  /** Difference of the lanes' bits as integers. */
  subBits(a: Node, b: Node): Node;
  /** A bit pattern in 64-bit lanes. */
  bits64(pattern: bigint): Node;
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === 'constant' && node.detail === value;
}
