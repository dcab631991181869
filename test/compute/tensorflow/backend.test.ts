import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { ComputeError } from '../../../src/compute/engine/errors.ts';
import { parseGpu, TensorFlowBackend } from '../../../src/compute/backends/tensorflow/tensorflow-backend.ts';
import type { LifGradJob, NeuronProblem } from '../../../src/compute/jobs.ts';
import { lifProblem, perNeuron, perStep, resultOf, same } from '../support/jobs.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';

const sigmoid = [{ name: 'sigmoid', parameters: { alpha: 4 } }];
const gradJob = (problem: NeuronProblem, changes: Partial<LifGradJob> = {}): LifGradJob => ({
  kind: 'lif_grad',
  problem,
  surrogates: sigmoid,
  loss: { type: 'spike_count' },
  wrt: ['current', 'tau'],
  ...changes,
});

describe.skipIf(inject('noTensorFlow'))('TensorFlow', () => {
  let backend: TensorFlowBackend;
  beforeAll(async () => {
    backend = await TensorFlowBackend.create();
  });
  afterAll(() => backend.close());

  it('says what it is', () => {
    expect(backend.info.name).toBe('tensorflow');
    expect(backend.info.details!.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(backend.info.device === 'cpu').toBe(!backend.info.details!.gpu);
  });

  it.each([true, false])('answers each job the same whatever it runs with, XLA %s', async (xla) => {
    const own = await TensorFlowBackend.create({ xla });
    try {
      const random = randomNumbers(5);
      const constant = (neurons: number) => perNeuron(neurons, () => 3 * random());
      // XLA compiles for seconds whatever has another form or size.
      const problems = xla
        ? [20, 20].map((neurons) => lifProblem(neurons, 33, { current: constant(neurons) }))
        : [1, 7, 64, 65, 200].flatMap((neurons) => [
            lifProblem(neurons, 33, { current: constant(neurons) }),
            lifProblem(neurons, 33, { current: constant(neurons), tau: perNeuron(neurons, () => 5 + 5 * random()) }),
            lifProblem(neurons, 33, { current: perStep(neurons, 33, () => 3 * random()) }),
          ]);
      const jobs = problems.map((problem, i) =>
        gradJob(problem, { surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 + (i % 2) } }] }),
      );
      const alone = [];
      for (const job of jobs) alone.push(await resultOf(own, job));
      const together = await Promise.all(jobs.map((job) => resultOf(own, job)));
      expect(together).toEqual(alone);
    } finally {
      await own.close();
    }
  });

  it('cuts a job that is larger than a run may be', async () => {
    const small = await TensorFlowBackend.create({ xla: false, batch: { rows: 64, values: 2 ** 20 } });
    const whole = await TensorFlowBackend.create({ xla: false });
    try {
      const job = gradJob(lifProblem(300, 20, { current: perStep(300, 20, randomNumbers(3)) }));
      const [cut] = await resultOf(small, job);
      const [expected] = await resultOf(whole, job);
      expect(cut!.grad.current).toEqual(expected!.grad.current);
      expect(cut!.spike_counts).toEqual(expected!.spike_counts);
    } finally {
      await small.close();
      await whole.close();
    }
  });

  it('does jobs without neurons or points', async () => {
    expect((await resultOf(backend, gradJob(lifProblem(0, 10))))[0]!.grad.current).toEqual(new Float32Array());
    const job = { kind: 'surrogate_grad', x: new Float64Array(), surrogates: sigmoid, cotangent: 1 } as const;
    expect((await resultOf(backend, job))[0]!.grad).toEqual(new Float32Array());
  });

  it('refuses runs in which float32 would not count the steps', () => {
    expect(backend.accepts(gradJob(lifProblem(1, 2 ** 24 + 1)))).toBe(false);
    expect(backend.accepts(gradJob(lifProblem(1, 2 ** 24)))).toBe(true);
  });

  it('refuses tangents, smooth runs, and gradients by parameters of the surrogate', () => {
    const job = gradJob(lifProblem(1, 10));
    const { problem, surrogates, loss } = job;
    expect(backend.accepts({ kind: 'lif_jvp', problem, surrogates, loss, tangents: { tau: same(1) } })).toBe(false);
    expect(backend.accepts({ ...job, problem: { ...problem, smooth: true } })).toBe(false);
    expect(backend.accepts({ ...job, wrt: ['current', 'surrogate.alpha'] })).toBe(false);
  });

  it('fails the jobs of a thread that ends, and all after them', async () => {
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    const doomed = await TensorFlowBackend.create({ xla: false });
    const running = doomed.run(gradJob(lifProblem(50, 100)));
    await vi.waitFor(() => {
      expect(posted).toHaveBeenCalled();
    });
    const worker = posted.mock.contexts.at(-1) as Worker;
    posted.mockRestore();
    await worker.terminate();
    await expect(running).rejects.toThrow(ComputeError);
    await expect(doomed.run(gradJob(lifProblem(50, 100)))).rejects.toThrow('the TensorFlow thread has ended');
    await doomed.close();
  });
});

it('reads the name and the memory of a card', () => {
  expect(parseGpu('NVIDIA H100 80GB HBM3, 81559\n')).toEqual({ name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 2 ** 20 });
  expect(parseGpu('No devices were found\n')).toBeUndefined();
});
