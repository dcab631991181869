import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { ThreadedReference } from '../../../src/compute/backends/reference/threaded-reference.ts';
import { OutOfMemoryError, WorkerLostError } from '../../../src/compute/engine/errors.ts';
import type { Job } from '../../../src/compute/jobs.ts';
import { WorkerThreads } from '../../../support/worker-threads.ts';
import { evalJob, gradJob, simulateJob, surrogateJob } from '../engine/jobs.ts';

const open: ThreadedReference[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((backend) => backend.close()));
});

function threaded(...options: ConstructorParameters<typeof ThreadedReference>): ThreadedReference {
  const backend = new ThreadedReference(...options);
  open.push(backend);
  return backend;
}

const jobs: Job[] = [evalJob(), gradJob(), simulateJob(), surrogateJob()];

describe('the reference with a thread', () => {
  it('does small jobs at once', () => {
    const backend = threaded();
    for (const job of jobs) expect(backend.run(job)).not.toBeInstanceOf(Promise);
  });

  it('does others in its thread, with the same results', async () => {
    const backend = threaded({ inlineMs: 0 });
    for (const job of jobs) {
      const running = backend.run(job);
      expect(running).toBeInstanceOf(Promise);
      const { result, queueMs, computeMs } = await running;
      expect(result).toEqual(new ReferenceBackend().run(job).result);
      expect(queueMs).toBeGreaterThanOrEqual(0);
      expect(computeMs).toBeGreaterThan(0);
    }
  });

  it('leaves the event loop free meanwhile', async () => {
    const backend = threaded();
    const happened: string[] = [];
    const running = Promise.resolve(backend.run(gradJob(200, 1000))).then(() => happened.push('done'));
    for (let tick = 0; tick < 3; tick++) {
      await new Promise((resolve) => setImmediate(resolve));
      happened.push('tick');
    }
    await running;
    expect(happened).toEqual(['tick', 'tick', 'tick', 'done']);
  });

  it('reports that a job needs more memory than there is', async () => {
    const backend = threaded({ inlineMs: 0 });
    await expect(backend.run(simulateJob(1, 2 ** 53 - 1))).rejects.toThrow(OutOfMemoryError);
    await expect(backend.run(simulateJob(1, 5))).resolves.toBeDefined();
  });

  it('ends a thread that hangs, and uses another for the next job', async () => {
    let limitMs = 10_000;
    const backend = threaded({ inlineMs: 0, hungAfterMs: () => limitMs });
    await backend.run(simulateJob(1, 5));
    limitMs = 50;
    await expect(backend.run(gradJob(2000, 10_000))).rejects.toThrow(WorkerLostError);
    limitMs = 10_000;
    await expect(backend.run(simulateJob(1, 5))).resolves.toBeDefined();
  });

  it('stops a job without ending the thread', async () => {
    const threads = new WorkerThreads();
    const backend = threaded({ inlineMs: 0 });
    await backend.run(simulateJob(1, 5));
    const before = threads.running;
    const [surrogate] = surrogateJob(1).surrogates;
    for (const job of [
      gradJob(20_000, 1000),
      gradJob(1, 5_000_000),
      { ...surrogateJob(2 ** 19), surrogates: Array.from({ length: 100 }, () => surrogate!) },
    ]) {
      const controller = new AbortController();
      const stopped = expect(backend.run(job, undefined, controller.signal)).rejects.toThrow('enough');
      await sleep(300);
      controller.abort(new Error('enough'));
      await stopped;
      await expect(backend.run(simulateJob(1, 5))).resolves.toBeDefined();
    }
    // A thread that did not check would have been ended after a second.
    expect(threads.running).toEqual(before);
    threads.close();
  });

  it('accepts jobs up to its limit', () => {
    const backend = threaded({ maxWork: 100 });
    expect(backend.accepts(gradJob(10, 10))).toBe(true);
    expect(backend.accepts(gradJob(11, 10))).toBe(false);
    expect(backend.accepts(simulateJob(0, 101))).toBe(false);
    expect(backend.accepts(surrogateJob(100))).toBe(true);
    expect(backend.accepts(evalJob(101))).toBe(false);
  });
});
