import { Cache, memoize } from '../cache.ts';
import { ExpressionGraph, reachable, type Expression } from '../expressions.ts';
import { jvp, vjp } from '../autodiff.ts';
import type { LossRecord } from '../jobs.ts';
import { withComputed, type Derived, type DerivedTree, type NeuronModel, type NeuronOptions, type Step, type StepOutput } from './model.ts';
import { SmoothGraph, smoothSteps } from './smooth.ts';

/** What a step depends on beside state and input: a number computed from parameters, the same in every step. */
export interface Term {
  /** Its place in what the model derives, such as `synapse.decay`. */
  readonly path: string;
  /** The leaf of the step that it is. */
  readonly leaf: string;
  /** Over the leaves of `NeuronProgram.parameters`. */
  readonly value: Expression;
  /** The value, if any, that takes an operation out of the step. */
  readonly neutral: 0 | 1 | undefined;
}

/** A recorded step. Its leaves are the states and terms by their names, and `current`. */
export interface RecordedStep {
  readonly graph: ExpressionGraph;
  readonly states: readonly string[];
  readonly next: Readonly<Record<string, Expression>>;
  readonly vPre: Expression;
  readonly vPost: Expression;
  readonly records: 'pre' | 'post';
  /** Whether it fires; undefined for a neuron that never does. */
  readonly spike: Expression | undefined;
  /** How often it fires, a whole number, where that may be several times in a step. What it returns may be limited to a fraction. */
  readonly count: Expression | undefined;
  /** What it returns where that is not 0 or 1. */
  readonly spikes: Expression | undefined;
}

/** The leaf of a term's value that is the length of a step in ms. */
export const stepLength = 'step.length';
export const stateLeaf = (state: string): string => `state.${state}`;
export const termLeaf = (path: string): string => `term.${path}`;

const initialGroup = 'initial.';
/** The path of the term that is a state before the first step. */
export const initialPath = (state: string): string => initialGroup + state;

/** Whether a term is a state before the first step. */
export function isInitial(path: string): boolean {
  return path.startsWith(initialGroup);
}

/** A model with its options: its terms, and its step recorded. */
export interface NeuronProgram {
  readonly model: NeuronModel;
  /** Distinguishes steps: two programs with the same key share what is compiled of them. */
  readonly key: string;
  /** The leaves of the terms' values: the model's parameters, and `<state>_init`. */
  readonly parameters: ReadonlySet<string>;
  readonly terms: readonly Term[];
  readonly step: RecordedStep;
  /** Partial derivatives of terms by parameters that are not the constant 0. */
  slopes(parameter: string): readonly { readonly path: string; readonly slope: Expression }[];
}

/** What of a problem makes its program. */
export interface NeuronChoice {
  readonly model: NeuronModel;
  readonly options: NeuronOptions;
  /** Nullable parameters and initial states that are given. */
  readonly given: ReadonlySet<string>;
  /** Whether the surrogate's value stands in the place of the step; nothing is detached then. */
  readonly smooth: boolean;
}

/** Each takes some 30 kB. */
const programs = new Cache<string, NeuronProgram>(128);

/** The program of a choice, made once for equal options. */
export function neuronProgram(choice: NeuronChoice): NeuronProgram {
  const { model, options, given, smooth } = choice;
  let key = smooth ? `smooth ${model.name}` : model.name;
  for (const name in model.options) key += ` ${String(options[name])}`;
  for (const name of given) key += ` +${name}`;
  return programs.get(key, () => makeProgram(choice));
}

