import type { Values } from '../../numbers.ts';
import {
  lossRecords,
  quantityAt,
  type LifGradJob,
  type LifGradResult,
  type LifJvpJob,
  type LifJvpResult,
  type LifSimulateJob,
  type LifSimulateResult,
  type LossRecord,
} from '../../jobs.ts';
import { atOnce } from '../../loops.ts';
import { firingRateLoss, lossTangent } from '../../losses/backend-losses.ts';
import { programOf, termTangents } from '../../neurons/terms.ts';
import { initialPath, isInitial, stateLeaf, tangentLeaf, tangentStep, termLeaf } from '../../neurons/program.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import type { Arithmetic } from './arithmetic.ts';
import { BackwardRun, total, type RecordBars } from './backward-run.ts';
import { ForwardRun, perNeuron, RunRecords, StepEvaluator, type Read } from './forward-run.ts';
import { surrogateFunctions } from './surrogates.ts';

/** Runs the neurons of a job forward; returns what its `record` asks for. */
export function lifSimulate({ problem, record, surrogate }: LifSimulateJob, arithmetic: Arithmetic): LifSimulateResult {
  const run = new ForwardRun(problem, arithmetic, { surrogate: surrogate && surrogateFunctions(surrogate, arithmetic.ops) });
  const records = new RunRecords(problem, record);
  for (let b = 0; b < problem.neurons; b++) {
    run.run(b);
    records.add(run, b);
  }
  return records.result();
}

/** Gradients of the loss by back-propagation through time, neuron by neuron. */
export function lifGrad(job: LifGradJob, arithmetic: Arithmetic): LifGradResult {
  return job.surrogates.map((surrogate) => gradientsWith(surrogate, job, arithmetic));
}

function gradientsWith(surrogate: Surrogate, job: LifGradJob, arithmetic: Arithmetic): LifGradResult[number] {
  const { problem, wrt, loss } = job;
  const { neurons, steps, current } = problem;
  const { ops } = arithmetic;
  const functions = surrogateFunctions(surrogate, ops);
  const forward = new ForwardRun(problem, arithmetic, { surrogate: functions });
  const { bars, valueOf } = lossOf(job, forward);
  const stateBars = loss.type === 'cotangent' ? (loss.state ?? {}) : {};
  const parameters = wrt.filter((name) => name !== 'current');
  const backward = new BackwardRun(forward, { surrogate: functions, bars, wrt: parameters, seeded: Object.keys(stateBars) });
  const losses = new Float64Array(neurons);
  const counts = new Int32Array(neurons);
  const currentBars = new Float64Array(neurons * (current.per === 'step' ? steps : 1));
  for (let b = 0; b < neurons; b++) {
    forward.run(b);
    losses[b] = valueOf(b);
    counts[b] = forward.spikeCounts[0]!;
    backward.start((state) => (stateBars[state] === undefined ? 0 : quantityAt(stateBars[state], b, 0, steps)));
    for (let t = steps - 1; t >= 0; t--) {
      const bar = backward.step(b, t);
      if (current.per === 'step') currentBars[b * steps + t] = bar;
      else currentBars[b] = ops.add(currentBars[b]!, bar);
    }
    backward.end(b);
  }
  const grad: Record<string, number | Values> = {};
  for (const name of wrt) {
    if (name !== 'current') grad[name] = backward.gradient(name);
    else grad.current = current.per === 'scalar' ? total(ops, currentBars) : currentBars;
  }
  return { loss: losses, spike_counts: counts, grad };
}

/** The cotangents that a loss gives to the records of each step, and its value for a neuron that has run. */
interface RunLoss {
  readonly bars: RecordBars;
  readonly valueOf: (neuron: number) => number;
}

