import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { LifGradJob, Quantity } from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import { parametersOf, rows, sampleNeurons, sampleProblem, titleOf, valueOf } from '../support/sample-neurons.ts';

const neurons = 3;
const steps = 20;
const backend = new ReferenceBackend();

function inner(a: ArrayLike<number>, b: ArrayLike<number>): { readonly sum: number; readonly magnitude: number } {
  const products = Array.from(a, (value, i) => value * b[i]!);
  return { sum: products.reduce((x, y) => x + y, 0), magnitude: products.reduce((x, y) => x + Math.abs(y), 0) };
}

const samples = sampleNeurons.filter(({ model }) => neuronModel(model).noGradient === undefined);

describe('the product of cotangents and tangents is the same forward and backward', () => {
  it.each(samples.map((sample) => [titleOf(sample), sample] as const))('%s', (_, sample) => {
    const problem = sampleProblem(sample, neurons, steps);
    const spikes = programOf(problem).step.spike && rows(neurons, steps, 41);
    const v = rows(neurons, steps, 42);
    const surrogates: LifGradJob['surrogates'] = [{ name: 'sigmoid', parameters: { alpha: 1.5 } }];
    const loss = { type: 'cotangent', v, ...(spikes && { spikes }) } as const;
    const names = parametersOf(problem);
    const directions: Record<string, Quantity> = { current: rows(neurons, steps, 43) };
    for (const [i, name] of names.entries())
      directions[name] = { per: 'scalar', value: (0.3 + 0.1 * (i % 5)) * (valueOf(problem, name) || 1) };

    const [tangents] = backend.run({ kind: 'lif_jvp', problem, surrogates, loss, tangents: directions }).result;
    const [gradients] = backend.run({ kind: 'lif_grad', problem, surrogates, loss, wrt: ['current', ...names] }).result;

    const forward = [
      inner(v.values as Float64Array, tangents!.v),
      ...(spikes ? [inner(spikes.values as Float64Array, tangents!.spikes)] : []),
    ];
    const backward = Object.entries(directions).map(([name, direction]) => {
      const gradient = gradients!.grad[name]!;
      if (typeof gradient !== 'number') return inner(gradient, (direction as { readonly values: Float64Array }).values);
      return inner([gradient], [(direction as { readonly value: number }).value]);
    });
    const total = (parts: typeof forward) => parts.reduce((sum, part) => sum + part.sum, 0);
    const magnitude = [...forward, ...backward].reduce((sum, part) => sum + part.magnitude, 0);
    expect(magnitude).toBeGreaterThan(0);
    expect(Math.abs(total(forward) - total(backward))).toBeLessThan(1e-10 * magnitude);
    expect(Math.abs(Array.from(tangents!.loss).reduce((sum, one) => sum + one, 0) - total(forward))).toBeLessThan(1e-10 * magnitude);
  });
});