function makeProgram({ model, options, given, smooth }: NeuronChoice): NeuronProgram {
  const values = smooth ? new SmoothGraph() : new ExpressionGraph();
  const present = [...Object.keys(model.parameters), ...Object.keys(model.nullable).filter((name) => given.has(name))];
  const leaves = Object.fromEntries(present.map((name) => [name, values.leaf(name)]));
  const inputs = withComputed(model, values, leaves);
  const derived = model.derive(values, inputs, options, values.leaf(stepLength));
  const initial = Object.fromEntries(
    Object.entries(derived.initial).map(([state, value]) => [state, given.has(`${state}_init`) ? values.leaf(`${state}_init`) : value]),
  );
  const graph = new ExpressionGraph();
  const terms: Term[] = [];
  const structure = { ...derived, initial };
  // The state before the first step is a term even where it is a constant: its gradient may be asked for.
  const settings = mapTree(structure, '', (path, value) => {
    if (value.op === 'constant' && !isInitial(path)) return graph.constant(Number(value.detail));
    terms.push({ path, leaf: termLeaf(path), value, neutral: model.neutral?.[path.replaceAll(/\.\d+\./g, '.')] });
    return graph.leaf(termLeaf(path));
  }) as Derived<Expression>;
  const step = recordStep(graph, model.step, settings, smooth);
  const key = `${stepKey(model.step)}${smooth ? ' smooth' : ''} ${JSON.stringify(mapTree({ ...settings, initial: undefined }, '', leafText))} ${step.states.join()}`;
  const parameters = new Set(
    reachable(terms.map(({ value }) => value)).flatMap(({ op, detail }) => (op === 'leaf' ? [String(detail)] : [])),
  );
  const slopes = new Map<string, ReturnType<NeuronProgram['slopes']>>();
  return {
    model,
    key: shortKey(key),
    parameters,
    terms,
    step,
    slopes: (parameter) => {
      let known = slopes.get(parameter);
      if (known === undefined) slopes.set(parameter, (known = slopesOf(values, terms, parameter, inputs[parameter])));
      return known;
    },
  };
}

/** @param input the parameter in the terms' values, if the model has it. */
function slopesOf(
  values: ExpressionGraph,
  terms: readonly Term[],
  parameter: string,
  input = values.leaf(parameter),
): ReturnType<NeuronProgram['slopes']> {
  const one = values.constant(1);
  return terms.flatMap(({ path, value }) => {
    // An initial state has a gradient also where the request leaves it to the model.
    const [slope] = `${path}_init` === initialPath(parameter) ? [one] : vjp(values, [[value, one]], [input]);
    return slope === undefined || (slope.op === 'constant' && slope.detail === 0) ? [] : [{ path, slope }];
  });
}

/** The words, switches and constants of a step. */
function leafText(_path: string, { op, detail }: Expression): string {
  return op === 'constant' ? String(detail) : '$';
}

const keys = new Cache<string, string>(512);
let lastKey = 0;

/** A short name for a long text: kernels' keys are made for every request. */
function shortKey(text: string): string {
  return keys.get(text, () => `neuron${++lastKey}`);
}

let lastStep = 0;
const stepKey = memoize<Step, string>(() => `step${++lastStep}`);

/** A tree with its values replaced; words, switches and what is left out stay. */
function mapTree<R>(tree: DerivedTree<Expression>, path: string, map: (path: string, value: Expression) => R): DerivedTree<R> {
  const mapped: Record<string, DerivedTree<R>[string]> = {};
  for (const [name, value] of Object.entries(tree)) {
    const inner = path === '' ? name : `${path}.${name}`;
    if (typeof value !== 'object') mapped[name] = value;
    else if (isExpression(value)) mapped[name] = map(inner, value);
    else if (isList(value)) mapped[name] = value.map((one, i) => mapTree(one, `${inner}.${i}`, map));
    else mapped[name] = mapTree(value, inner, map);
  }
  return mapped;
}

function isExpression(value: object): value is Expression {
  return 'op' in value && 'args' in value;
}

function isList(value: object): value is readonly DerivedTree<Expression>[] {
  return Array.isArray(value);
}

function recordStep(graph: ExpressionGraph, step: Step, settings: Derived<Expression>, smooth: boolean): RecordedStep {
  const states = Object.keys(settings.initial);
  const state = Object.fromEntries(states.map((name) => [name, graph.leaf(stateLeaf(name))]));
  const current = graph.leaf('current');
  const output: StepOutput<Expression, Expression> = smooth
    ? smoothSteps(graph, (ops) => step(ops, settings, state, current))
    : step(graph, settings, state, current);
  const { state: next, vPre, vPost, records, spike, count, spikes } = output;
  const missing = states.find((name) => next[name] === undefined);
  if (missing !== undefined) throw new RangeError(`the step does not return the state ${missing}, which \`derive\` starts`);
  return { graph, states, next, vPre, vPost, records, spike, count: count && graph.floor(count), spikes };
}

/** What a record of a run holds of a step: `v`, `v_pre`, `v_post`, what the neuron returns, or a state after the step. */
export function stepRecord(step: RecordedStep, name: string): Expression {
  const { graph, next, vPre, vPost, records } = step;
  switch (name) {
    case 'spikes':
      return returnedSpikes(step) ?? graph.constant(0);
    case 'v':
      return records === 'pre' ? vPre : vPost;
    case 'v_pre':
      return vPre;
    case 'v_post':
      return vPost;
    default:
      return next[name] ?? graph.constant(0);
  }
}

