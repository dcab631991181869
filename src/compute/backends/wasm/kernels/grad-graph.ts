import { Cache, memoize, memoizeName } from '../../../cache.ts';
import type { Expression } from '../../../expressions.ts';
import { lossRecords, type LifGradJob, type Loss, type LossRecord } from '../../../jobs.ts';
import { firingRateLoss } from '../../../losses/backend-losses.ts';
import { pathsOf } from '../../../neurons/terms.ts';
import {
  backwardStep,
  exponentialsOf,
  initialPath,
  isInitial,
  recordBarLeaf,
  stateBarLeaf,
  stateLeaf,
  stepRecord,
  termLeaf,
  type NeuronProgram,
  type RecordedStep,
} from '../../../neurons/program.ts';
import type { Surrogate } from '../../../surrogates/definition.ts';
import { surrogateShape, type SurrogateShape } from '../../../surrogates/shape.ts';
import type { Graph } from '../ir/graph.ts';
import { isConstant, type Node } from '../ir/node.ts';
import { NeuronKernelBuilder, type NeuronKernelSpec, type TermForm } from './neuron-kernel.ts';

/** What of a gradient job shapes a kernel's code. */
export interface GradKernelSpec extends NeuronKernelSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  /** Of the loss: the target or the cotangents that it has, by the leaves in which they are. */
  readonly lossForms: Readonly<Record<string, TermForm>>;
  /** The states whose value after the last step the loss has a cotangent of. */
  readonly lossStates: readonly string[];
  /** What the kernel differentiates with respect to: `current`, paths of terms, `surrogate.<parameter>`. */
  readonly wrt: readonly string[];
}

/** The leaf of a firing rate's target. */
export const targetLeaf = 'target';

/** How the numbers of a loss reach the kernel, by the leaves in which they are. */
export function lossFormsOf(loss: Loss): Readonly<Record<string, TermForm>> {
  const forms: Record<string, TermForm> = {};
  if (loss.type === 'firing_rate_mse') forms[targetLeaf] = loss.target.per;
  if (loss.type === 'cotangent') {
    for (const name of lossRecords) {
      const given = loss[name];
      if (given !== undefined) forms[recordBarLeaf(name)] = given.per;
    }
    for (const [state, { per }] of Object.entries(loss.state ?? {})) forms[finalBarLeaf(state)] = per;
  }
  return forms;
}

export function gradKernelSpec(spec: NeuronKernelSpec, { loss }: LifGradJob, surrogate: Surrogate, wrt: readonly string[]): GradKernelSpec {
  const lossStates = Object.keys(loss.type === 'cotangent' ? (loss.state ?? {}) : {});
  return { ...spec, surrogate: surrogateShape(surrogate), loss: loss.type, lossForms: lossFormsOf(loss), lossStates, wrt };
}

/** The leaf of the loss's cotangent of a state after the last step. */
export const finalBarLeaf = (state: string): string => `final.${state}.bar`;

const wrtLists = memoize<NeuronProgram, Cache<string, readonly string[]>>(() => new Cache(64));

/** What the kernel has to differentiate with respect to for the names of a job's `wrt`: found once for each list of names. */
export function kernelWrt(program: NeuronProgram, wrt: readonly string[]): readonly string[] {
  const key = wrt.length === 1 ? wrt[0]! : wrt.join();
  return wrtLists(program).get(key, () => [
    ...wrt.filter((name) => name === 'current' || name.startsWith('surrogate.')),
    ...pathsOf(program, wrt),
  ]);
}

/**
 * What of a step the forward pass keeps for the backward pass beside the states, by the leaves in which that finds it: the membrane at the spike
 * decision, and exponentials.
 */
function keptExpressions(step: RecordedStep): ReadonlyMap<string, Expression> {
  const exponentials = exponentialsOf(step).map((expression, i): [string, Expression] => [`exp${i}`, expression]);
  return new Map([['vPre', step.vPre], ...exponentials]);
}

/** The nodes of the backward step, and of what follows the last. */
export class BackwardGraph extends NeuronKernelBuilder {
  /** Cotangents of the states before the step, by the leaves that hold those after it. */
  readonly stateBars: readonly (readonly [leaf: string, node: Node])[];
  /** Per-step gradient of the current, if asked for. */
  readonly currentBar: Node | undefined;
  readonly sums: TimeAccumulators;
  /** Each neuron's gradients and loss, by output. */
  readonly outputs: readonly (readonly [name: string, node: Node])[];
  /** What the backward step reads of the forward pass: states and others of a step's expressions, by their leaves. */
  readonly kept: ReadonlyMap<string, Expression>;
  /** The arrays with a value per step that the backward step reads. */
  readonly stepArrays: readonly string[];

