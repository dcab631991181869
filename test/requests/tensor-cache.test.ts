import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { TensorCache } from '../../src/requests/networks/tensor-cache.ts';

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
    await cache.keep(tensor);
  const found = await cache.find([digestOf(one), digestOf(tensorOf(4))]);
  expect([...found.keys()]).toEqual([digestOf(one)]);
  expect(found.get(digestOf(one))?.map(({ dtype, shape }) => `${dtype} ${shape.join()}`)).toEqual(['float32 2', 'int32 2', 'float32 1,2']);
});

it('drops those that were used longest ago, and takes none that is larger than all it may hold', async () => {
  // Two of four bytes, with what each takes beside.
  const cache = new TensorCache(2 * (4 + 512));
  const [a, b, c] = [tensorOf(1), tensorOf(2), tensorOf(3)];
  await cache.keep(a);
  await cache.keep(b);
  await cache.find([digestOf(a)]);
  await cache.keep(c);
  const digests = [a, b, c].map(digestOf);
  expect([...(await cache.find(digests)).keys()]).toEqual([digests[0], digests[2]]);
  await cache.keep(tensorOf(...new Array<number>(1000).fill(1)));
  expect((await cache.find(digests)).size).toBe(2);
});

it('finds the same for all who ask at the same time, while others are kept and dropped', async () => {
  const cache = new TensorCache(20 * (4 + 512));
  const tensors = Array.from({ length: 20 }, (_, i) => tensorOf(i));
  await Promise.all(tensors.map((tensor) => cache.keep(tensor)));
  const digests = tensors.map(digestOf);
  const both = [cache.find(digests), cache.find(digests)];
  const kept = Array.from({ length: 10 }, (_, i) => cache.keep(tensorOf(100 + i)));
  const [first, second] = await Promise.all(both);
  await Promise.all(kept);
  expect([first!.size, second!.size]).toEqual([20, 20]);
  expect((await cache.find(digests)).size).toBe(10);
});

it('keeps a tensor that is sent again once, so that it drops no other', async () => {
  const large = { ...tensorOf(), shape: [2 ** 18], bytes: new Uint8Array(2 ** 20) };
  const small = { ...tensorOf(), shape: [2 ** 17], bytes: new Uint8Array(2 ** 19).fill(1) };
  // Equal but for one byte in the middle: of the same type, shape and ends.
  const other = { ...small, bytes: Uint8Array.from(small.bytes) };
  other.bytes[2 ** 18 + 1] = 2;
  const cache = new TensorCache(2 ** 20 + 2 * 2 ** 19 + 3 * 512);
  await cache.keep(large);
  for (const tensor of [small, other])
    await Promise.all(Array.from({ length: 16 }, () => cache.keep({ ...tensor, bytes: Uint8Array.from(tensor.bytes) })));
  const digests = [large, small, other].map(digestOf);
  const found = await cache.find(digests);
  expect(digests.map((digest) => found.get(digest)?.length)).toEqual([1, 1, 1]);
  // Sent again it counts as used: what comes next drops the large one, the first of the others.
  for (const tensor of [large, small, other, small]) await cache.keep(tensor);
  await cache.keep(tensorOf(5));
  expect([...(await cache.find([...digests, digestOf(tensorOf(5))])).keys()]).toEqual([digests[1], digests[2], digestOf(tensorOf(5))]);
});

it('keeps tensors after a failure', async () => {
  const cache = new TensorCache(1e6);
  const tensor = tensorOf(1, 2);
  const failing = {
    ...tensor,
    get bytes(): Uint8Array {
      throw new Error('out of memory');
    },
  };
  await expect(cache.keep(failing)).rejects.toThrow('out of memory');
  await cache.keep(tensor);
  expect((await cache.find([digestOf(tensor)])).size).toBe(1);
});
