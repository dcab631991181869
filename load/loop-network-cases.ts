import { neurons } from '../src/compute/neurons/catalogue.ts';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import { json, type Work } from '../support/load-client.ts';
import { accepting, framed, inFrame, line, most, one, outputs, repeated, text, type LoopCase } from './loop-cases.ts';

/** Models that fire, and have a default for every parameter. */
const firing = [...neurons.values()]
  .filter(
    ({ surrogate, noGradient, needs, parameters }) =>
      surrogate !== null &&
      noGradient === undefined &&
      needs === undefined &&
      Object.values(parameters).every((one) => one.default !== undefined),
  )
  .map(({ name }) => ({ model: name }));
const li = { model: 'li', tau: 10 };
const bytesOf = (dtype: 'uint8' | 'uint16' | 'float32', shape: readonly number[]) => {
  const size = { uint8: 1, uint16: 2, float32: 4 }[dtype];
  return { dtype, shape, binary_data_size: size * shape.reduce((product, length) => product * length, 1) };
};
/** A request whose tensors are zeros, all of them as bytes. */
const zeros = (path: string, head: object, accept = framed): Work => {
  let bytes = 0;
  JSON.stringify(head, (name, value: unknown) => {
    if (name === 'binary_data_size') bytes += value as number;
    return value;
  });
  return inFrame(path, head, Buffer.alloc(bytes), accept);
};
const crossEntropy = (labels: object) => ({ type: 'cross_entropy', on: 'max_v', labels });

