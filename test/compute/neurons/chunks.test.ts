import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { materialize, type Values } from '../../../src/compute/numbers.ts';
import type { LifGradJob, NeuronProblem, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import { parametersOf, rows, sampleNeurons, sampleProblem, titleOf } from '../support/sample-neurons.ts';

const neurons = 3;
const lengths = [7, 1, 12];
const steps = 20;
const backend = new ReferenceBackend();

/** The steps of a quantity [B, T] from one on. */
function slice(quantity: Quantity, from: number, length: number): Quantity {
  if (quantity.per !== 'step') return quantity;
  const values = materialize(quantity.values);
  const rowsOf = Array.from({ length: neurons }, (_, b) => [...values.subarray(b * steps + from, b * steps + from + length)]);
  return { per: 'step', values: Float64Array.from(rowsOf.flat()) };
}

/** Chunks [B, t] joined to [B, T]. */
function joined(chunks: readonly ArrayLike<number>[]): number[] {
  return Array.from({ length: neurons }, (_, b) =>
    chunks.flatMap((chunk, i) => Array.from(chunk).slice(b * lengths[i]!, (b + 1) * lengths[i]!)),
  ).flat();
}

function perNeuron(states: Readonly<Record<string, Values>>, suffix = ''): Record<string, NeuronQuantity> {
  return Object.fromEntries(Object.entries(states).map(([state, values]) => [`${state}${suffix}`, { per: 'neuron', values }]));
}

function simulate(problem: NeuronProblem) {
  const record = new Set(['v', 'v_pre', 'spikes', 'state', 'spike_counts', ...programOf(problem).step.states]);
  return backend.run({ kind: 'lif_simulate', problem, record }).result;
}

/** The problem's chunks, each from the state after the one before it, and what each gives. */
function chunksOf(problem: NeuronProblem) {
  let from = 0;
  let parameters = problem.parameters;
  return lengths.map((length) => {
    const chunk: NeuronProblem = { ...problem, steps: length, current: slice(problem.current, from, length), parameters };
    const result = simulate(chunk);
    parameters = { ...problem.parameters, ...perNeuron(result.state!, '_init') };
    from += length;
    return { problem: chunk, result };
  });
}

function error(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const numbers = Array.from(expected);
  return Math.max(...numbers.map((value, i) => Math.abs(actual[i]! - value))) / Math.max(...numbers.map(Math.abs), 1e-300);
}

describe('a run in chunks is one long run', () => {
  it.each(sampleNeurons.map((sample) => [titleOf(sample), sample] as const))('forward: %s', (_, sample) => {
    const problem = sampleProblem(sample, neurons, steps);
    const long = simulate(problem);
    const chunks = chunksOf(problem);
    for (const [name, series] of Object.entries(long.series)) {
      expect(joined(chunks.map(({ result }) => result.series[name]!)), name).toEqual(Array.from(series));
    }
    expect(chunks.at(-1)!.result.state).toEqual(long.state);
  });

  const differentiable = sampleNeurons.filter(({ model }) => neuronModel(model).noGradient === undefined);
  it.each(differentiable.map((sample) => [titleOf(sample), sample] as const))('backward: %s', (_, sample) => {
    const problem = sampleProblem(sample, neurons, steps);
    const { states, spike } = programOf(problem).step;
    const surrogates: LifGradJob['surrogates'] = [{ name: 'sigmoid', parameters: { alpha: 1.5 } }];
    const cotangents = { v: rows(neurons, steps, 61), ...(spike && { spikes: rows(neurons, steps, 62) }) };
    const finalState = perNeuron(Object.fromEntries(states.map((state, i) => [state, Float64Array.of(0.4, i - 0.5, 0.2)])));
    const initial = states.map((state) => `${state}_init`);
    const names = ['current', ...parametersOf(problem)];
    const gradient = (of: NeuronProblem, loss: LifGradJob['loss'], wrt: readonly string[]) =>
      backend.run({ kind: 'lif_grad', problem: of, surrogates, loss, wrt }).result[0]!;
    const long = gradient(problem, { type: 'cotangent', ...cotangents, state: finalState }, names);

    let state = finalState;
    let loss = 0;
    const currents: ArrayLike<number>[] = [];
    const sums: Record<string, number> = {};
    let from = steps;
    for (const [i, chunk] of [...chunksOf(problem).entries()].reverse()) {
      const { steps: length } = chunk.problem;
      from -= length;
      const parts = Object.fromEntries(Object.entries(cotangents).map(([name, quantity]) => [name, slice(quantity, from, length)]));
      const result = gradient(chunk.problem, { type: 'cotangent', ...parts, state }, [...new Set([...names, ...initial])]);
      currents.unshift(result.grad.current as Values);
      for (const name of names) {
        const value = result.grad[name]!;
        if (name !== 'current' && typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
      }
      if (i > 0) state = Object.fromEntries(states.map((name) => [name, { per: 'neuron', values: result.grad[`${name}_init`] as Values }]));
      loss += i === lengths.length - 1 ? Array.from(result.loss).reduce((sum, one) => sum + one, 0) : 0;
    }
    expect(Number.isFinite(loss)).toBe(true);
    expect(error(joined(currents), long.grad.current as Values)).toBeLessThan(1e-12);
    for (const name of names.slice(1)) expect(error([sums[name]!], [long.grad[name] as number]), name).toBeLessThan(1e-12);
  });
});
