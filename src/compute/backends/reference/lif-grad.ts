import type { NumberAlgebra } from '../../float64-algebra.ts';
import { atOnce, type Values } from '../../generated-numbers.ts';
import { lossRecords, quantityAt, type LifGradJob, type LifGradResult, type LossRecord } from '../../jobs.ts';
import { firingRateLoss } from '../../losses/kernel-losses.ts';
import { addParameterGradient, pathsOf } from '../../neuron-problem.ts';
import { backwardStep, initialPath, isInitial, recordBarLeaf, stateBarLeaf, stateLeaf, termLeaf } from '../../neurons/program.ts';
import { NumberProgram } from '../../number-program.ts';
import { ForwardRun, ProblemNumbers, seriesOf, type Trace } from './forward-run.ts';
import type { StopCheck } from './stop-check.ts';
import { surrogateFunctions } from './surrogates.ts';

/** One neuron's loss, and what the loss adds to the cotangents of the records of each step. */
interface NeuronLoss {
  readonly loss: number;
  readonly bars: Readonly<Partial<Record<LossRecord, (t: number) => number>>>;
}

function lossOf(ops: NumberAlgebra, { loss, problem }: LifGradJob, numbers: ProblemNumbers, b: number, trace: Trace): NeuronLoss {
  const { steps, dt } = problem;
  const { step } = numbers.program;
  const count = step.spikes === undefined ? trace.spikeCount : trace.returned;
  switch (loss.type) {
    case 'spike_count':
      return { loss: count, bars: { spikes: () => 1 } };
    case 'firing_rate_mse': {
      const hzPerSpike = 1000 / (steps * dt);
      const rate = firingRateLoss(ops, count, hzPerSpike, quantityAt(loss.target, b, 0, steps));
      return { loss: rate.loss, bars: { spikes: () => rate.spikeBar } };
    }
    case 'cotangent': {
      const bars: Partial<Record<LossRecord, (t: number) => number>> = {};
      for (const name of lossRecords) {
        const quantity = loss[name];
        if (quantity !== undefined) bars[name] = (t) => quantityAt(quantity, b, t, steps);
      }
      let sum = 0;
      for (let t = 0; t < steps; t++) {
        for (const [name, bar] of Object.entries(bars)) {
          const { name: series } = seriesOf(numbers.program, name);
          sum = ops.add(sum, ops.mul(bar(t), trace.of(series)[t]!));
        }
      }
      for (const [state, quantity] of Object.entries(loss.state ?? {}))
        sum = ops.add(sum, ops.mul(quantityAt(quantity, b, 0, steps), trace.of(stateLeaf(state))[steps]!));
      return { loss: sum, bars };
    }
  }
}

/** Gradients of the loss by back-propagation through time, neuron by neuron. */
export function lifGrad(job: LifGradJob, ops: NumberAlgebra, stop: StopCheck): LifGradResult {
  const { problem, surrogates, wrt, loss } = job;
  const { neurons, steps } = problem;
  const numbers = new ProblemNumbers(problem, ops);
  const { program } = numbers;
  const { graph } = program.step;
  const isCurrentShared = problem.current.per !== 'step';
  const paths = pathsOf(program, wrt);
  const inputs = [...(wrt.includes('current') ? ['current'] : []), ...wrt.filter((name) => name.startsWith('surrogate.'))];
  const stepPaths = paths.filter((path) => !isInitial(path));
  const seeded = new Set(loss.type === 'cotangent' ? Object.keys(loss.state ?? {}) : []);
  const recorded = loss.type === 'cotangent' ? lossRecords.filter((name) => loss[name] !== undefined) : (['spikes'] as const);
  const backward = backwardStep(program.step, Object.fromEntries(recorded.map((name) => [name, graph.leaf(recordBarLeaf(name))])), seeded, [
    ...inputs,
    ...stepPaths.map(termLeaf),
  ]);
  const live = Object.keys(backward.state);
  const roots = [...live.map((state) => backward.state[state]!), ...Object.values(backward.wrt)];

  return surrogates.map((surrogate) => {
    const functions = surrogateFunctions(surrogate, ops);
    const forward = new ForwardRun(problem, numbers, ops, functions);
    const { trace } = forward;
    const reverse = new NumberProgram(roots, ops, functions);
    const lossValues = new Float64Array(neurons);
    const counts = new Int32Array(neurons);
    const current = new Float64Array(wrt.includes('current') ? neurons * (isCurrentShared ? 1 : steps) : 0);
    const sums = new Map([...paths, ...inputs].map((name) => [name, new Float64Array(neurons)]));
    const bars = new Float64Array(live.length);
    const results = new Float64Array(roots.length);
    const values = new Float64Array(reverse.leaves.length);
    for (let b = 0; b < neurons; b++) {
      forward.run(b, stop);
      const neuronLoss = lossOf(ops, job, numbers, b, trace);
      lossValues[b] = neuronLoss.loss;
      counts[b] = trace.spikeCount;
      live.forEach((state, i) => {
        const given = loss.type === 'cotangent' ? loss.state?.[state] : undefined;
        bars[i] = given === undefined ? 0 : quantityAt(given, b, 0, steps);
      });
      const readers = reverse.leaves.map((leaf): ((t: number) => number) => {
        const read = numbers.reader(leaf);
        if (read !== undefined) return (t) => read(b, t);
        const state = live.findIndex((name) => leaf === stateBarLeaf(name));
        if (state >= 0) return () => bars[state]!;
        for (const name of recorded) if (leaf === recordBarLeaf(name)) return neuronLoss.bars[name]!;
        const series = trace.of(leaf);
        return (t) => series[t]!;
      });
      for (let t = steps - 1; t >= 0; t--) {
        stop.step();
        for (let i = 0; i < readers.length; i++) values[i] = readers[i]!(t);
        reverse.run(values, results);
        bars.set(results.subarray(0, live.length));
        let next = live.length;
        for (const name of inputs) {
          const bar = results[next++]!;
          if (name === 'current' && !isCurrentShared) current[b * steps + t] = bar;
          else add(ops, sums.get(name)!, b, bar);
        }
        for (const path of stepPaths) add(ops, sums.get(path)!, b, results[next++]!);
      }
      for (const path of paths) {
        const state = live.findIndex((name) => path === initialPath(name));
        if (state >= 0) sums.get(path)![b] = bars[state]!;
      }
    }
    const grad: Record<string, number | Values> = {};
    for (const name of wrt) {
      const set = (gradient: number | Values) => {
        grad[name] = gradient;
      };
      const own = sums.get(name);
      if (name === 'current') {
        if (!isCurrentShared) set(current);
        else set(problem.current.per === 'scalar' ? total(ops, own!) : own!);
      } else if (name.startsWith('surrogate.')) set(total(ops, own!));
      else addParameterGradient(problem, program, name, (path) => sums.get(path)!, { loops: atOnce, set });
    }
    return { loss: lossValues, spike_counts: counts, grad };
  });
}

function add(ops: NumberAlgebra, sums: Float64Array, b: number, term: number): void {
  sums[b] = ops.add(sums[b]!, term);
}

function total(ops: NumberAlgebra, sums: Float64Array): number {
  return sums.reduce((sum, one) => ops.add(sum, one), 0);
}