function lossOf({ loss, problem: { steps, dt } }: LifGradJob, run: ForwardRun): RunLoss {
  const { ops } = run.arithmetic;
  switch (loss.type) {
    case 'spike_count':
      return { bars: { spikes: () => 1 }, valueOf: () => run.returned[0]! };
    case 'firing_rate_mse': {
      let spikeBar = 0;
      const valueOf = (b: number): number => {
        const rate = firingRateLoss(ops, run.returned[0]!, 1000 / (steps * dt), quantityAt(loss.target, b, 0, steps));
        ({ spikeBar } = rate);
        return rate.loss;
      };
      return { bars: { spikes: () => spikeBar }, valueOf };
    }
    case 'cotangent': {
      const bars: Partial<Record<LossRecord, Read>> = {};
      for (const name of lossRecords) {
        const quantity = loss[name];
        if (quantity !== undefined) bars[name] = (b, t) => quantityAt(quantity, b, t, steps);
      }
      const valueOf = (b: number): number => {
        const series = Object.entries(bars).map(([name, bar]) => ({ values: run.series(name), bar }));
        let sum = 0;
        for (let t = 0; t < steps; t++) for (const { values, bar } of series) sum = ops.add(sum, ops.mul(bar(b, t, 0), values[t]!));
        for (const [state, quantity] of Object.entries(loss.state ?? {}))
          sum = ops.add(sum, ops.mul(quantityAt(quantity, b, 0, steps), run.last(state)));
        return sum;
      };
      return { bars, valueOf };
    }
  }
}

/** Tangents of spikes, potential and loss, carried along the run of each neuron. */
export function lifJvp(job: LifJvpJob, arithmetic: Arithmetic): LifJvpResult {
  const { problem, surrogates, loss, tangents } = job;
  const { neurons, steps } = problem;
  const { ops } = arithmetic;
  const program = programOf(problem);
  const { states } = program.step;
  const terms = new Map(
    Array.from(termTangents(problem, program, tangents), ([path, term]) => [path, perNeuron(term, neurons, arithmetic)]),
  );
  const moving = new Map<string, Read>();
  for (const [path, values] of terms) if (!isInitial(path)) moving.set(termLeaf(path), (b) => values[b]!);
  for (const [name, tangent] of Object.entries(tangents))
    if (name === 'current' || name.startsWith('surrogate.')) moving.set(name, (b, t) => ops.constant(quantityAt(tangent, b, t, steps)));
  const derived = tangentStep(program.step, [...moving.keys()]);
  const recorded = { spikes: derived.spikes, v: derived.v, ...(loss.type === 'cotangent' && loss.v_pre && { v_pre: derived.v_pre }) };
  const roots = [...states.map((state) => derived.state[state]!), ...Object.values(recorded)];

  return surrogates.map((surrogate) => {
    const functions = surrogateFunctions(surrogate, ops);
    const forward = new ForwardRun(problem, arithmetic, { surrogate: functions });
    const now = new Float64Array(states.length);
    const readers = new Map(Array.from(moving, ([leaf, read]) => [tangentLeaf(leaf), read]));
    for (const [i, state] of states.entries()) readers.set(tangentLeaf(stateLeaf(state)), () => now[i]!);
    const step = new StepEvaluator(roots, (leaf) => readers.get(leaf) ?? forward.reader(leaf), arithmetic, functions);
    const series = Object.keys(recorded).map((name) => [name, new Float64Array(neurons * steps)] as const);
    const last = Object.fromEntries(states.map((state) => [state, new Float64Array(neurons)]));
    const returned = new Float64Array(neurons);
    for (let b = 0; b < neurons; b++) {
      forward.run(b);
      returned[b] = forward.returned[0]!;
      for (const [i, state] of states.entries()) now[i] = terms.get(initialPath(state))?.[b] ?? 0;
      for (let t = 0; t < steps; t++) {
        const results = step.at(b, t, 0);
        now.set(results.subarray(0, states.length));
        for (const [i, [, values]] of series.entries()) values[b * steps + t] = results[states.length + i]!;
      }
      for (const [i, state] of states.entries()) last[state]![b] = now[i]!;
    }
    const { spikes, v, v_pre } = Object.fromEntries(series);
    return { spikes: spikes!, v: v!, loss: lossTangent(job, { returned, spikes: spikes!, v: v!, v_pre, state: last }, atOnce) };
  });
}
