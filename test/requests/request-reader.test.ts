import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArenaPool } from '../../src/compute/engine/arena-pool.ts';
import { MemoryBudget, MemoryLimitError } from '../../src/compute/engine/memory-budget.ts';
import { OverloadError } from '../../src/compute/engine/errors.ts';
import { answered, RequestScope } from '../../src/compute/engine/request-scope.ts';
import { threadLosses } from '../../src/compute/engine/thread-pool.ts';
import { materialize } from '../../src/compute/numbers.ts';
import { jobBytes } from '../../src/compute/job-size.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { Plans } from '../../src/requests/plan.ts';
import { RequestReader } from '../../src/requests/bodies/request-reader.ts';
import { WorkerThreads } from '../../support/worker-threads.ts';
import { oneIn } from '../thorough.ts';

const { limits } = loadConfig({});
let threads: WorkerThreads;
let reader: RequestReader | undefined;
beforeEach(() => {
  threads = new WorkerThreads();
});
afterEach(async () => {
  await reader?.close();
  reader = undefined;
  threads.close();
});

function readerWith(heapMb?: number): RequestReader {
  reader = new RequestReader(limits, { threads: 1, heapMb });
  return reader;
}

/** A body of JSON, perhaps followed by bytes, that lies in an arena. */
function bodyOf(text: string, store = new ArenaPool(), behind = new Uint8Array(0)) {
  const scope = new RequestScope(store);
  const { arena } = scope.memory;
  const jsonBytes = Buffer.byteLength(text);
  const length = jsonBytes + behind.length;
  scope.memory.reserve(length);
  const bytes = arena.bytes(arena.allocate(length), length);
  arena.setBytes(bytes.byteOffset, Buffer.from(text));
  arena.setBytes(bytes.byteOffset + jsonBytes, behind);
  const form = behind.length > 0 ? 'framed' : 'json';
  return { scope, arena, body: { form, bytes, jsonBytes, query: {} } as const };
}

const withX = (x: string) => `{"surrogate":"sigmoid","x":${x}}`;
const repeated = (unit: string, count: number) => `[${`${unit},`.repeat(count).slice(0, -1)}]`;

async function read(text: string, from: RequestReader): Promise<Plans['surrogate_grad']> {
  const { body, scope } = bodyOf(text);
  return await from.read('surrogate_grad', body, scope);
}

it('has a thread once it is warm, before any body asks for one, and none when it is closed', async () => {
  const warm = readerWith();
  expect(threads.running).toHaveLength(0);
  warm.warm();
  warm.warm();
  await expect.poll(() => threads.running.length).toBe(1);
  await warm.close();
  await expect.poll(() => threads.running.length).toBe(0);
});

it('widens nothing of a small body, whose job counts the numbers that it makes of it', async () => {
  const store = new ArenaPool(new MemoryBudget());
  const behind = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 2);
  const x = { dtype: 'uint8', shape: [1_000_000], binary_data_size: 1_000_000 };
  const { body, scope } = bodyOf(JSON.stringify({ surrogate: 'sigmoid', x }), store, behind);
  const before = store.budget.usedBytes;
  const { job } = await readerWith().read('surrogate_grad', body, scope);
  expect(threads.running).toHaveLength(0);
  expect(job.x).toMatchObject({ generate: 'widened', length: 1_000_000 });
  expect(store.budget.usedBytes).toBe(before);
  expect(jobBytes(job)).toBe(4 * 2 * 1_000_000);
  expect(materialize(job.x)).toEqual(Float32Array.from(behind));
});

it('is closed without having had one', async () => {
  await readerWith().close();
  expect(threads.running).toHaveLength(0);
});

