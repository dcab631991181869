import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArenaPool } from '../../src/compute/engine/arena-pool.ts';
import { MemoryBudget } from '../../src/compute/engine/memory-budget.ts';
import { OverloadError } from '../../src/compute/engine/errors.ts';
import { answered, RequestScope } from '../../src/compute/engine/request-scope.ts';
import { threadLosses } from '../../src/compute/engine/thread-pool.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { Plans } from '../../src/requests/plan.ts';
import { RequestReader } from '../../src/requests/request-reader.ts';
import { WorkerThreads } from '../../support/worker-threads.ts';

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

/** A body of JSON that lies in an arena. */
function bodyOf(text: string, store = new ArenaPool()) {
  const scope = new RequestScope(store);
  const { arena } = scope.memory;
  const length = Buffer.byteLength(text);
  scope.memory.reserve(length);
  const bytes = arena.bytes(arena.allocate(length), length);
  arena.setBytes(bytes.byteOffset, Buffer.from(text));
  return { scope, arena, body: { form: 'json', bytes, jsonBytes: length, query: {} } as const };
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

  it('ends when its signal is aborted, and writes nothing afterwards', async () => {
    // Reading takes longer than the longest delay on any machine.
    const text = withX(repeated('0.123456789', 5_000_000));
    const gone = new Error('gone');
    for (const delayMs of [0, 1, 5, 20, 40]) {
      const { body, scope, arena } = bodyOf(text);
      const reading = one.read('surrogate_grad', body, scope);
      setTimeout(() => {
        scope.end(gone);
      }, delayMs);
      await expect(reading).rejects.toBe(gone);
      const behind = new Uint8Array(arena.memory.buffer, body.bytes.byteOffset + body.bytes.length).fill(0xaa);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(behind.every((byte) => byte === 0xaa)).toBe(true);
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
