import { records, type Job, type LifGradJob, type NetworkGradJob } from '../../jobs.ts';
import { spread, standardNeuron, standardProblem, standardSurrogate } from '../../standard-jobs.ts';
import { catalogue } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';

const x = Float64Array.of(-1, 0, 1);
const problem = standardProblem(64, 100);
const sigmoid: Surrogate = { name: 'sigmoid', parameters: { alpha: 4 } };

function gradient(surrogate: Surrogate, change: Partial<LifGradJob> = {}): LifGradJob {
  return { kind: 'lif_grad', problem, surrogates: [surrogate], loss: { type: 'spike_count' }, wrt: ['current'], ...change };
}

/** A network of two layers, whose products every other network has too. */
const network: NetworkGradJob = {
  kind: 'network_grad',
  network: {
    samples: 2,
    inputs: 8,
    steps: 10,
    dt: 1,
    input: { form: 'dense', values: new Float64Array(160).fill(1) },
    layers: [8, 4].map((neurons) => ({ ...standardNeuron('lif'), neurons, weight: spread(0, 1, 8 * neurons), surrogate: sigmoid })),
  },
  loss: { type: 'cross_entropy', on: 'spike_counts', labels: new Float64Array(2) },
  reduction: 'mean',
  wrt: ['layers/0/weight', 'layers/1/weight'],
};

/** The usual first requests: the default neuron and surrogate, with a current per neuron and per step. */
export function* firstJobs(): Generator<Job> {
  yield gradient(sigmoid);
  yield gradient(sigmoid, { problem: { ...problem, current: { per: 'step', values: new Float64Array(64 * 100).fill(1.5) } } });
  yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
  yield { kind: 'surrogate_grad', x, surrogates: [sigmoid], cotangent: 1 };
}

/** The other usual ones: every surrogate with its defaults on the default neuron, all records and all gradients, and a network. */
export function* otherJobs(): Generator<Job> {
  yield { kind: 'lif_simulate', problem, record: new Set(Object.keys(records)) };
  yield network;
  yield gradient(sigmoid, { wrt: ['current', ...Object.keys(problem.parameters), 'v_init'] });
  for (const definition of catalogue.values()) {
    const surrogate = standardSurrogate(definition);
    yield { kind: 'surrogate_grad', x, surrogates: [surrogate], cotangent: 1 };
    yield { kind: 'surrogate_eval', x, surrogates: [surrogate], outputs: { spike: true, value: true } };
    yield gradient(surrogate);
  }
}
