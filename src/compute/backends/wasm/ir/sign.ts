import type { Node } from './node.ts';

/** What is known of the sign of an operation's result. */
export function signOf(op: string, args: readonly Node[]): Node['sign'] {
  const [a, b] = args as [Node, Node];
  switch (op) {
    case 'abs':
      return 1;
    case 'neg':
      return productOf(-1, a.sign);
    case 'mul':
      return a === b ? 1 : productOf(a.sign, b.sign);
    case 'div':
      return productOf(a.sign, b.sign);
    default:
      return 0;
  }
}

function productOf(a: Node['sign'], b: Node['sign']): Node['sign'] {
  if (a === 0 || b === 0) return 0;
  return a === b ? 1 : -1;
}
