import { describe, expect, it } from 'vitest';
import { responseOutline } from '../../src/responses/outline.ts';
import { respond, responseTree, type ComputeResponse } from '../../src/responses/response.ts';
import { encodeAnswer, type AnswerForm } from '../../src/codecs/answer-json.ts';
import { AnswerRows, AnswerTensor, NotFiniteError, transposed, type AnswerNode } from '../../src/codecs/answer-tree.ts';
import { JsonWriter } from '../../src/codecs/json-writer.ts';
import { bytesOf, Pacer, type Chunk } from '../../src/codecs/chunks.ts';
import { requireFinite } from '../../src/codecs/finite-check.ts';
import { TensorText } from '../../src/codecs/tensor-text.ts';
import type { Answer } from '../../src/compute/engine/engine.ts';
import { planOf } from '../../src/requests/operations.ts';
import type { Plan } from '../../src/requests/plan.ts';

const limits = { bodyBytes: 1e9, neuronSteps: 1e10, referenceNeuronSteps: 1e10, resultValues: 2 ** 25, streamedValues: 2 ** 28 };
const json: AnswerForm = { encoding: 'json', dtype: 'float32' };

async function joined(chunks: readonly Chunk[]): Promise<Buffer> {
  const slices: Uint8Array[] = [];
  for await (const slice of bytesOf(chunks)) slices.push(slice);
  return Buffer.concat(slices);
}

/** Bytes that encoding writes at once, and the most that any slice after it has. */
async function bytesAtOnce(node: AnswerNode, form = json): Promise<{ first: number; longest: number }> {
  const { text, tensors } = encodeAnswer(node, form);
  const chunks = [...text, ...tensors];
  const first = chunks.reduce((sum, chunk) => sum + (typeof chunk === 'function' ? 0 : chunk.length), 0);
  let longest = 0;
  for (const chunk of chunks) if (typeof chunk === 'function') for await (const slice of chunk()) longest = Math.max(longest, slice.length);
  return { first, longest };
}

const values = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i));
const results = (count: number, node: () => AnswerNode): AnswerNode => ({
  results: Array.from({ length: count }, (_, i) => ({ surrogate: { name: 'sigmoid', alpha: i }, grad: node() })),
  meta: {},
});

/** The answer of a plan with a result. */
async function responseOf(plan: Plan, result: Answer['result']): Promise<ComputeResponse> {
  const backend = { name: 'wasm', device: 'cpu', dtype: 'float32' } as const;
  return respond(responseOutline(plan), { result, backend, fallback: undefined, queueMs: 0, computeMs: 0 });
}

