import { describe, expect, it } from 'vitest';
import { backendNames, type BackendName } from '../../../src/compute/engine/backend.ts';
import { BackendRouter, type Candidate, type Preference, type BackendPreference } from '../../../src/compute/engine/backend-router.ts';
import { never, type CrossOvers } from '../../../src/compute/engine/cross-over.ts';
import type { Job } from '../../../src/compute/jobs.ts';
import { evalJob, gradJob, simulateJob, surrogateJob } from './jobs.ts';

const candidate = (name: BackendName, accepts: (job: Job) => boolean = () => true): Candidate => ({ name, accepts });
const all = backendNames.map((name) => candidate(name));
const crossOvers: CrossOvers = {
  lif_grad: { elements: 1000, neurons: 100 },
  lif_jvp: never,
  lif_simulate: never,
  surrogate_grad: { elements: 500, neurons: 0 },
  surrogate_eval: { elements: 500, neurons: 0 },
};

function names(router: BackendRouter<Candidate>, job: Job, preference?: BackendPreference): string {
  return router
    .order(job, preference)
    .backends.map(({ name }) => name)
    .join(' ');
}

function measured(preferred: Preference, backends = all): BackendRouter<Candidate> {
  const router = new BackendRouter(backends, preferred);
  router.crossOvers = crossOvers;
  return router;
}

describe('auto', () => {
  it('does not use TensorFlow until it is measured', () => {
    expect(names(new BackendRouter(all, 'auto'), gradJob(1e6, 1000))).toBe('wasm reference');
  });

  it.each<[string, Job, boolean]>([
    ['a gradient with enough neurons and steps', gradJob(100, 10), true],
    ['one neuron-step too few', gradJob(111, 9), false],
    ['one neuron too few', gradJob(99, 1000), false],
    ['a simulation, which is never faster', simulateJob(1e6, 1000), false],
    ['enough elements of x', surrogateJob(500), true],
    ['too few elements of x', surrogateJob(499), false],
    ['an evaluation', evalJob(500), true],
  ])('with %s', (_name, job, isForTensorFlow) => {
    expect(names(measured('auto'), job)).toBe(isForTensorFlow ? 'tensorflow wasm reference' : 'wasm reference');
  });

  it('skips TensorFlow for jobs that it does not accept', () => {
    const choosy = [candidate('tensorflow', ({ kind }) => kind !== 'lif_grad'), candidate('wasm')];
    expect(names(measured('auto', choosy), gradJob(100, 10))).toBe('wasm');
    expect(names(measured('auto', choosy), surrogateJob(500))).toBe('tensorflow wasm');
  });
});

describe('a preference', () => {
  it.each<[Preference, BackendPreference | undefined, string]>([
    ['tensorflow', undefined, 'tensorflow wasm reference'],
    ['tensorflow', { backend: 'auto' }, 'wasm reference'],
    ['wasm', undefined, 'wasm reference'],
    ['auto', { backend: 'tensorflow' }, 'tensorflow wasm reference'],
    ['auto', { backend: 'wasm' }, 'wasm reference'],
    ['auto', { backend: 'reference' }, 'reference'],
  ])('preferring %s, asked for %j', (preferred, preference, expected) => {
    const router = measured(preferred);
    expect(names(router, gradJob(), preference)).toBe(expected);
    expect(router.order(gradJob(), preference).missing).toBeUndefined();
  });

  it.each<[Preference, BackendPreference | undefined, string]>([
    ['auto', undefined, 'wasm reference'],
    ['tensorflow', undefined, 'wasm reference'],
    ['reference', undefined, 'reference'],
    ['auto', { backend: 'auto' }, 'wasm reference'],
    ['auto', { backend: 'wasm' }, 'wasm reference'],
    ['auto', { backend: 'reference' }, 'reference'],
  ])('for a job in float64, which TensorFlow does not have: preferring %s, asked for %j', (preferred, preference, expected) => {
    const router = measured(preferred);
    const job: Job = { ...gradJob(1e6, 1000), dtype: 'float64' };
    expect(names(router, job, preference)).toBe(expected);
    expect(router.order(job, preference).missing).toBeUndefined();
  });

  it('for a missing back-end goes to those after it, else to any, and names the missing one', () => {
    const order = (backends: readonly Candidate[], backend: BackendName) => {
      const { backends: tried, missing } = new BackendRouter(backends, 'auto').order(gradJob(), { backend });
      return [tried.map(({ name }) => name).join(' '), missing];
    };
    expect(order(all.slice(1), 'tensorflow')).toEqual(['wasm reference', 'tensorflow']);
    expect(order(all.slice(2), 'wasm')).toEqual(['reference', 'wasm']);
    expect(order(all.slice(0, 2), 'reference')).toEqual(['tensorflow wasm', 'reference']);
  });
});