describe('reading in a thread', () => {
  const one = new RequestReader(limits, { threads: 1 });
  afterAll(() => one.close());

  it.each([
    ['[0]', [300_000, 1]],
    ['[1,2]', [300_000, 2]],
    ['[[0.5],[1]]', [300_000, 2, 1]],
    ['-0.25', [300_000]],
  ])('takes any number of rows: %s', async (row, shape) => {
    expect((await read(withX(repeated(row, 300_000)), one)).shape).toEqual(shape);
  });

  it.each(['[]', '[[]]', '{}', '""', '[0],[1,2]', 'null', '[1e39]'])('refuses many of %s, and the next body is read', async (unit) => {
    await expect(read(withX(repeated(unit, 2_000_000)), one)).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await read(withX(repeated('0', 20_000)), one)).shape).toEqual([20_000]);
  });

  it('reserves what the numbers take, however few bytes each has', async () => {
    const store = new ArenaPool(new MemoryBudget());
    const { body, scope } = bodyOf(withX(repeated('0', 500_000)), store);
    const { job } = await one.read('surrogate_grad', body, scope);
    expect(job.x).toHaveLength(500_000);
    expect(store.budget.usedBytes).toBeGreaterThan(12 * 500_000);
    scope.end(answered);
    expect(store.budget.usedBytes).toBe(0);
  });

  it('takes no memory for numbers when others hold it', async () => {
    const store = new ArenaPool(new MemoryBudget(9_000_000));
    store.budget.reserve(5_000_000, 0);
    const { body, scope, arena } = bodyOf(withX(repeated('0', 500_000)), store);
    await expect(one.read('surrogate_grad', body, scope)).rejects.toBeInstanceOf(OverloadError);
    expect(arena.memory.buffer.byteLength).toBeLessThan(4_000_000);
  });

  const count = 5_000_000;
  const spikes = Uint8Array.from({ length: count }, (_, i) => Number(i % 3 === 0));
  const framedSpikes = (dtype?: string) =>
    JSON.stringify({ surrogate: 'sigmoid', x: { dtype: 'uint8', shape: [count], binary_data_size: count }, dtype });

  it.each(['float32', 'float64'] as const)('widens to %s what kernels then read where it is, and reserves its memory', async (dtype) => {
    const store = new ArenaPool(new MemoryBudget());
    const { body, scope, arena } = bodyOf(framedSpikes(dtype), store, spikes);
    const before = store.budget.usedBytes;
    const { job } = await one.read('surrogate_grad', body, scope);
    const Expected = dtype === 'float32' ? Float32Array : Float64Array;
    expect(job.x).toBeInstanceOf(Expected);
    expect(arena.holds(job.x as Float32Array)).toBe(true);
    expect(Buffer.from(job.x as Float32Array).equals(Buffer.from(Expected.from(spikes)))).toBe(true);
    expect(store.budget.usedBytes - before).toBeGreaterThan(Expected.BYTES_PER_ELEMENT * count);
    expect(store.budget.usedBytes).toBeGreaterThan(arena.mark());
    scope.end(answered);
    expect(store.budget.usedBytes).toBe(0);
  });

  it('widens nothing when others hold the memory', async () => {
    const store = new ArenaPool(new MemoryBudget(25_000_000));
    const { body, scope, arena } = bodyOf(framedSpikes(), store, spikes);
    await expect(one.read('surrogate_grad', body, scope)).rejects.toBeInstanceOf(MemoryLimitError);
    expect(arena.memory.buffer.byteLength).toBeLessThan(10_000_000);
  });

  it('widens base64 beside numbers of JSON, which are counted as well', async () => {
    const store = new ArenaPool(new MemoryBudget());
    const base64 = Buffer.from(spikes.subarray(0, 600_000)).toString('base64');
    const numbers = repeated('0', 600_000);
    const text = `{"surrogate":"sigmoid","x":{"dtype":"bool","shape":[600000],"base64":"${base64}"},"cotangent":${numbers}}`;
    const { body, scope, arena } = bodyOf(text, store);
    const { job } = await one.read('surrogate_grad', body, scope);
    expect(Array.from((job.x as Float32Array).subarray(0, 4))).toEqual([1, 0, 0, 1]);
    expect(arena.holds(job.x as Float32Array) && arena.holds(job.cotangent as Float64Array)).toBe(true);
    // The body, and each number as float32, those of JSON as float64 too.
    expect(store.budget.usedBytes).toBeGreaterThan(text.length + 600_000 * (4 + 12));
  });

  it('ends when its signal is aborted, and writes nothing afterwards', async () => {
    // Reading takes longer than the longest delay on any machine.
    const text = withX(repeated('0.123456789', 5_000_000));
    const gone = new Error('gone');
    for (const delayMs of oneIn(2, [0, 1, 5, 20, 40])) {
      const { body, scope, arena } = bodyOf(text);
      const reading = one.read('surrogate_grad', body, scope);
      setTimeout(() => {
        scope.end(gone);
      }, delayMs);
      await expect(reading).rejects.toBe(gone);
      const behind = Buffer.from(arena.memory.buffer, body.bytes.byteOffset + body.bytes.length).fill(0xaa);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(behind.equals(Buffer.alloc(behind.length, 0xaa))).toBe(true);
    }
    expect((await read(withX(repeated('0', 20_000)), one)).shape).toEqual([20_000]);
  });

  it('refuses what its heap does not hold, without trying it again, and reads on', async () => {
    const small = readerWith(20);
    await read(withX(repeated('0', 20_000)), small);
    const lossesBefore = threadLosses.count;
    const started: unknown[] = [];
    const count = (worker: unknown) => {
      started.push(worker);
    };
    process.on('worker', count);
    await expect(read(withX(repeated('[[[[null]]]]', 99_000)), small)).rejects.toMatchObject({ code: 'body_too_large' });
    expect((await read(withX(repeated('0', 20_000)), small)).shape).toEqual([20_000]);
    process.off('worker', count);
    // Only the one that takes its place.
    expect(started).toHaveLength(1);
    expect(threadLosses.count).toBe(lossesBefore);
  });
});
