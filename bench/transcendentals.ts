import { Graph } from '../src/compute/backends/wasm/graph.ts';
import type { Node } from '../src/compute/backends/wasm/graph.ts';
import { surrogateGradient } from '../src/compute/backends/wasm/surrogate-kernel.ts';
import { surrogateShape } from '../src/compute/surrogates/shape.ts';
import { surrogateDefinition } from '../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../src/compute/surrogates/definition.ts';

/** A graph that notes the transcendental functions of varying arguments: those of parameters are folded beforehand. */
class NotingGraph extends Graph {
  readonly #noted = new Set<string>();

  get functions(): string[] {
    return Array.from(this.#noted, (key) => key.split(' ')[0]!);
  }

  #note(name: string, a: Node): void {
    if (a.rate !== 'job') this.#noted.add(`${name} ${a.id}`);
  }

  override exp(a: Node): Node {
    this.#note('exp', a);
    return super.exp(a);
  }

  override log1p(a: Node): Node {
    this.#note('log1p', a);
    return super.log1p(a);
  }

  override exprel(a: Node): Node {
    this.#note('exprel', a);
    return super.exprel(a);
  }

  override atan(a: Node): Node {
    this.#note('atan', a);
    return super.atan(a);
  }

  override erfc(a: Node): Node {
    this.#note('erfc', a);
    return super.erfc(a);
  }

  override oddCosines(turns: Node, terms: number): Node {
    this.#note('cos', turns);
    return super.oddCosines(turns, terms);
  }

  override oddSines(turns: Node, terms: number): Node {
    this.#note('sin', turns);
    return super.oddSines(turns, terms);
  }
}

/** What a surrogate's gradient asks of a kernel beyond plain arithmetic. */
export interface Demands {
  /** The transcendental functions evaluated at each x, one entry for each evaluation. */
  readonly transcendentals: readonly string[];
  /** Whether it is evaluated in float64 lanes, of which a vector has half as many. */
  readonly float64: boolean;
}

export function demandsOf(surrogate: Surrogate): Demands {
  const graph = new NotingGraph();
  surrogateGradient(graph, surrogateShape(surrogate), graph.leaf('x', 'step'));
  return { transcendentals: graph.functions, float64: surrogateDefinition(surrogate.name).gradNeedsFloat64 ?? false };
}
