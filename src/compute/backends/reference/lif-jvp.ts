import type { NumberAlgebra } from '../../float64-algebra.ts';
import { atOnce } from '../../generated-numbers.ts';
import { quantityAt, type LifJvpJob, type LifJvpResult } from '../../jobs.ts';
import { lossTangent } from '../../losses/kernel-losses.ts';
import { termTangents } from '../../neuron-problem.ts';
import { initialPath, isInitial, stateLeaf, tangentLeaf, tangentStep, termLeaf } from '../../neurons/program.ts';
import { NumberProgram } from '../../number-program.ts';
import { ForwardRun, perNeuron, ProblemNumbers, type Read } from './forward-run.ts';
import type { StopCheck } from './stop-check.ts';
import { surrogateFunctions } from './surrogates.ts';

/** Tangents of spikes, potential and loss, carried along the run of each neuron. */
export function lifJvp(job: LifJvpJob, ops: NumberAlgebra, stop: StopCheck): LifJvpResult {
  const { problem, surrogates, loss, tangents } = job;
  const { neurons, steps } = problem;
  const numbers = new ProblemNumbers(problem, ops);
  const { step } = numbers.program;
  const terms = new Map(
    Array.from(termTangents(problem, numbers.program, tangents), ([path, term]) => [path, perNeuron(term, neurons, ops)]),
  );
  const moving = new Map<string, Read>();
  for (const [path, values] of terms) if (!isInitial(path)) moving.set(termLeaf(path), (b) => values[b]!);
  for (const [name, tangent] of Object.entries(tangents))
    if (name === 'current' || name.startsWith('surrogate.')) moving.set(name, (b, t) => ops.constant(quantityAt(tangent, b, t, steps)));
  const derived = tangentStep(step, [...moving.keys()]);
  const stateTangents = step.states.map((state) => derived.state[state]!);
  const recorded = { spikes: derived.spikes, v: derived.v, ...(loss.type === 'cotangent' && loss.v_pre && { v_pre: derived.vPre }) };
  const roots = [...stateTangents, ...Object.values(recorded)];

  return surrogates.map((surrogate) => {
    const functions = surrogateFunctions(surrogate, ops);
    const forward = new ForwardRun(problem, numbers, ops, functions);
    const { trace } = forward;
    const program = new NumberProgram(roots, ops, functions);
    const series = {
      spikes: new Float64Array(neurons * steps),
      v: new Float64Array(neurons * steps),
      ...(recorded.v_pre && { v_pre: new Float64Array(neurons * steps) }),
    };
    const targets = Object.values(series);
    const final = Object.fromEntries(step.states.map((state) => [state, new Float64Array(neurons)]));
    const returned = new Float64Array(neurons);
    const states = new Float64Array(step.states.length);
    const inputs = new Float64Array(program.leaves.length);
    const results = new Float64Array(roots.length);
    const stateOf = new Map(step.states.map((state, i) => [tangentLeaf(stateLeaf(state)), i]));
    const tangentOf = new Map(Array.from(moving, ([leaf, read]) => [tangentLeaf(leaf), read]));
    const readers = program.leaves.map((leaf): Read => {
      const state = stateOf.get(leaf);
      if (state !== undefined) return () => states[state]!;
      const read = tangentOf.get(leaf) ?? numbers.reader(leaf);
      if (read !== undefined) return read;
      const values = trace.of(leaf);
      return (_, t) => values[t]!;
    });
    for (let b = 0; b < neurons; b++) {
      forward.run(b, stop);
      returned[b] = step.spikes === undefined ? trace.spikeCount : trace.returned;
      for (const [i, state] of step.states.entries()) states[i] = terms.get(initialPath(state))?.[b] ?? 0;
      for (let t = 0; t < steps; t++) {
        stop.step();
        for (let i = 0; i < readers.length; i++) inputs[i] = readers[i]!(b, t);
        program.run(inputs, results);
        states.set(results.subarray(0, states.length));
        for (let i = 0; i < targets.length; i++) targets[i]![b * steps + t] = results[states.length + i]!;
      }
      for (const [i, state] of step.states.entries()) final[state]![b] = states[i]!;
    }
    const { spikes, v } = series;
    return { spikes, v, loss: lossTangent(job, { returned, ...series, state: final }, atOnce) };
  });
}
