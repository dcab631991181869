import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GradAnswer } from './answers.ts';
import { Service } from './service.ts';

/** Numbers of which JSON takes more than 2 MiB, from where on two threads read it. */
const count = 400_000;
const x = Array.from({ length: count }, (_, i) => Math.round(1e6 * Math.sin(i)) / 1e6);

let service: Service;
beforeAll(async () => { service = await Service.start({ COMPUTE_THREADS: '2' }); });
afterAll(() => service.stop());

const surrogate = { name: 'sigmoid' };
const base64 = (values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

/** The gradients of numbers in JSON of any form. */
async function gradientsOf(body: string): Promise<number[]> {
  const answer = await service.post<GradAnswer<number[][]>>('/surrogate/grad', body);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return answer.body.results[0]!.grad.flat();
}

describe('a body of JSON that two threads read', () => {
  it('is read as the same numbers in bytes are', async () => {
    const expected = await gradientsOf(JSON.stringify({ x: { dtype: 'float32', shape: [count], base64: base64(x) }, surrogate }));
    const rows = Array.from({ length: 1000 }, (_, i) => x.slice(i * (count / 1000), (i + 1) * (count / 1000)));
    for (const text of [JSON.stringify({ x, surrogate }), JSON.stringify({ surrogate, x: rows }), JSON.stringify({ x, surrogate }, null, 1)]) {
      for (const [i, one] of (await Promise.all([gradientsOf(text), gradientsOf(text), gradientsOf(text)])).entries()) {
        expect(one.length, `${i}`).toBe(count);
        expect(one.every((value, j) => value === expected[j])).toBe(true);
      }
    }
  });

  it('is refused for what is wrong behind its middle, with where that is', async () => {
    const wrong: [string, RegExp][] = [
      [JSON.stringify({ x: [...x, 'a'], surrogate }), new RegExp(String(count))],
      [JSON.stringify({ x: [x, x.slice(1)], surrogate }), /x/],
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
});