describe('a long answer', () => {
  const emptyRows = new AnswerTensor(new Float32Array(0), [8192, ...new Array<number>(62).fill(1), 0]);
  const rows = new AnswerRows(
    Int32Array.from({ length: 200_000 }, (_, i) => i),
    Int32Array.from({ length: 200_001 }, (_, i) => i),
    'offsets',
    0.1,
  );
  const inAxes = (shape: readonly number[]) => {
    const offsets = Int32Array.from({ length: 1 + shape.reduce((size, length) => size * length) }, (_, i) => i);
    return new AnswerRows(offsets.subarray(1), offsets, 'offsets', 1, { shape });
  };
  it.each<[string, AnswerNode]>([
    ['of many short tensors', results(1024, () => new AnswerTensor(values, [1024]))],
    ['of rows without numbers', results(4, () => emptyRows)],
    ['of brackets', new AnswerTensor(values, [1024, ...new Array<number>(63).fill(1)])],
    ['of many names', results(4096, () => 'x'.repeat(200))],
    ['of rows of one number each', { spike_times: rows }],
    ['of rows in many axes', { spike_times: inAxes([1024, ...new Array<number>(62).fill(1)]) }],
    ['of no rows in many places', { spike_times: inAxes([8192, ...new Array<number>(61).fill(1), 0]) }],
    ['of no rows at all', { spike_times: new AnswerRows(new Int32Array(0), new Int32Array(300_000), 'offsets', 0.1) }],
  ])('%s is written in slices', async (_, node) => {
    const { first, longest } = await bytesAtOnce(node);
    expect(first).toBeLessThan(150_000);
    expect(longest).toBeLessThan(150_000);
  });

  it('of many short tensors as bytes or base64 is made when it is its turn', async () => {
    const node = results(1024, () => new AnswerTensor(values, [1024]));
    for (const encoding of ['framed', 'base64'] as const)
      expect((await bytesAtOnce(node, { encoding, dtype: 'float64' })).first).toBeLessThan(1e6);
  });

  it('is the same as a short one in parts', async () => {
    const node = (count: number) => results(count, () => new AnswerTensor(values.subarray(0, 64), [8, 8]));
    for (const encoding of ['json', 'base64', 'framed'] as const) {
      const [long, short] = await Promise.all(
        [1000, 1].map(async (count) => {
          const { text, tensors } = encodeAnswer(node(count), { encoding, dtype: 'float32' });
          return {
            answer: JSON.parse((await joined(text)).toString()) as { results: { surrogate: object; grad: unknown }[] },
            behind: await joined(tensors),
          };
        }),
      );
      expect(long!.answer.results.map(({ grad }) => grad)).toEqual(new Array(1000).fill(short!.answer.results[0]!.grad));
      expect(long!.answer.results.map(({ surrogate }) => surrogate)).toEqual(
        Array.from({ length: 1000 }, (_, alpha) => ({ name: 'sigmoid', alpha })),
      );
      expect(long!.behind.equals(Buffer.concat(new Array<Buffer>(1000).fill(short!.behind)))).toBe(true);
    }
  });

  it('has its empty rows in their places, in slices as at once', async () => {
    const row = '['.repeat(62) + '[]' + ']'.repeat(62);
    expect((await joined(encodeAnswer(emptyRows, json).text)).toString()).toBe(`[${new Array(8192).fill(row).join(',')}]`);
    expect((await joined(encodeAnswer(new AnswerTensor(values, [2, 0, 3]), json).text)).toString()).toBe('[[],[]]');
    expect((await joined(encodeAnswer(new AnswerTensor(values, [0, 2]), json).text)).toString()).toBe('[]');
  });

  it('has rows in the axes that they are in, in slices as at once', async () => {
    const [long, short] = await Promise.all(
      [30_000, 3].map(async (length) => {
        const { text } = encodeAnswer(inAxes([length, 2]), json);
        return JSON.parse((await joined(text)).toString()) as number[][][];
      }),
    );
    expect(short).toEqual([
      [[1], [2]],
      [[3], [4]],
      [[5], [6]],
    ]);
    expect(long).toEqual(Array.from({ length: 30_000 }, (_, i) => [[2 * i + 1], [2 * i + 2]]));
    expect((await joined(encodeAnswer(inAxes([2, 0]), json).text)).toString()).toBe('[[],[]]');
    expect((await joined(encodeAnswer(inAxes([0, 2]), json).text)).toString()).toBe('[]');
  });

  it.each([
    [3, 100_000],
    [100_000, 3],
    [300, 1000],
    [1, 70_000],
    [70_000, 1],
    [0, 5],
    [2, 3],
  ])('is transposed as it is written: %i rows of %i', async (rows, columns) => {
    const matrix = Float64Array.from({ length: rows * columns }, (_, i) => i);
    const { text, tensors } = encodeAnswer({ v: transposed(matrix, [columns, rows]) }, { encoding: 'framed', dtype: 'float64' });
    expect((await joined(text)).toString()).toContain(`"shape":[${columns},${rows}]`);
    const written = new Float64Array(Uint8Array.from(await joined(tensors)).buffer);
    const expected = Float64Array.from(matrix, (_, i) => (i % rows) * columns + Math.floor(i / rows));
    expect(Buffer.compare(Buffer.from(written.buffer), Buffer.from(expected.buffer))).toBe(0);
    if (rows === 0) return;
    matrix[matrix.length - 2] = Infinity;
    const [row, column] = [Math.floor((matrix.length - 2) / columns), (matrix.length - 2) % columns];
    await expect(requireFinite({ v: transposed(matrix, [columns, rows]) }, 'float64')).rejects.toThrow(
      new NotFiniteError('/v', [column, row], 'float64'),
    );
  });

  it('says where a number is not finite, however far behind', async () => {
    const long = new Float64Array(300_000);
    long[299_998] = 1e39;
    const node = { results: [{ grad: new AnswerTensor(long, [3, 100_000]) }] };
    await expect(requireFinite(node, 'float32')).rejects.toThrow(new NotFiniteError('/results/0/grad', [2, 99_998], 'float32'));
    await requireFinite(node, 'float64');
    for (const encoding of ['json', 'base64', 'framed'] as const) {
      const { text, tensors } = encodeAnswer(node, { encoding, dtype: 'float32' });
      await expect(joined([...text, ...tensors])).rejects.toThrow(RangeError);
    }
  });
});

