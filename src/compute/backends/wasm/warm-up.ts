import type { Job, LifProblem } from '../../jobs.ts';
import { differentiable, recordable } from '../../jobs.ts';
import { catalogue } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';

const x = Float64Array.of(-1, 0, 1);

const problem: LifProblem = {
  neurons: 64,
  steps: 100,
  dt: 0.1,
  current: { per: 'neuron', values: new Float64Array(64).fill(1.5) },
  tau: { per: 'job', value: 10 },
  v_threshold: { per: 'job', value: 1 },
  v_reset: { per: 'job', value: 0 },
  v_rest: { per: 'job', value: 0 },
  resistance: { per: 'job', value: 1 },
  v_init: { per: 'job', value: 0 },
  reset: 'hard',
  refractorySteps: 0,
  integration: 'euler',
  inputScaling: true,
};

/** The usual jobs: every surrogate with its defaults on the default neuron, and the usual records. */
export function* warmUpJobs(): Generator<Job> {
  yield { kind: 'lif_simulate', problem, record: new Set(['spike_counts']) };
  yield { kind: 'lif_simulate', problem, record: new Set(recordable) };
  for (const { name, parameters } of catalogue.values()) {
    const surrogate: Surrogate = {
      name,
      parameters: Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, parameter.default])),
    };
    const surrogates = [surrogate];
    yield { kind: 'surrogate_grad', x, surrogates, cotangent: 1 };
    yield { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } };
    yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, detachReset: false, wrt: ['current'] };
  }
  const surrogates: Surrogate[] = [{ name: 'sigmoid', parameters: { alpha: 4 } }];
  yield { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, detachReset: false, wrt: differentiable };
}
