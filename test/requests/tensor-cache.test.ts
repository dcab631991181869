import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { TensorCache } from '../../src/requests/tensor-cache.ts';

const tensorOf = (...values: number[]) => ({
  dtype: 'float32' as const,
  shape: [values.length],
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const digestOf = ({ bytes }: { readonly bytes: Uint8Array }) => createHash('sha256').update(bytes).digest('hex');

it('finds what is kept, the same tensor once, and tensors of the same bytes all', async () => {
  const cache = new TensorCache(1e6);
  const one = tensorOf(1, 2);
  const bytes = tensorOf(1, 2).bytes;
  for (const tensor of [one, tensorOf(3), { ...one, bytes }, { ...one, dtype: 'int32' as const }, { ...one, shape: [1, 2] }])
    cache.keep(tensor);
  const found = await cache.find([digestOf(one), digestOf(tensorOf(4))]);
  expect([...found.keys()]).toEqual([digestOf(one)]);
  expect(found.get(digestOf(one))?.map(({ dtype, shape }) => `${dtype} ${shape.join()}`)).toEqual(['float32 2', 'int32 2', 'float32 1,2']);
});

it('drops those that were used longest ago, and takes none that is larger than all it may hold', async () => {
  // Two of four bytes, with what each takes beside.
  const cache = new TensorCache(2 * (4 + 512));
  const [a, b, c] = [tensorOf(1), tensorOf(2), tensorOf(3)];
  cache.keep(a);
  cache.keep(b);
  await cache.find([digestOf(a)]);
  cache.keep(c);
  const digests = [a, b, c].map(digestOf);
  expect([...(await cache.find(digests)).keys()]).toEqual([digests[0], digests[2]]);
  cache.keep(tensorOf(...new Array<number>(1000).fill(1)));
  expect((await cache.find(digests)).size).toBe(2);
});

it('finds the same for all who ask at the same time, while others are kept and dropped', async () => {
  const cache = new TensorCache(20 * (4 + 512));
  const tensors = Array.from({ length: 20 }, (_, i) => tensorOf(i));
  for (const tensor of tensors) cache.keep(tensor);
  const digests = tensors.map(digestOf);
  const both = [cache.find(digests), cache.find(digests)];
  for (let i = 0; i < 10; i++) cache.keep(tensorOf(100 + i));
  const [first, second] = await Promise.all(both);
  expect([first!.size, second!.size]).toEqual([10, 10]);
});
