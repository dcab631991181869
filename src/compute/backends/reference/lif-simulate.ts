import type { NumberAlgebra } from '../../float64-algebra.ts';
import { recordedValues } from '../../job-size.ts';
import { maxSpikeCount, recordPer, type LifSimulateJob, type LifSimulateResult } from '../../jobs.ts';
import { stateLeaf } from '../../neurons/program.ts';
import { ForwardRun, ProblemNumbers, seriesOf } from './forward-run.ts';
import type { StopCheck } from './stop-check.ts';
import { surrogateFunctions } from './surrogates.ts';

/** Runs the neurons of a job forward; returns what its `record` asks for. */
export function lifSimulate(job: LifSimulateJob, ops: NumberAlgebra, stop: StopCheck): LifSimulateResult {
  const { problem, record, surrogate } = job;
  const { neurons, steps, dt } = problem;
  const numbers = new ProblemNumbers(problem, ops);
  const { step } = numbers.program;
  const forward = new ForwardRun(problem, numbers, ops, surrogate && surrogateFunctions(surrogate, ops));
  const { trace } = forward;
  const counts = new Int32Array(neurons);
  const rates = new Float64Array(neurons);
  const spikeSteps: number[] = [];
  const maxTimes = recordedValues('spike_times', problem);
  const offsets = new Int32Array(neurons + 1);
  const state = Object.fromEntries(step.states.map((name) => [name, new Float64Array(neurons)]));
  const series = [...record]
    .filter((name) => recordPer(name) === 'step')
    .map((name) => {
      const isBits = name === 'spikes' && step.spikes === undefined;
      const target = isBits ? new Uint8Array(neurons * steps) : new Float64Array(neurons * steps);
      return { record: name, target, ...seriesOf(numbers.program, name) };
    });
  for (let b = 0; b < neurons; b++) {
    forward.run(b, stop);
    counts[b] = trace.spikeCount;
    rates[b] = ((step.spikes === undefined ? trace.spikeCount : trace.returned) / (steps * dt)) * 1000;
    for (const name of step.states) state[name]![b] = trace.of(stateLeaf(name))[steps]!;
    for (const { name, shift, target } of series) target.set(trace.of(name).subarray(shift, shift + steps), b * steps);
    if (record.has('spike_times')) {
      const times = trace.of(step.count === undefined ? 'fired' : 'count');
      for (let t = 0; t < steps; t++) {
        stop.step();
        for (let n = times[t]!; n > 0 && spikeSteps.length < maxTimes; n--) spikeSteps.push(t);
      }
    }
    offsets[b + 1] = Math.min(offsets[b]! + trace.spikeCount, maxSpikeCount);
  }
  return {
    ...(record.has('spike_counts') && { spike_counts: counts }),
    ...(record.has('firing_rates') && { firing_rates: rates }),
    ...(record.has('spike_times') && { spike_steps: { steps: Int32Array.from(spikeSteps), offsets } }),
    ...(record.has('v_final') && { v_final: state.v! }),
    ...(record.has('state') && { state }),
    series: Object.fromEntries(series.map(({ record: name, target }) => [name, target])),
  };
}
