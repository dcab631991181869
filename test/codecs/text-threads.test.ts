import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeAnswer } from '../../src/codecs/answer-json.ts';
import { AnswerTensor, type TensorValues } from '../../src/codecs/answer.ts';
import { numberCodec } from '../../src/codecs/json-numbers/compiled.ts';
import { bytesOf } from '../../src/codecs/pieces.ts';
import { TextThreads, type TextMemory } from '../../src/codecs/text-threads.ts';
import { Arena } from '../../src/compute/engine/arena.ts';
import type { Dtype } from '../../src/compute/jobs.ts';

const threads = new TextThreads(numberCodec, 2);
const arena = new Arena();
const memory = { arena, tryReserve: () => true };
const count = 300_000;

beforeEach(() => {
  arena.reset();
});
afterAll(() => threads.close());

/** Of every size that float32 has. */
function fillAnyhow(values: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.fround((((i * 0.618) % 2) - 1) * 10 ** (((i * 7) % 60) - 30));
}

async function textOf(values: TensorValues, shape: number[], dtype: Dtype, by?: TextThreads, within: TextMemory = memory): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(
    encodeAnswer(new AnswerTensor(values, shape), { encoding: 'json', dtype, within: { memory: within }, threads: by }).text,
  ))
    chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

describe('a long tensor that threads print', () => {
  it.each([[[count]], [[count / 2, 2]], [[3, count / 3]], [[25, 1, count / 100, 4]]])(
    'is the same text as without, of shape %j',
    async (shape) => {
      const values = arena.floats(arena.allocate(4 * count), count);
      fillAnyhow(values);
      const text = await textOf(values, shape, 'float32', threads);
      expect(text === (await textOf(values.slice(), shape, 'float32'))).toBe(true);
      expect((JSON.parse(text) as unknown[]).flat(shape.length)).toHaveLength(count);
    },
  );

  it('may be of float64, and of whole numbers', async () => {
    const doubles = arena.doubles(arena.allocate(8 * count), count);
    fillAnyhow(doubles);
    expect((await textOf(doubles, [count], 'float64', threads)) === (await textOf(doubles.slice(), [count], 'float64'))).toBe(true);
    const counts = arena.integers(arena.allocate(4 * count), count);
    for (let i = 0; i < count; i++) counts[i] = i % 1001;
    expect((await textOf(counts, [count], 'float32', threads)) === (await textOf(counts.slice(), [count], 'float32'))).toBe(true);
  });

  it('has none of the longest numbers cut off', async () => {
    const values = arena.floats(arena.allocate(4 * count), count);
    values.fill(-1.2345679e20);
    expect(await textOf(values, [count, 1], 'float32', threads)).toBe(`[${new Array(count).fill('[-123456790000000000000]').join(',')}]`);
  });

  it('is refused where a number is not finite', async () => {
    const values = arena.floats(arena.allocate(4 * count), count);
    values.fill(1);
    values[count - 1] = Infinity;
    await expect(textOf(values, [count], 'float32', threads)).rejects.toThrow(RangeError);
  });

  it('is printed without them where there is no memory for its text', async () => {
    const values = arena.floats(arena.allocate(4 * count), count);
    fillAnyhow(values);
    const asked: number[] = [];
    const top = arena.mark();
    const poor = {
      arena,
      tryReserve: (bytes: number) => {
        asked.push(bytes);
        return false;
      },
    };
    const text = await textOf(values, [count], 'float32', threads, poor);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toBeGreaterThan(11 * count);
    expect(arena.mark()).toBe(top);
    expect(text === (await textOf(values.slice(), [count], 'float32'))).toBe(true);
  });

  it('takes no more memory than it has asked for', async () => {
    const values = arena.doubles(arena.allocate(8 * count), count);
    fillAnyhow(values);
    let reserved = arena.mark();
    const exact = {
      arena,
      tryReserve: (bytes: number) => {
        reserved += bytes;
        return true;
      },
    };
    await textOf(values, [count, 1], 'float64', threads, exact);
    expect(arena.mark()).toBeLessThanOrEqual(reserved);
  });

  it('is printed without them where they fail', async () => {
    const closed = new TextThreads(numberCodec, 2);
    await closed.close();
    const values = arena.floats(arena.allocate(4 * count), count);
    fillAnyhow(values);
    expect((await textOf(values, [count], 'float32', closed)) === (await textOf(values.slice(), [count], 'float32'))).toBe(true);
  });

  it('ends with the signal, and leaves the memory alone from then on', async () => {
    const many = 4_000_000;
    const values = arena.doubles(arena.allocate(8 * many), many);
    for (let i = 0; i < many; i++) values[i] = Math.sin(i);
    const controller = new AbortController();
    const printing = threads.print(values, [many], 'float64', memory, { signal: controller.signal })!;
    const first = printing.next();
    setTimeout(() => {
      controller.abort(new Error('given up'));
    }, 30);
    await expect(first).rejects.toThrow('given up');
    const texts = arena.bytes(arena.mark() - 64 * 2 ** 20, 64 * 2 ** 20);
    texts.fill(7);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(texts.every((byte) => byte === 7)).toBe(true);
  });

  it('is given up at once, and leaves the memory alone from then on', async () => {
    const values = arena.floats(arena.allocate(4 * count), count);
    fillAnyhow(values);
    const printing = threads.print(values, [count], 'float32', memory)!;
    await printing.next();
    await printing.return(undefined);
    const texts = arena.bytes(arena.mark() - 1024, 1024);
    const before = Buffer.from(texts);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(Buffer.from(texts)).toEqual(before);
  });
});