  constructor(spec: GradKernelSpec) {
    const { program, loss, wrt } = spec;
    const { step } = program;
    const kept = keptExpressions(step);
    super(
      { ...spec, forms: { ...spec.forms, ...spec.lossForms } },
      { surrogate: spec.surrogate, known: new Map([...kept].map(([leaf, expression]) => [expression, leaf])) },
    );
    const { graph } = this;
    const bar = (record: LossRecord): Expression | undefined =>
      spec.lossForms[recordBarLeaf(record)] === undefined ? undefined : step.graph.leaf(recordBarLeaf(record));
    const stepWrt = wrt.filter((path) => !isInitial(path));
    const backward = backwardStep(
      step,
      {
        spikes: {
          spike_count: () => step.graph.constant(1),
          firing_rate_mse: () => step.graph.leaf(rateBarLeaf),
          cotangent: () => bar('spikes'),
        }[loss](),
        v: bar('v'),
        v_pre: bar('v_pre'),
      },
      new Set(spec.lossStates),
      stepWrt.map(leafOf),
    );

    // In float64, since the difference of two rates cancels.
    const rateLoss =
      loss === 'firing_rate_mse'
        ? firingRateLoss(
            graph,
            graph.widen(graph.leaf('returned', 'neuron')),
            graph.parameter('hzPerSpike'),
            graph.widen(this.leaf(targetLeaf)),
          )
        : undefined;
    this.#rateBar = rateLoss && graph.narrow(rateLoss.spikeBar);

    this.stateBars = Object.entries(backward.state).map(([state, node]) => [stateBarLeaf(state), this.node(node)]);
    this.sums = new TimeAccumulators(graph);
    const initialBars = new Map(step.states.map((state) => [initialPath(state), stateBarLeaf(state)]));
    const outputs: [string, Node][] = [];
    let currentBar: Node | undefined;
    for (const name of wrt) {
      const bar = initialBars.get(name);
      const gradient = backward.wrt[leafOf(name)];
      if (bar !== undefined) {
        const isLive = this.stateBars.some(([live]) => live === bar);
        outputs.push([gradientName(name), isLive ? graph.leaf(bar, 'step') : graph.constant(0)]);
      } else if (gradient !== undefined) {
        const node = this.node(gradient);
        if (name === 'current' && spec.forms.current === 'step') currentBar = node;
        else outputs.push([gradientName(name), this.sums.of(node)]);
      }
    }
    this.currentBar = currentBar;
    if (rateLoss !== undefined) outputs.push(['loss', graph.narrow(rateLoss.loss)]);
    if (loss === 'cotangent') {
      const returned = step.spikes ?? step.spike;
      const terms = lossRecords.flatMap((record) => {
        const factor = bar(record);
        if (factor === undefined) return [];
        if (record !== 'spikes') return [step.graph.mul(factor, stepRecord(step, record))];
        if (returned === undefined) return [];
        return [
          step.spikes === undefined ? step.graph.select(returned, factor, step.graph.constant(0)) : step.graph.mul(factor, step.spikes),
        ];
      });
      const sum = terms.reduce((a, b) => step.graph.add(a, b), step.graph.constant(0));
      outputs.push(['loss', this.sums.of(this.node(sum))]);
    }
    this.outputs = outputs;
    this.stepArrays = Object.entries({ ...spec.forms, ...spec.lossForms }).flatMap(([leaf, form]) =>
      form === 'step' && this.leaves.has(leaf) ? [leaf] : [],
    );
    const states = step.states.map((state): [string, Expression] => [stateLeaf(state), step.graph.leaf(stateLeaf(state))]);
    this.kept = new Map([...states, ...kept].filter(([leaf]) => this.leaves.has(leaf)));
  }

  #rateBar: Node | undefined;

  override leaf(name: string): Node {
    return name === rateBarLeaf && this.#rateBar !== undefined ? this.#rateBar : super.leaf(name);
  }
}

/** The leaf of what every spike changes a firing rate's loss by. */
const rateBarLeaf = 'rate.bar';

function leafOf(wrt: string): string {
  return wrt === 'current' || wrt.startsWith('surrogate.') ? wrt : termLeaf(wrt);
}

/** The name of a gradient among a kernel's outputs. */
export const gradientName = memoizeName((wrt) => `${wrt}.grad`);

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
