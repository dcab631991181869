import { Graph } from '../src/compute/backends/wasm/ir/graph.ts';
import type { Node } from '../src/compute/backends/wasm/ir/node.ts';
import { surrogateGradient } from '../src/compute/backends/wasm/kernels/surrogate-kernel.ts';
import { surrogateShape } from '../src/compute/surrogates/shape.ts';
import { surrogateDefinition } from '../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../src/compute/surrogates/definition.ts';

const transcendental = {
  exp: 'exp',
  log1p: 'log1p',
  exprel: 'exprel',
  atan: 'atan',
  erfc: 'erfc',
  oddCosines: 'cos',
  oddSines: 'sin',
} as const;

/** The transcendental functions of varying arguments that a node was made with: those of parameters are folded beforehand. */
function transcendentalsIn(graph: Graph, make: () => void): string[] {
  const calls = new Map<string, string>();
  for (const [op, name] of Object.entries(transcendental) as [keyof typeof transcendental, string][]) {
    const original: (a: Node, terms: number) => Node = graph[op];
    graph[op] = (a: Node, terms?: number) => {
      if (a.rate !== 'uniform') calls.set(`${name} ${a.id}`, name);
      return original(a, terms ?? 0);
    };
  }
  make();
  return [...calls.values()];
}

/** What a surrogate's gradient asks of a kernel beyond plain arithmetic. */
export interface Demands {
  /** The transcendental functions evaluated at each x, one entry for each evaluation. */
  readonly transcendentals: readonly string[];
  /** Whether it is evaluated in float64 lanes, of which a vector has half as many. */
  readonly float64: boolean;
}

export function demandsOf(surrogate: Surrogate): Demands {
  const graph = new Graph();
  const transcendentals = transcendentalsIn(graph, () => {
    surrogateGradient(graph, surrogateShape(surrogate), graph.leaf('x', 'step'), graph.constant(1));
  });
  return { transcendentals, float64: surrogateDefinition(surrogate.name).gradNeedsFloat64 ?? false };
}
