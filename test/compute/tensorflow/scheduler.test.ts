import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  joinOutputs,
  mergeInputs,
  paddedRows,
  sliceRows,
  splitOutputs,
  type GraphJob,
} from '../../../src/compute/backends/tensorflow/graph-job.ts';
import { defineProgram } from '../../../src/compute/backends/tensorflow/program.ts';
import { Scheduler } from '../../../src/compute/backends/tensorflow/scheduler.ts';
import type { ModelResult, ModelRun } from '../../../src/compute/backends/tensorflow/tensorflow-thread.ts';
import { materialize } from '../../../src/compute/numbers.ts';

const program = () => defineProgram((graph) => ({ x: graph.input('x', 'float32') }));

function job(values: readonly number[], changes: Partial<GraphJob> = {}): GraphJob {
  return {
    graphKey: 'identity',
    batchKey: 'identity',
    program,
    rows: values.length,
    steps: 0,
    capacity: 0,
    arrays: { x: { per: 'neuron', values: Float64Array.from(values) } },
    terms: {},
    series: {},
    numbers: {},
    ...changes,
  };
}

/** A thread that returns its input x once `finishOne` is called. */
class FakeThread {
  readonly runs: ModelRun[] = [];
  readonly #gates: (() => void)[] = [];
  failure: Error | undefined;

  async run(request: ModelRun): Promise<ModelResult> {
    this.runs.push(request);
    await new Promise<void>((open) => {
      this.#gates.push(open);
    });
    if (this.failure !== undefined) throw this.failure;
    return { outputs: { x: request.inputs.x!.data }, computeMs: 1, liveTensors: 0 };
  }

  async finishOne(): Promise<void> {
    while (this.#gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    this.#gates.shift()!();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const limits = { rows: 1024, values: 1e6 };
const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('the scheduler', () => {
  it('runs a job at once, and those that have arrived meanwhile together', async () => {
    const thread = new FakeThread();
    const scheduler = new Scheduler(thread, { limits, maxModels: 4, xla: false });
    const first = scheduler.run(job([1]));
    await nextTick();
    const others = [scheduler.run(job([2, 3])), scheduler.run(job([4])), scheduler.run(job([5], { batchKey: 'other', graphKey: 'other' }))];
    await thread.finishOne();
    await thread.finishOne();
    await thread.finishOne();
    expect(Array.from((await first).outputs.x!)).toEqual([1]);
    const outputs = await Promise.all(others);
    expect(outputs.map(({ outputs: { x } }) => Array.from(x!))).toEqual([[2, 3], [4], [5]]);
    expect(thread.runs.map(({ key }) => key)).toEqual(['identity', 'identity', 'other']);
  });

  it('sends a model once, and releases the least recently used', async () => {
    const thread = new FakeThread();
    const scheduler = new Scheduler(thread, { limits, maxModels: 2, xla: false });
    for (const key of ['a', 'b', 'a', 'c', 'b']) {
      const done = scheduler.run(job([1], { graphKey: key, batchKey: key }));
      await thread.finishOne();
      await done;
    }
    expect(thread.runs.map(({ key, model, release }) => [key, model !== undefined, release])).toEqual([
      ['a', true, []],
      ['b', true, []],
      ['a', false, []],
      ['c', true, ['b']],
      ['b', true, ['a']],
    ]);
  });

  it('respects the limit of rows', async () => {
    const thread = new FakeThread();
    const scheduler = new Scheduler(thread, { limits: { rows: 4, values: 1e6 }, maxModels: 4, xla: false });
    const done = [[1], [1, 2, 3], [4], [5, 6]].map((values) => scheduler.run(job(values)));
    for (let i = 0; i < 2; i++) await thread.finishOne();
    expect((await Promise.all(done)).map(({ outputs: { x } }) => x!.length)).toEqual([1, 3, 1, 2]);
    expect(thread.runs.length).toBe(2);
  });

  it('fails all jobs of a batch that fails, sends the model again, and goes on', async () => {
    const thread = new FakeThread();
    const scheduler = new Scheduler(thread, { limits, maxModels: 4, xla: false });
    thread.failure = new Error('no memory');
    const failing = [scheduler.run(job([1])), scheduler.run(job([2]))].map((done) => expect(done).rejects.toThrow('no memory'));
    await thread.finishOne();
    await Promise.all(failing);
    thread.failure = undefined;
    const next = scheduler.run(job([3]));
    await thread.finishOne();
    expect(Array.from((await next).outputs.x!)).toEqual([3]);
    expect(thread.runs.at(-1)!.model).toBeDefined();
  });
});

describe('batches', () => {
  const anyJob = fc
    .array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 9 })
    .chain((x) =>
      fc
        .record({
          shared: fc.boolean(),
          term: fc.constantFrom(0.5, 2),
          series: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3 * x.length, maxLength: 3 * x.length }),
        })
        .map(({ shared, term, series }) =>
          job(x, {
            steps: 3,
            capacity: 5,
            terms: { term: shared ? { per: 'scalar', value: term } : { per: 'neuron', values: new Float64Array(x.length).fill(term) } },
            series: { s: { per: 'step', values: Float64Array.from(series) } },
          }),
        ),
    );

  it('return to every job its own rows, of arrays and of series', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyJob, { minLength: 1, maxLength: 5 }), async (jobs) => {
        const inputs = await mergeInputs(jobs);
        const rows = paddedRows(jobs.reduce((sum, { rows: own }) => sum + own, 0));
        expect(inputs.x!.shape).toEqual([rows]);
        expect(inputs.s!.shape).toEqual([rows, 5]);
        const parts = splitOutputs(jobs, { x: inputs.x!.data, s: inputs.s!.data });
        for (const [i, part] of parts.entries()) {
          const { arrays, series } = jobs[i]!;
          expect(part.x).toEqual(Float32Array.from((arrays.x as { values: Float64Array }).values));
          expect(part.s).toEqual(Float32Array.from(materialize(series.s!.values)));
        }
        const [{ terms }] = jobs as [GraphJob];
        const same = jobs.every((other) => other.terms.term!.per === 'scalar' && JSON.stringify(other.terms) === JSON.stringify(terms));
        expect(inputs.term!.shape).toEqual(same ? [1] : [rows]);
      }),
    );
  });

  it('can be cut into parts and joined again', async () => {
    const whole = job([1, 2, 3, 4, 5], {
      steps: 2,
      capacity: 2,
      series: { s: { per: 'step', values: Float64Array.from({ length: 10 }, (_, i) => i) } },
    });
    const parts = [sliceRows(whole, 0, 2), sliceRows(whole, 2, 5)];
    const outputs = await Promise.all(parts.map(async (part) => splitOutputs([part], { s: (await mergeInputs([part])).s!.data })[0]!));
    expect(Array.from(joinOutputs(outputs).s!)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
