import type { Differentiable, LifGradJob, Loss } from '../../../jobs.ts';
import { adjointPart, afterReset, fires, firingRateLoss, lifAdjoint, lifStep, type LifStep } from '../../../neurons/lif.ts';
import type { Surrogate } from '../../../surrogates/definition.ts';
import { surrogateShape, type SurrogateShape } from '../../../surrogates/shape.ts';
import type { Graph } from '../ir/graph.ts';
import { isConstant, type Mask, type Node } from '../ir/node.ts';
import { KernelBuilder, lifKernelSpec, type LifKernelSpec, type TermForm } from './lif-kernel.ts';
import { surrogateGradient } from './surrogate-kernel.ts';

/** What of a gradient job shapes a kernel's code. */
export interface LifGradKernelSpec extends LifKernelSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  readonly target: 'scalar' | 'neuron';
  /** The cotangents given: only for the loss of that name. */
  readonly cotangents: Readonly<Record<'spikeBar' | 'vBarIn', Exclude<TermForm, 'one'>>>;
  readonly wrt: readonly Differentiable[];
}

export function lifGradKernelSpec(job: LifGradJob, surrogate: Surrogate): LifGradKernelSpec {
  const { loss, wrt } = job;
  const { lanes, structure, terms, refractory } = lifKernelSpec(job);
  return {
    lanes,
    structure,
    terms,
    refractory,
    surrogate: surrogateShape(surrogate),
    loss: loss.type,
    target: loss.type === 'firing_rate_mse' ? loss.target.per : 'scalar',
    cotangents:
      loss.type === 'cotangent'
        ? { spikeBar: loss.spikes?.per ?? 'zero', vBarIn: loss.v?.per ?? 'zero' }
        : { spikeBar: 'zero', vBarIn: 'zero' },
    wrt,
  };
}

/** The graph of one forward and one backward step, and of what follows the last. */
export class GradKernelBuilder extends KernelBuilder {
  readonly gradSpec: LifGradKernelSpec;
  readonly step: LifStep<Node, Mask>;
  /** dL/dv before the step. */
  readonly vBar: Node;
  /** Per-step gradient of the current, if asked for. */
  readonly currentBar: Node | undefined;
  readonly sums: TimeAccumulators;
  /** Each neuron's gradients and loss, by output array. */
  readonly outputs: readonly (readonly [array: string, node: Node])[];

  constructor(spec: LifGradKernelSpec) {
    super(spec);
    this.gradSpec = spec;
    const { graph, terms, refractory } = this;
    this.step = lifStep(graph, spec.structure, terms, { v: graph.leaf('v', 'step'), current: this.current, refractory });

    const vPre = graph.leaf('vPre', 'step');
    const spike = fires(graph, terms, vPre, refractory);
    const target = spec.target === 'neuron' ? graph.widen(graph.leaf('target', 'neuron')) : graph.parameter('target', true);
    // In float64, since the difference of two rates cancels.
    const count = graph.widen(graph.leaf('count', 'neuron'));
    const rateLoss = firingRateLoss(graph, count, graph.parameter('hzPerSpike'), target);
    const spikeBar = {
      spike_count: () => graph.constant(1),
      firing_rate_mse: () => graph.narrow(rateLoss.spikeBar),
      cotangent: () => this.term('spikeBar', spec.cotangents.spikeBar),
    }[spec.loss]();
    const vBarIn = this.term('vBarIn', spec.cotangents.vBarIn);
    const adjoint = lifAdjoint(graph, spec.structure, terms, {
      vBar: graph.add(graph.leaf('vBar', 'step'), vBarIn),
      spikeBar,
      v: graph.leaf('vBefore', 'step'),
      vPre,
      spike,
      current: this.current,
      surrogateGrad: surrogateGradient(graph, spec.surrogate, graph.sub(vPre, terms.threshold), terms.threshold),
      ...(refractory === undefined ? {} : { refractory }),
    });
    this.vBar = adjoint.v;
    this.currentBar = spec.wrt.includes('current') && spec.terms.current === 'step' ? adjoint.current : undefined;

    this.sums = new TimeAccumulators(graph);
    const outputs: [string, Node][] = [];
    for (const quantity of spec.wrt) {
      if (quantity === 'v_init') outputs.push(['v_initGrad', graph.leaf('vBar', 'step')]);
      else if (quantity !== 'current' || this.currentBar === undefined) {
        outputs.push([`${quantity}Grad`, this.sums.of(adjoint[adjointPart[quantity]])]);
      }
    }
    if (spec.loss === 'firing_rate_mse') outputs.push(['loss', graph.narrow(rateLoss.loss)]);
    if (spec.loss === 'cotangent') {
      const spikeLoss = graph.select(spike, spikeBar, graph.constant(0));
      const vLoss = graph.mul(vBarIn, afterReset(graph, spec.structure.reset, terms, vPre, spike));
      outputs.push(['loss', this.sums.of(graph.add(spikeLoss, vLoss))]);
    }
    this.outputs = outputs;
  }

  /** The terms of the backward step, with the loss's own. */
  get backwardTerms(): Readonly<Record<string, TermForm>> {
    const { terms, cotangents, loss, target } = this.gradSpec;
    return { ...terms, ...cotangents, ...(loss === 'firing_rate_mse' && { target }) };
  }

  /** The arrays with a value per step that the backward step reads. */
  get stepArrays(): readonly string[] {
    return ['current', 'spikeBar', 'vBarIn'].filter((name) => this.backwardTerms[name] === 'step');
  }
}

/** Sums over time of step nodes, with factors that do not change in time taken out. */
export class TimeAccumulators {
  readonly terms: Node[] = [];
  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** The sum of `node` over time, as a node over leaves `sum0`, `sum1`, ... */
  of(node: Node): Node {
    if (isConstant(node, 0)) return node;
    if (node.rate !== 'step') return this.#graph.mul(this.#graph.parameter('steps', true), node);
    const [a, b] = node.args;
    if (node.op === 'neg' && a !== undefined) return this.#graph.neg(this.of(a));
    if (node.op === 'mul' && a !== undefined && b !== undefined) {
      if (a.rate !== 'step') return this.#graph.mul(this.of(b), a);
      if (b.rate !== 'step') return this.#graph.mul(this.of(a), b);
    }
    let index = this.terms.indexOf(node);
    if (index < 0) index = this.terms.push(node) - 1;
    return this.#graph.leaf(`sum${index}`, 'step');
  }
}