/** Networks whose input, weights, layers, events or records are as many as they may be. */
export const networkLoopCases: readonly LoopCase[] = [
  one('/network/grad, 64 MB of spikes', () =>
    zeros('/network/grad', {
      input: bytesOf('uint8', [64, 10_000, 100]),
      dt: 1,
      layers: [{ weight: bytesOf('float32', [64, 10_000]) }],
      loss: { type: 'spike_count' },
    }),
  ),
  one('/network/grad, 64 MB of currents, time first, by the input', () =>
    zeros('/network/grad', {
      input: bytesOf('float32', [1000, 16, 1000]),
      time_axis: 0,
      layers: [{ weight: bytesOf('float32', [10, 1000]) }],
      wrt: ['input'],
    }),
  ),
  one('/network/grad, 64 MB of weights', () =>
    zeros('/network/grad', { input: bytesOf('float32', [4, 4000, 4]), layers: [{ weight: bytesOf('float32', [3900, 4000]) }] }),
  ),
  one('/network/grad, 64 MB of weights, printed as JSON', () =>
    zeros(
      '/network/grad',
      { input: bytesOf('float32', [4, 4000, 4]), layers: [{ weight: bytesOf('float32', [3900, 4000]) }] },
      'application/json',
    ),
  ),
  one('/network/grad, recurrent weights of 4000 neurons', () =>
    zeros('/network/grad', {
      input: bytesOf('float32', [2, 10, 4]),
      layers: [{ weight: bytesOf('float32', [4000, 10]), recurrent: bytesOf('float32', [4000, 4000]) }],
    }),
  ),
  one('/network/grad, as many events as a body has', () => {
    const count = 12_000_000;
    return zeros('/network/grad', {
      input: {
        events: { sample: bytesOf('uint16', [count]), neuron: bytesOf('uint16', [count]), step: bytesOf('uint8', [count]) },
        shape: [256, 700, 100],
      },
      layers: [{ weight: bytesOf('float32', [20, 700]) }],
    });
  }),
  one('/network/grad, 60 MB of events in JSON', () => {
    const list = `[${repeated('0', 20e6)}]`;
    return text(
      '/network/grad',
      `{"input":{"events":{"sample":${list},"neuron":${list},"step":${list}},"shape":[256,700,100]},"layers":[{"weight":{"shape":[20,700],"data":[${repeated('0.5', 4 * 14_000 - 4)}]}}]}`,
    );
  }),
  one('/network/grad, events of a linspace', () =>
    accepting(
      json('/network/grad', {
        input: { events: { sample: line(most / 4, 0, 0), neuron: line(most / 4, 0, 0), step: line(most / 4, 0, 0) }, shape: [1, 1, 1] },
        layers: [{ weight: [[1]] }],
      }),
      { accept: framed },
    ),
  ),
  one('/network/grad, events of a linspace that are wrong', () =>
    json('/network/grad', {
      input: { events: { sample: line(most, 0, 0), neuron: line(most, 0, 0), step: line(most, 0, 1) }, shape: [1, 1, 2] },
      layers: [{ weight: [[1]] }],
    }),
  ),
  ...(['float32', 'float64'] as const).map((dtype) =>
    one(`/network/grad, 64 layers of different neurons, ${dtype}`, () =>
      json('/network/grad', {
        input: [
          [
            [1, 1],
            [0, 1],
          ],
        ],
        dt: 1,
        dtype,
        layers: Array.from({ length: 64 }, (_, index) => ({
          weight: [
            [1, 0.5],
            [0.5, 1],
          ],
          bias: [0.1, 0.1],
          neuron: firing[index % firing.length],
          surrogate: [...catalogue.keys()][index],
        })),
      }),
    ),
  ),
  one('/network/grad, a cross-entropy of many samples', () =>
    zeros('/network/grad', {
      input: bytesOf('uint8', [200_000, 10, 4]),
      layers: [{ weight: bytesOf('float32', [10, 10]) }, { weight: bytesOf('float32', [10, 10]), neuron: li }],
      loss: crossEntropy(bytesOf('uint8', [200_000])),
    }),
  ),
  one('/network/grad, a spike train to reach for each neuron', () =>
    zeros('/network/grad', {
      input: bytesOf('uint8', [200, 10, 1000]),
      layers: [{ weight: bytesOf('float32', [20, 10]) }],
      loss: { type: 'van_rossum', tau: 10, target: bytesOf('uint8', [200, 20, 1000]) },
    }),
  ),
  one('/network/grad, reference', () =>
    zeros('/network/grad', {
      input: bytesOf('uint8', [16, 100, 50]),
      layers: [
        { weight: bytesOf('float32', [100, 100]), recurrent: bytesOf('float32', [100, 100]) },
        { weight: bytesOf('float32', [10, 100]) },
      ],
      backend: 'reference',
    }),
  ),
  one('/network/grad, dry run', () =>
    zeros('/network/grad', {
      input: bytesOf('uint8', [64, 10_000, 100]),
      layers: [{ weight: bytesOf('float32', [64, 10_000]) }],
      dry_run: true,
    }),
  ),
  ...outputs.flatMap(([output, fields, headers]) =>
    (['float32', 'float64'] as const).map((dtype) =>
      one(`/network/simulate, every record, ${dtype}, ${output}`, () =>
        accepting(
          json('/network/simulate', {
            input: { events: { sample: [0], neuron: [0], step: [0] }, shape: [100, 10, 1000] },
            dtype,
            layers: [
              {
                weight: { shape: [80, 10], data: new Array<number>(800).fill(1) },
                bias: { shape: [80], data: new Array<number>(80).fill(3) },
              },
            ],
            record: ['layers/0/spikes', 'layers/0/v', 'layers/0/v_pre', 'layers/0/v_final'],
            ...fields,
          }),
          headers,
        ),
      ),
    ),
  ),
  one('/network/simulate, one neuron of many samples with time first', () =>
    accepting(
      json('/network/simulate', {
        input: { events: { sample: [], neuron: [], step: [] }, shape: [1000, 8000, 1] },
        time_axis: 0,
        layers: [{ weight: [[1]] }],
        record: ['layers/0/spikes', 'layers/0/v', 'layers/0/v_pre'],
      }),
      { accept: framed },
    ),
  ),
  one('/network/grad, weights named by their bytes', () =>
    json('/network/grad', { input: [[[1]]], layers: new Array(64).fill({ weight: { sha256: '0'.repeat(64) } }) }),
  ),
  one('/v2, network_grad, 60 MB of spikes', () =>
    inFrame(
      '/v2/models/network_grad/infer',
      {
        inputs: [
          { name: 'input', shape: [64, 9_000, 100], datatype: 'UINT8', parameters: { binary_data_size: 57_600_000 } },
          { name: 'layers/0/weight', shape: [64, 9_000], datatype: 'FP32', parameters: { binary_data_size: 2_304_000 } },
        ],
        parameters: { binary_data_output: true },
      },
      Buffer.alloc(59_904_000),
    ),
  ),
];
