import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { announce, frame } from './framing.ts';
import { errorsOf, type JsonReply, type Service } from './service.ts';
import { startService } from './services.ts';

const digestOf = (numbers: Float32Array | Float64Array | Uint8Array | Uint16Array) =>
  createHash('sha256')
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest('hex');
const input = [
  [
    [1, 0, 1, 1],
    [0, 1, 1, 0],
  ],
];
const weight = [
  [1.1, 2.3],
  [0.7, -0.4],
  [1.9, 0.6],
];
const flat = weight.flat();
const network = (layer: object, more: object = {}) => ({ input, dt: 1, layers: [layer], ...more });
const named = (sha256: string, more: object = {}) => ({ sha256, ...more });

interface Answer {
  grad: Record<string, unknown>;
  meta: { dtype: string };
}

const post = async (service: Service, request: object) => service.post<Answer & ProblemDocument>('/network/grad', request);

/** The answer to a request, and to one that names a weight; the weight is kept once the first has been answered. */
async function twice(service: Service, sent: object, byName: object): Promise<void> {
  const first = await post(service, sent);
  expect(first.status, JSON.stringify(first.body)).toBe(200);
  await expectSame(service, byName, first);
}

async function expectSame(service: Service, byName: object, { body }: JsonReply<Answer>): Promise<void> {
  const again = await post(service, byName);
  expect(again.status, JSON.stringify(again.body)).toBe(200);
  expect({ ...again.body, meta: again.body.meta.dtype }).toEqual({ ...body, meta: body.meta.dtype });
}

it('weights, biases and recurrent weights may be named once they were sent, by the bytes of float32', async () => {
  const service = await startService();
  const [bias, recurrent] = [
    [0.1, 0.2, 0.3],
    [
      [0, 1, 0],
      [0.5, 0, 0],
      [0, 0, 0.25],
    ],
  ];
  await twice(
    service,
    network({ weight, bias, recurrent }),
    network({
      weight: named(digestOf(Float32Array.from(flat))),
      bias: named(digestOf(Float32Array.from(bias)).toUpperCase()),
      recurrent: named(digestOf(Float32Array.from(recurrent.flat()))),
    }),
  );
  const simulated = await service.post('/network/simulate', network({ weight: named(digestOf(Float32Array.from(flat))) }));
  expect(simulated.status).toBe(200);
});

it('the bytes are those of the type in which a tensor was sent, which a name stands for', async () => {
  const service = await startService();
  const doubles = Float64Array.from(flat);
  await twice(service, network({ weight }, { dtype: 'float64' }), network({ weight: named(digestOf(doubles)) }));
  // float16, by bits.
  const halves = Uint16Array.of(0x3c00, 0x4000, 0x3800, 0xb800, 0x3e00, 0x3400);
  const base64 = Buffer.from(halves.buffer).toString('base64');
  await twice(service, network({ weight: { dtype: 'float16', shape: [3, 2], base64 } }), network({ weight: named(digestOf(halves)) }));
  const singles = Float32Array.from(flat, (value) => value + 1);
  const framed = await service.send('/network/grad', frame(network({ weight: announce(singles, [3, 2]) }), singles));
  const first = { status: 200, headers: framed.headers, body: (await framed.json()) as Answer };
  await expectSame(service, network({ weight: named(digestOf(singles)) }), first);
});

it('numbers in JSON are kept in the type that their request was computed in', async () => {
  const service = await startService();
  const doubles = { dtype: 'float64', shape: [1, 2, 4], base64: Buffer.from(Float64Array.from(input.flat(2)).buffer).toString('base64') };
  const inFloat64 = (layer: object) => ({ ...network(layer), input: doubles, loss: { type: 'cotangent', v: 1 } });
  await twice(service, inFloat64({ weight }), inFloat64({ weight: named(digestOf(Float64Array.from(flat))) }));
  expect((await post(service, inFloat64({ weight: named(digestOf(Float32Array.from(flat))) }))).status).toBe(409);
});

it('one that is not kept is a 409 that names all of them', async () => {
  const service = await startService();
  const unknown = digestOf(Float32Array.of(1));
  const { status, body } = await post(service, { ...network({ weight }), layers: [{ weight: named(unknown), bias: named(unknown) }] });
  expect(status).toBe(409);
  expect(body).toMatchObject({ code: 'tensor_unknown', errors: [{ path: '/layers/0/weight' }, { path: '/layers/0/bias' }] });
  expect(body.detail).toBe(`/layers/0/weight: no tensor with the SHA-256 ${unknown} is kept here; send the tensor itself`);
  // A refused request keeps nothing.
  expect((await post(service, network({ weight, bias: [1] }))).status).toBe(400);
  expect((await post(service, network({ weight: named(digestOf(Float32Array.from(flat))) }))).status).toBe(409);
  const inference = await service.post<{ error: string }>('/v2/models/network_grad/infer', {
    inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2, 4], data: input.flat(2) }],
    parameters: { 'layers/0/weight': JSON.stringify(named(unknown)) },
  });
  expect(inference).toMatchObject({ status: 409, body: { error: expect.stringContaining(unknown) as string } });
  expect(errorsOf(await service.refused('/network/grad', network({ weight: named('abc') })))).toContain(
    '/layers/0/weight/sha256: must be the SHA-256',
  );
  expect(errorsOf(await service.refused('/network/grad', network({ weight: named(unknown, { sha: 1 }) })))).toContain(
    '/layers/0/weight/sha: unknown field "sha"',
  );
  const shaped = async (shape: unknown) => errorsOf(await service.refused('/network/grad', network({ weight: named(unknown, { shape }) })));
  expect(await shaped([[3, 2]])).toContain('/layers/0/weight/shape/0: must be a whole number of at least 0, got an array');
  expect(await shaped(['3', '2'])).toContain('/layers/0/weight/shape/0: must be a whole number of at least 0, got "3"');
  expect(await shaped('3,2')).toContain('/layers/0/weight/shape: must be an array of whole numbers, got "3,2"');
});

