import type { Job } from '../../jobs.ts';
import { spread, standardProblem, standardSurrogate } from '../../standard-jobs.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';

/**
 * The commonest jobs, in the sizes that are worth a GPU. Each graph takes a tenth of a second to load, and XLA half a second for each
 * size: the rest is compiled when it is first asked for.
 */
export function* warmUpJobs(): Generator<Job> {
  const surrogates = [standardSurrogate(surrogateDefinition('sigmoid'))];
  for (const rows of [2 ** 10, 2 ** 16]) {
    const problem = standardProblem(rows, 100);
    yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, detachReset: false, wrt: ['current'] };
    yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
    yield { kind: 'surrogate_grad', x: spread(-2, 2, rows), surrogates, cotangent: 1 };
    yield { kind: 'surrogate_eval', x: spread(-2, 2, rows), surrogates, outputs: { spike: true, value: true } };
  }
}
