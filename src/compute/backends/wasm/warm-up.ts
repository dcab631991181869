import type { Job } from '../../jobs.ts';
import { differentiable, recordable } from '../../jobs.ts';
import { standardProblem, standardSurrogate } from '../../standard-jobs.ts';
import { catalogue } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';

const x = Float64Array.of(-1, 0, 1);

const problem = standardProblem(64, 100);

/** The usual jobs: every surrogate with its defaults on the default neuron, and the usual records. */
export function* warmUpJobs(): Generator<Job> {
  yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
  yield { kind: 'lif_simulate', problem, record: new Set(recordable) };
  for (const definition of catalogue.values()) {
    const surrogates = [standardSurrogate(definition)];
    yield { kind: 'surrogate_grad', x, surrogates, cotangent: 1 };
    yield { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } };
    yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, detachReset: false, wrt: ['current'] };
  }
  const surrogates: Surrogate[] = [{ name: 'sigmoid', parameters: { alpha: 4 } }];
  yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, detachReset: false, wrt: differentiable };
}
