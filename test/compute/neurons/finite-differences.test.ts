import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { LifGradJob, NeuronProblem } from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import { parametersOf, rows, sampleNeurons, sampleProblem, titleOf, valueOf, withParameter } from '../support/sample-neurons.ts';

const neurons = 2;
const steps = 8;
const backend = new ReferenceBackend();

/** Neurons whose run is no smooth function even with the surrogate's value in the place of the step. */
const notSmooth: Readonly<Record<string, string>> = { 'lava.CUBA': 'its arithmetic is in whole numbers' };

function jobOf(problem: NeuronProblem, wrt: readonly string[]): LifGradJob {
  const { step } = programOf(problem);
  return {
    kind: 'lif_grad',
    problem,
    surrogates: [{ name: 'sigmoid', parameters: { alpha: 1.5 } }],
    loss: {
      type: 'cotangent',
      v: rows(neurons, steps, 30),
      v_pre: rows(neurons, steps, 31),
      ...(step.spike && { spikes: rows(neurons, steps, 32) }),
      state: Object.fromEntries(step.states.map((state, i) => [state, { per: 'neuron', values: Float64Array.of(0.7 - i, 0.3 + i) }])),
    },
    wrt,
  };
}

function lossOf(problem: NeuronProblem): number {
  const [result] = backend.run(jobOf(problem, [])).result;
  return Array.from(result!.loss).reduce((sum, loss) => sum + loss, 0);
}

/** The derivative of a smooth function by its values around 0, to the fourth order. */
function derivative(f: (h: number) => number, h: number): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/** With nobody refractory at first, and that away from the corner at 0 steps. */
function smoothProblem(problem: NeuronProblem): NeuronProblem {
  const isRefractory = programOf(problem).step.states.includes('refractory');
  return { ...(isRefractory ? withParameter(problem, 'refractory_init', { per: 'scalar', value: -0.4 }) : problem), smooth: true };
}

const samples = sampleNeurons.filter(({ model }) => neuronModel(model).noGradient === undefined && !(model in notSmooth));

describe('in a smooth run gradients are central differences', () => {
  it.each(samples.map((sample) => [titleOf(sample), sample] as const))('%s', (_, sample) => {
    const problem = smoothProblem(sampleProblem(sample, neurons, steps));
    const names = parametersOf(problem);
    const [result] = backend.run(jobOf(problem, ['current', ...names])).result;
    const magnitude = Math.max(1, Math.abs(lossOf(problem)));
    const wrong: string[] = [];
    const check = (name: string, gradient: number, expected: number, h: number) => {
      const tolerance = 1e-6 * Math.abs(expected) + (1e-13 * magnitude) / h;
      if (!(Math.abs(gradient - expected) <= tolerance)) wrong.push(`${name}: ${gradient}, not ${expected}`);
    };
    const { values } = problem.current as { readonly values: Float64Array };
    for (const i of [0, steps - 3, steps + 1, 2 * steps - 2]) {
      const h = 2e-5 * Math.max(1e-1, Math.abs(values[i]!));
      const moved = (by: number) => lossOf({ ...problem, current: { per: 'step', values: values.with(i, values[i]! + by) } });
      check(`current[${i}]`, (result!.grad.current as Float64Array)[i]!, derivative(moved, h), h);
    }
    for (const name of names) {
      const value = valueOf(problem, name);
      const h = 2e-5 * (Math.abs(value) || 1);
      const moved = (by: number) => lossOf(withParameter(problem, name, { per: 'scalar', value: value + by }));
      check(name, result!.grad[name] as number, derivative(moved, h), h);
    }
    expect(wrong).toEqual([]);
  });
});
