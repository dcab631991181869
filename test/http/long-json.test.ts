import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GradAnswer } from './answers.ts';
import { WorkerThreads } from '../../support/worker-threads.ts';
import { isThorough } from '../thorough.ts';
import { Service } from './service.ts';

/** Numbers of which JSON takes some megabytes, which a thread reads. */
const count = 400_000;
const x = Array.from({ length: count }, (_, i) => Math.round(1e6 * Math.sin(i)) / 1e6);

let service: Service;
let threads: WorkerThreads;
beforeAll(async () => {
  threads = new WorkerThreads();
  service = await Service.start({ COMPUTE_THREADS: '2' });
});
afterAll(async () => {
  await service.stop();
  threads.close();
});

const surrogate = { name: 'sigmoid' };
const base64 = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

/** The gradients of numbers in JSON of any form. */
async function gradientsOf(body: string): Promise<number[]> {
  const answer = await service.post<GradAnswer<number[][]>>('/surrogate/grad', body);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return answer.body.results[0]!.grad.flat();
}

describe('a body of JSON that a thread reads', () => {
  it('is read as the same numbers in bytes are', async () => {
    const expected = await gradientsOf(JSON.stringify({ x: { dtype: 'float32', shape: [count], base64: base64(x) }, surrogate }));
    const rows = Array.from({ length: 1000 }, (_, i) => x.slice(i * (count / 1000), (i + 1) * (count / 1000)));
    for (const text of [
      JSON.stringify({ x, surrogate }),
      JSON.stringify({ surrogate, x: rows }),
      JSON.stringify({ x, surrogate }, null, 1),
    ]) {
      for (const [i, one] of (await Promise.all([gradientsOf(text), gradientsOf(text), gradientsOf(text)])).entries()) {
        expect(one.length, `${i}`).toBe(count);
        expect(one.every((value, j) => value === expected[j])).toBe(true);
      }
    }
  });

  it('is refused for what is wrong in it, with where that is', async () => {
    const wrong: [string, RegExp][] = [
      [JSON.stringify({ x: [...x, 'a'], surrogate }), new RegExp(String(count))],
      [JSON.stringify({ x: [x, x.slice(1)], surrogate }), /\/x\/1: ragged: has length 399999, but \/x\/0 has length 400000/],
      [JSON.stringify({ x: [...x, ...x, null], surrogate }), /\/x\/800000: .*null/],
      [`{"x": [${[...x, ...x].join()}, NaN]}`, /NaN.*Python/],
      [JSON.stringify({ x, surrogate }).slice(0, -30), /JSON/],
      [JSON.stringify({ x, surrogate: { name: 'sigmoyd' } }), /sigmoid/],
    ];
    for (const [text, says] of wrong) {
      const { status, body } = await service.post('/surrogate/grad', text);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(JSON.stringify(body)).toMatch(says);
    }
    expect(await gradientsOf(JSON.stringify({ x: [0.25], surrogate }))).toHaveLength(1);
  });

  it('is read though the thread ends', { timeout: 60_000 }, async () => {
    const text = JSON.stringify({ x, surrogate });
    const expected = await gradientsOf(text);
    for (let i = 0; i < (isThorough ? 12 : 4); i++) {
      const from = performance.now();
      const answer = service.post<GradAnswer<number[]>>('/surrogate/grad', text);
      await sleep(2 + 2 * i);
      void threads.running[i % Math.max(1, threads.running.length)]?.terminate();
      const { status, body } = await answer;
      // It would take a minute if it waited for the deadline.
      expect(performance.now() - from).toBeLessThan(20_000);
      expect(status).toBe(200);
      expect(body.results[0]!.grad.every((value, j) => value === expected[j])).toBe(true);
    }
  });
});