/** The exponentials of a step: a backward pass had better keep them than compute them again, a dozen operations each. */
export const exponentialsOf = memoize(({ next }: RecordedStep): readonly Expression[] =>
  reachable(Object.values(next)).filter(({ op }) => op === 'exp' || op === 'exprel'),
);

/** What a step returns as a number. */
export function returnedSpikes({ graph, spike, spikes }: RecordedStep): Expression | undefined {
  if (spikes !== undefined) return spikes;
  return spike && graph.select(spike, graph.constant(1), graph.constant(0));
}

/** The backward step: cotangents of the state before it, and of what else is asked for. */
export interface BackwardStep {
  /** By state: those states whose cotangent is not 0 in every step. */
  readonly state: Readonly<Record<string, Expression>>;
  /** By the names asked for: `current`, terms' leaves, `surrogate.<parameter>`. */
  readonly wrt: Readonly<Record<string, Expression>>;
}

export const stateBarLeaf = (state: string): string => `bar.${state}`;
export const recordBarLeaf = (record: LossRecord): string => `bar.${record}.in`;

/**
 * Derives the backward step.
 *
 * @param cotangents which of the step's records have one, each in the leaf `recordBarLeaf`, or as an expression; those of the states are in
 * `stateBarLeaf`.
 * @param seeded states whose cotangent after the last step is given.
 * @param wrt leaves.
 */
export function backwardStep(
  step: RecordedStep,
  cotangents: Readonly<Partial<Record<LossRecord, Expression | undefined>>>,
  seeded: ReadonlySet<string>,
  wrt: readonly string[],
): BackwardStep {
  const { graph, states, next } = step;
  const outputsOf = (record: LossRecord): (readonly [Expression, Expression])[] => {
    const bar = cotangents[record];
    // Of a spike itself rather than of the number that it selects, which takes a multiplication less.
    const output = record === 'spikes' ? (step.spikes ?? step.spike) : stepRecord(step, record);
    return bar === undefined || output === undefined ? [] : [[output, bar]];
  };
  const inputs = [...states.map(stateLeaf), ...wrt].map((name) => graph.leaf(name));
  let live = seeded;
  for (;;) {
    const ofStates = states.filter((state) => live.has(state)).map((state) => [next[state]!, graph.leaf(stateBarLeaf(state))] as const);
    const bars = vjp(graph, [...outputsOf('spikes'), ...ofStates, ...outputsOf('v'), ...outputsOf('v_pre')], inputs);
    const stateBars = states.map((state, i) => [state, bars[i]!] as const);
    const alive = new Set([...seeded, ...stateBars.flatMap(([state, bar]) => (isZero(bar) ? [] : [state]))]);
    if (alive.size === live.size) {
      return {
        state: Object.fromEntries(stateBars.filter(([state]) => alive.has(state))),
        wrt: Object.fromEntries(wrt.map((name, i) => [name, bars[states.length + i]!])),
      };
    }
    live = alive;
  }
}

function isZero({ op, detail }: Expression): boolean {
  return op === 'constant' && detail === 0;
}

export const tangentLeaf = (leaf: string): string => `${leaf}.tangent`;

/** The step's tangents for tangents of its states, input and terms, each in its `tangentLeaf`. */
export interface TangentStep {
  readonly state: Readonly<Record<string, Expression>>;
  readonly spikes: Expression;
  readonly v: Expression;
  readonly v_pre: Expression;
}

/**
 * Derives the tangents of a step.
 *
 * @param moving the leaves of terms, the input and the surrogate's parameters that have a tangent; all states have one.
 */
export function tangentStep(step: RecordedStep, moving: readonly string[]): TangentStep {
  const { graph, states, next, vPre } = step;
  const inputs = [...states.map(stateLeaf), ...moving].map((name) => [graph.leaf(name), graph.leaf(tangentLeaf(name))] as const);
  const outputs = [...states.map((state) => next[state]!), stepRecord(step, 'spikes'), stepRecord(step, 'v'), vPre];
  const tangents = jvp(graph, outputs, inputs);
  return {
    state: Object.fromEntries(states.map((state, i) => [state, tangents[i]!])),
    spikes: tangents[states.length]!,
    v: tangents[states.length + 1]!,
    v_pre: tangents[states.length + 2]!,
  };
}