it('the same bytes of another type or shape are never taken for a tensor', async () => {
  const service = await startService();
  const zeros = new Float32Array(4);
  const shaped = (shape: number[], dtype = 'float32') => ({ dtype, shape, base64: Buffer.from(zeros.buffer).toString('base64') });
  const digest = digestOf(zeros);
  const two = {
    ...network({}),
    layers: [
      { weight: shaped([2, 2]), bias: [0, 0], recurrent: shaped([2, 2]) },
      {
        weight: [
          [1, 2],
          [3, 4],
          [1, 1],
          [2, 2],
        ],
        bias: shaped([4]),
      },
    ],
  };
  expect((await post(service, two)).status).toBe(200);
  // A bias has one axis, a weight two.
  expect(
    (
      await post(service, {
        ...two,
        layers: [
          { weight: named(digest) },
          {
            weight: [
              [1, 2],
              [3, 4],
              [1, 1],
              [2, 2],
            ],
            bias: named(digest),
          },
        ],
      })
    ).status,
  ).toBe(200);
  expect((await post(service, network({ weight: shaped([2, 2], 'int32') }))).status).toBe(200);
  const ambiguous = await post(service, network({ weight: named(digest) }));
  expect(ambiguous.status).toBe(409);
  expect(ambiguous.body.detail).toContain(`several tensors have the SHA-256 ${digest}: "float32" of shape [2, 2], "int32" of shape [2, 2]`);
  expect((await post(service, network({ weight: named(digest, { dtype: 'float32' }) }))).status).toBe(200);
  expect((await post(service, network({ weight: named(digest, { shape: [4, 1] }) }))).status).toBe(409);
});

it('those used last are kept, and none where there is no room', async () => {
  const service = await startService({ MAX_CACHED_TENSOR_BYTES: String(2 * (24 + 512)) });
  const other = (add: number) => weight.map((row) => row.map((value) => value + add));
  const byName = async (add: number) =>
    (await post(service, network({ weight: named(digestOf(Float32Array.from(other(add).flat()))) }))).status;
  for (const add of [0, 1]) await post(service, network({ weight: other(add) }));
  expect(await byName(0)).toBe(200);
  await post(service, network({ weight: other(2) }));
  expect([await byName(0), await byName(1), await byName(2)]).toEqual([200, 409, 200]);
  const none = await startService({ MAX_CACHED_TENSOR_BYTES: '0' });
  await post(none, network({ weight }));
  expect((await post(none, network({ weight: named(digestOf(Float32Array.from(flat))) }))).status).toBe(409);
});

it('are found for a body that a thread reads, in JSON and in bytes', async () => {
  const service = await startService();
  // JSON of more than 256 kB is read in a thread.
  const steps = 70_000;
  const long = [Array.from({ length: 2 }, (_, k) => Array.from({ length: steps }, (_, t) => (t + k) % 7))];
  const half = [[0.5, 0.25]];
  const simulate = async (layer: object) =>
    service.post<{ spike_counts: number[][][] }>('/network/simulate', { input: long, dt: 1, layers: [layer] });
  const first = await simulate({ weight: half });
  expect(first.status, JSON.stringify(first.body)).toBe(200);
  const again = await simulate({ weight: named(digestOf(Float32Array.of(0.5, 0.25))) });
  expect(again.status, JSON.stringify(again.body)).toBe(200);
  expect(again.body.spike_counts).toEqual(first.body.spike_counts);
  expect((await simulate({ weight: named('0'.repeat(64)) })).status).toBe(409);
  const bytes = Uint8Array.from(long.flat(2));
  const framed = (layer: object, ...more: Float32Array[]) =>
    frame({ input: { dtype: 'uint8', shape: [1, 2, steps], binary_data_size: bytes.length }, dt: 1, layers: [layer] }, bytes, ...more);
  const response = await service.send('/network/simulate', framed({ weight: named(digestOf(Float32Array.of(0.5, 0.25))) }));
  expect(((await response.json()) as typeof first.body).spike_counts).toEqual(first.body.spike_counts);
});