describe('spike times', () => {
  const steps = Int32Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 2_000_003);
  const offsets = Int32Array.of(0, 0, 3, 4099, 4099, 40_000, 50_000);
  const times = async (count: number): Promise<AnswerNode> => {
    const plan = planOf('lif_simulate', { current: { linspace: [1, 1, 6] }, steps: 50_000, dt: 0.1, record: ['spike_times'] }, limits);
    const spike_steps = { steps: steps.subarray(0, count), offsets: offsets.map((offset) => Math.min(offset, count)) };
    return responseTree(await responseOf(plan, { spike_steps, series: {} }));
  };

  it.each([
    [50_000, 'float32'],
    [50_000, 'float64'],
    [40, 'float32'],
    [40, 'float64'],
  ] as const)('of %i spikes in %s are the steps times dt', async (count, dtype) => {
    const exact = Array.from(steps.subarray(0, count), (step) => (dtype === 'float32' ? Math.fround(step * 0.1) : step * 0.1));
    const { text } = encodeAnswer(await times(count), { encoding: 'json', dtype });
    const { spike_times: rows } = JSON.parse((await joined(text)).toString()) as { spike_times: number[][] };
    expect(rows.map((row) => row.length)).toEqual(
      Array.from(offsets.subarray(1), (offset, b) => Math.min(offset, count) - Math.min(offsets[b]!, count)),
    );
    expect(rows.flat().map((time) => (dtype === 'float32' ? Math.fround(time) : time))).toEqual(exact);
    const framed = encodeAnswer(await times(count), { encoding: 'framed', dtype });
    const behind = await joined(framed.tensors);
    const written = dtype === 'float32' ? Float32Array.from(exact) : Float64Array.from(exact);
    expect(behind.subarray(0, written.byteLength).equals(Buffer.from(written.buffer))).toBe(true);
    expect(behind.length).toBe(written.byteLength + offsets.byteLength);
  });
});

describe('the gradient of a current that all neurons share', () => {
  it.each([
    [3, 5],
    [40, 5000],
    [70_000, 3],
  ])('is the sum over %i neurons at each of %i steps', async (neurons, steps) => {
    const grad = Float32Array.from({ length: neurons * steps }, (_, i) => Math.sin(i));
    const sums = new Float64Array(steps);
    for (let i = 0; i < grad.length; i++) sums[i % steps]! += grad[i]!;
    const plan = planOf(
      'lif_grad',
      { current: { shape: [1, steps], data: new Array(steps).fill(1) }, neuron: { tau: { linspace: [5, 20, neurons] } }, wrt: ['current'] },
      limits,
    );
    const response = await responseOf(plan, [
      { loss: new Float32Array(neurons), spike_counts: new Int32Array(neurons), grad: { current: grad } },
    ]);
    const index = response.outline.tensors.findIndex(({ path }) => path.join() === 'grad,current');
    const current = response.results[0]![index] as AnswerTensor;
    expect(current.shape).toEqual([1, steps]);
    expect(Float32Array.from(current.values)).toEqual(Float32Array.from(sums));
  });
});

describe('a writer', () => {
  it('keeps no more memory than a slice takes, whatever it has written', () => {
    const writer = new JsonWriter();
    const idle = writer.capacity;
    writer.begin('float32');
    writer.string('x'.repeat(5_000_000));
    expect(writer.capacity).toBeGreaterThan(5_000_000);
    expect(writer.finish()).toHaveLength(5_000_002);
    expect(writer.capacity).toBe(idle);
    expect(idle).toBeLessThanOrEqual(256 * 1024);
    writer.begin('float32');
    new TensorText([1024]).write(writer, values);
    expect(JSON.parse(writer.finish().toString())).toHaveLength(1024);
  });

  it('stays as it is while slices are written', async () => {
    const writer = new JsonWriter();
    const idle = writer.capacity;
    const node = Float64Array.from({ length: 30_000 }, (_, i) => -Math.sin(i) * 1e-5);
    for (const slice of new TensorText([30_000, 1, 1]).slices(node, 'float64', writer)) expect(slice.length).toBeLessThan(200_000);
    expect(writer.capacity).toBe(idle);
    await Promise.resolve();
  });
});

describe('long work', () => {
  it('is resumed one chunk a tick, however many are waiting', async () => {
    let ticks = 0;
    let counting = true;
    const count = (): void => {
      ticks++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const resumedAt: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        await new Pacer().pause();
        resumedAt.push(ticks);
      }),
    );
    counting = false;
    expect(new Set(resumedAt).size).toBe(20);
  });
});
