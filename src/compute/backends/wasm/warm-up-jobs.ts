import { records, type Job, type LifGradJob } from '../../jobs.ts';
import { standardProblem, standardSurrogate } from '../../standard-jobs.ts';
import { catalogue } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';

const x = Float64Array.of(-1, 0, 1);
const problem = standardProblem(64, 100);
const sigmoid: Surrogate = { name: 'sigmoid', parameters: { alpha: 4 } };

function gradient(surrogate: Surrogate, change: Partial<LifGradJob> = {}): LifGradJob {
  return { kind: 'lif_grad', problem, surrogates: [surrogate], loss: { type: 'spike_count' }, wrt: ['current'], ...change };
}

/** The usual first requests: the default neuron and surrogate, with a current per neuron and per step. */
export function* firstJobs(): Generator<Job> {
  yield gradient(sigmoid);
  yield gradient(sigmoid, { problem: { ...problem, current: { per: 'step', values: new Float64Array(64 * 100).fill(1.5) } } });
  yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
  yield { kind: 'surrogate_grad', x, surrogates: [sigmoid], cotangent: 1 };
}

/** The other usual ones: every surrogate with its defaults on the default neuron, all records and all gradients. */
export function* otherJobs(): Generator<Job> {
  yield { kind: 'lif_simulate', problem, record: new Set(Object.keys(records)) };
  yield gradient(sigmoid, { wrt: ['current', ...Object.keys(problem.parameters), 'v_init'] });
  for (const definition of catalogue.values()) {
    const surrogate = standardSurrogate(definition);
    yield { kind: 'surrogate_grad', x, surrogates: [surrogate], cotangent: 1 };
    yield { kind: 'surrogate_eval', x, surrogates: [surrogate], outputs: { spike: true, value: true } };
    yield gradient(surrogate);
  }
}
