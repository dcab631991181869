// Requests at the limits, of every route, form of tensor, output, media type, coding and precision.
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { npyHeader } from '../src/codecs/npy.ts';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import { wireBytes } from '../support/leaving-clients.ts';
import { json, type Work } from '../support/load-client.ts';

/** What is sent on one connection, which the last answer closes. */
export interface LoopCase {
  readonly name: string;
  /** Made when it is sent, since some are large. */
  readonly bytes: () => Buffer;
}

/** `MAX_RESULT_VALUES`, and what fits into `MAX_BODY_BYTES` as float32. */
export const most = 2 ** 25;
const maxBytes = 2 ** 24 - 1000;

export const framed = 'application/octet-stream';
const all = ['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'];
const records = ['spike_counts', 'firing_rates', 'spike_times', 'spikes', 'v', 'v_pre', 'v_final'];
export const line = (count: number, from = -1, to = 1) => ({ linspace: [from, to, count] });
const ones = (count: number) => new Array<number>(count).fill(1);

export const accepting = (work: Work, headers: Record<string, string>): Work => ({ ...work, headers: { ...work.headers, ...headers } });
export const one = (name: string, make: () => Work): LoopCase => ({
  name,
  bytes: () => wireBytes(accepting(make(), { connection: 'close' })),
});
const pipelined = (name: string, work: Work, times: number): LoopCase => ({
  name,
  bytes: () => Buffer.concat([...new Array<Buffer>(times - 1).fill(wireBytes(work)), wireBytes(accepting(work, { connection: 'close' }))]),
});
export const text = (path: string, body: string): Work => ({
  path,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(body),
});
const packed = (work: Work, coding: 'gzip' | 'br'): Work => ({
  ...accepting(work, { 'content-encoding': coding }),
  body:
    coding === 'gzip'
      ? gzipSync(work.body, { level: 1 })
      : brotliCompressSync(work.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
});
export const inFrame = (path: string, head: object, bytes: Buffer, accept = framed): Work => {
  const start = Buffer.from(JSON.stringify(head));
  return {
    path,
    headers: { 'content-type': framed, accept, 'inference-header-content-length': String(start.length) },
    body: Buffer.concat([start, bytes]),
  };
};
/** Bytes of a header that says the first axis varies fastest take the place of one that does not. */
const npy = (path: string, shape: readonly number[], isFortran = false): Work => {
  const header = npyHeader('float32', shape);
  if (isFortran) header.write(header.toString('latin1').replace("'fortran_order': False", "'fortran_order': True "), 'latin1');
  return {
    path,
    headers: { 'content-type': 'application/x-npy' },
    body: Buffer.concat([header, Buffer.alloc(4 * shape.reduce((size, length) => size * length, 1))]),
  };
};
export const repeated = (unit: string, bytes: number) => `${`${unit},`.repeat(bytes / (unit.length + 1))}${unit}`;

export const outputs: readonly (readonly [string, object, Record<string, string>])[] = [
  ['JSON', {}, {}],
  ['base64', { encoding: 'base64' }, {}],
  ['framed', {}, { accept: framed }],
  ['gzip', {}, { 'accept-encoding': 'gzip' }],
  ['br', {}, { 'accept-encoding': 'br' }],
];

/** Every route's largest answer in every form. */
const answerCases: readonly LoopCase[] = outputs.flatMap(([output, fields, headers]) =>
  (['float32', 'float64'] as const).flatMap((dtype) => {
    const of = (what: string, path: string, request: object) =>
      one(`${path}, ${what}, ${dtype}, ${output}`, () => accepting(json(path, { ...request, ...fields, dtype }), headers));
    return [
      of(`${most} values`, '/surrogate/grad', { x: line(most), surrogate: 'erf' }),
      of(`1024 surrogates of ${most / 1024}`, '/surrogate/grad', { x: line(most / 1024), surrogate: new Array<string>(1024).fill('erf') }),
      of(`1024 surrogates of ${most / 2048}`, '/surrogate/eval', { x: line(most / 2048), surrogate: new Array<string>(1024).fill('erf') }),
      of('spike times at every step', '/lif/simulate', {
        current: 1e6,
        steps: 1000,
        neuron: { tau: line(33_000, 9, 10) },
        record: ['spike_times'],
      }),
      of('streamed', '/lif/simulate', { current: 1.5, steps: 5000, neuron: { tau: line(6000, 9, 10) }, record: ['v', 'spikes'] }),
      of('one neuron over time', '/lif/simulate', { current: 1.5, steps: 2 ** 22 - 1, record: ['v', 'v_pre', 'spikes'] }),
      of('many neurons', '/lif/simulate', { current: line(2 ** 23), steps: 1, record: ['v_final', 'spike_counts', 'firing_rates'] }),
      of('every gradient', '/lif/grad', { current: line(2 ** 20 * 3), steps: 1, wrt: all }),
    ];
  }),
);

/** Bodies as large as they may be, in every form. */
const bodyCases: readonly LoopCase[] = [
  one('JSON, 60 MB of numbers', () =>
    text('/surrogate/grad', `{"surrogate":"erf","encoding":"base64","x":[${repeated('0.1234567', 60e6)}]}`),
  ),
  one('JSON, 60 MB of short numbers', () =>
    text('/surrogate/grad', `{"surrogate":"erf","encoding":"base64","x":[${repeated('1', 60e6)}]}`),
  ),
  one('JSON, 60 MB of rows', () =>
    text('/surrogate/grad', `{"surrogate":"erf","encoding":"base64","x":[${repeated('[0.5,0.25]', 60e6)}]}`),
  ),
  one('JSON, 100 arrays of 600 kB', () =>
    text('/surrogate/grad', `{"surrogate":"erf","encoding":"base64","x":[${repeated(`[${repeated('0.5', 600e3)}]`, 60e6)}]}`),
  ),
  one('JSON, flat data of 64 dimensions', () =>
    text('/surrogate/grad', `{"surrogate":"erf","x":{"shape":[1000000${',1'.repeat(63)}],"data":[${'0.5,'.repeat(999_999)}0.5]}}`),
  ),
  one('JSON, 60 MB of base64', () =>
    json('/surrogate/grad', {
      surrogate: 'erf',
      encoding: 'base64',
      x: { dtype: 'float32', shape: [11_000_000], base64: Buffer.alloc(44_000_000).toString('base64') },
    }),
  ),
  one('JSON, 60 MB of base64 of float64', () =>
    json('/surrogate/grad', {
      surrogate: 'erf',
      encoding: 'base64',
      x: { dtype: 'float64', shape: [5_500_000], base64: Buffer.alloc(44_000_000).toString('base64') },
    }),
  ),
  one('JSON, gzip of 60 MB', () =>
    packed(text('/surrogate/grad', `{"surrogate":"erf","encoding":"base64","x":[${repeated('0.1234567', 60e6)}]}`), 'gzip'),
  ),
  one('JSON, br of 60 MB of empty arrays', () =>
    packed(text('/surrogate/grad', `{"surrogate":"erf","x":[${repeated('[]', 60e6)}]}`), 'br'),
  ),
  one('JSON, br of 60 MB of arrays of one', () =>
    packed(text('/surrogate/grad', `{"surrogate":"erf","x":[${repeated('[0]', 60e6)}]}`), 'br'),
  ),
  one('JSON, br of 60 MB of spaces', () => packed({ ...text('/surrogate/grad', ''), body: Buffer.alloc(60e6, ' ') }, 'br')),
  one('JSON, 100 short arrays in a body of 250 kB', () =>
    text('/surrogate/grad', `{"surrogate":"erf","x":[${repeated(`[${repeated('0.5', 2400)}]`, 250e3)}]}`),
  ),
  one('framed, 64 MB', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float32', shape: [maxBytes], binary_data_size: 4 * maxBytes }, surrogate: 'erf' },
      Buffer.alloc(4 * maxBytes),
    ),
  ),
  one('framed, 64 MB of float64', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float64', shape: [maxBytes / 2], binary_data_size: 4 * maxBytes }, surrogate: 'erf' },
      Buffer.alloc(4 * maxBytes),
    ),
  ),
  one('framed, 64 MB of float64, answered in float32', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float64', shape: [maxBytes / 2], binary_data_size: 4 * maxBytes }, surrogate: 'erf', dtype: 'float32' },
      Buffer.alloc(4 * maxBytes),
    ),
  ),
  one('framed, 64 dimensions and a cotangent that broadcasts', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float32', shape: [2 ** 20, ...ones(63)], binary_data_size: 2 ** 22 }, cotangent: [1], surrogate: 'erf' },
      Buffer.alloc(2 ** 22),
    ),
  ),
  one('framed, a cotangent for each row', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float32', shape: [8_000_000, 2], binary_data_size: 64e6 }, cotangent: [1, 2], surrogate: 'erf' },
      Buffer.alloc(64e6),
    ),
  ),
  one('framed, [T] for each neuron, every gradient', () =>
    inFrame('/lif/grad', { current: { dtype: 'float32', shape: [16_000, 1000], binary_data_size: 64e6 }, wrt: all }, Buffer.alloc(64e6)),
  ),
  one('framed, time first, every gradient of a batch', () =>
    inFrame(
      '/lif/grad',
      {
        current: { dtype: 'float32', shape: [1000, 16, 1000], binary_data_size: 64e6 },
        time_axis: 0,
        neuron: { tau: line(1000, 5, 20), v_rest: line(1000, 0, 0.5) },
        wrt: all,
      },
      Buffer.alloc(64e6),
    ),
  ),
  one('framed, a current that the neurons of each entry of a batch share', () =>
    inFrame(
      '/lif/grad',
      { current: { dtype: 'float32', shape: [16, 1, 1000], binary_data_size: 64e3 }, neuron: { tau: line(2000, 5, 20) }, wrt: all },
      Buffer.alloc(64e3),
    ),
  ),
  one('/lif/simulate, everything with time first, framed', () =>
    accepting(json('/lif/simulate', { current: line(4000, 0, 3), steps: 2000, time_axis: 0, record: ['spikes', 'v', 'v_pre'] }), {
      accept: framed,
    }),
  ),
  one('framed, printed as JSON', () =>
    inFrame(
      '/surrogate/grad',
      { x: { dtype: 'float32', shape: [maxBytes], binary_data_size: 4 * maxBytes }, surrogate: 'erf' },
      Buffer.alloc(4 * maxBytes),
      'application/json',
    ),
  ),
  one('npy, 64 MB', () => npy('/surrogate/grad?surrogate=erf', [maxBytes])),
  one('npy, 64 MB in Fortran order', () => npy('/surrogate/grad?surrogate=erf', [4000, 4000], true)),
  one('npy, Fortran order of 64 dimensions', () => npy('/surrogate/grad?surrogate=erf', [2 ** 20, ...ones(63)], true)),
  one('npy, Fortran order of 24 dimensions of 2', () =>
    npy(
      '/surrogate/grad?surrogate=erf',
      ones(23).map(() => 2),
      true,
    ),
  ),
  one('/v2, JSON', () =>
    text(
      '/v2/models/surrogate_grad/infer',
      `{"inputs":[{"name":"x","shape":[6000000],"datatype":"FP32","data":[${'0.123456,'.repeat(5_999_999)}0.5]}],"parameters":{"surrogate":"erf"}}`,
    ),
  ),
  one('/v2, bytes', () =>
    inFrame(
      '/v2/models/surrogate_grad/infer',
      {
        inputs: [{ name: 'x', shape: [maxBytes], datatype: 'FP32', parameters: { binary_data_size: 4 * maxBytes } }],
        parameters: { surrogate: 'erf', binary_data_output: true },
      },
      Buffer.alloc(4 * maxBytes),
    ),
  ),
  one('/v2, one output named 6000 times', () =>
    inFrame(
      '/v2/models/surrogate_grad/infer',
      {
        inputs: [{ name: 'x', shape: [20_000], datatype: 'FP32', parameters: { binary_data_size: 80_000 } }],
        parameters: { surrogate: 'erf' },
        outputs: new Array(6000).fill({ name: 'grad' }),
      },
      Buffer.alloc(80_000),
      'application/json',
    ),
  ),
];

const series = [...catalogue.values()].flatMap(({ name, parameters }) =>
  Object.entries(parameters)
    .filter(([, { integer }]) => integer)
    .flatMap(([parameter, { minimum, maximum }]) =>
      Array.from({ length: maximum - minimum + 1 }, (_, i) => ({ name, [parameter]: minimum + i })),
    ),
);
const everyOption = { wrt: all, neuron: { refractory: 1, reset: 'soft', v_reset: 0.1, v_rest: 0.1, resistance: 2, v_init: 0.1 } };

/** Small bodies that ask for much. */
const smallCases: readonly LoopCase[] = [
  one('linspace with a cotangent that broadcasts', () =>
    accepting(json('/surrogate/grad', { x: line(most), cotangent: [1], surrogate: 'erf' }), { accept: framed }),
  ),
  one('linspace, dry run', () => json('/surrogate/grad', { x: line(most), surrogate: 'erf', dry_run: true })),
  one('linspace, dry run in float64', () => json('/surrogate/grad', { x: line(most), surrogate: 'erf', dtype: 'float64', dry_run: true })),
  one('tau of each neuron', () =>
    accepting(json('/lif/simulate', { current: 1, steps: 1, neuron: { tau: line(2 ** 23, 9, 10) }, record: ['v_final'] }), {
      accept: framed,
    }),
  ),
  one('tau of each neuron, exponential', () =>
    accepting(
      json('/lif/simulate', {
        current: 1,
        steps: 1,
        neuron: { tau: line(2 ** 23, 9, 10), integration: 'exponential' },
        record: ['v_final'],
      }),
      { accept: framed },
    ),
  ),
  one("a library's neurons, each of its own", () =>
    accepting(
      json('/lif/grad', {
        current: 1,
        steps: 1,
        neuron: {
          model: 'norse.LIFAdEx',
          tau_mem_inv: line(2 ** 20, 80, 90),
          tau_syn_inv: line(2 ** 20, 180, 190),
          v_th: line(2 ** 20, 1, 2),
        },
        wrt: ['tau_mem_inv', 'tau_syn_inv', 'v_th'],
      }),
      { accept: framed },
    ),
  ),
  one('everything of each neuron', () =>
    accepting(
      json('/lif/grad', {
        current: line(2 ** 20),
        steps: 1,
        wrt: all,
        neuron: {
          tau: line(2 ** 20, 9, 10),
          v_threshold: line(2 ** 20, 1, 2),
          v_reset: line(2 ** 20, 0, 0.5),
          v_rest: line(2 ** 20, 0, 0.5),
          resistance: line(2 ** 20, 1, 2),
          v_init: line(2 ** 20, 0, 0.5),
        },
      }),
      { accept: framed },
    ),
  ),
  one('[1, T] for each of 800000 neurons', () =>
    accepting(json('/lif/grad', { current: { shape: [1, 10], data: ones(10) }, neuron: { tau: line(800_000, 9, 10) }, wrt: ['current'] }), {
      accept: framed,
    }),
  ),
  one('firing rates to reach', () =>
    accepting(json('/lif/grad', { current: line(2 ** 22), steps: 1, loss: { type: 'firing_rate_mse', target: line(2 ** 22) } }), {
      accept: framed,
    }),
  ),
  one('spike trains to reach', () =>
    accepting(
      json('/lif/grad', {
        current: line(2 ** 12),
        steps: 2 ** 11,
        loss: { type: 'van_rossum', tau: 10, target: { shape: [1, 2 ** 11], data: ones(2 ** 11) } },
        wrt: ['tau'],
      }),
      { accept: framed },
    ),
  ),
  one('cotangents of each step', () =>
    accepting(json('/lif/grad', { current: line(2 ** 12), steps: 2 ** 12, loss: { type: 'cotangent', v: 1, spikes: 1 } }), {
      accept: framed,
    }),
  ),
  one('every record of one spike train', () => json('/lif/simulate', { current: 1e6, steps: 2 ** 21, record: records })),
  one('every record of many neurons', () => json('/lif/simulate', { current: line(2 ** 20, 1, 100), steps: 4, record: records })),
  ...[1, 16, 64].map((count) =>
    one(`empty rows, ${count} surrogates`, () =>
      json('/surrogate/grad', { x: { shape: [65_536, ...ones(62), 0], data: [] }, surrogate: new Array<string>(count).fill('erf') }),
    ),
  ),
  one('no neurons in many lists', () => json('/lif/simulate', { current: line(2 ** 23), steps: 1, record: ['spike_times'] })),
  one('128 kernels of a series', () => json('/surrogate/grad', { x: 0.1, surrogate: series })),
  one('128 kernels of a series, float64', () => json('/surrogate/eval', { x: 0.1, surrogate: series, dtype: 'float64' })),
  one('128 kernels of gradients', () => json('/lif/grad', { current: 1, steps: 1, surrogate: series })),
  one('128 kernels of every gradient', () => json('/lif/grad', { current: 1, steps: 1, surrogate: series, ...everyOption })),
  one('128 kernels of every gradient, float64, detached', () =>
    json('/lif/grad', { current: 1, steps: 1, surrogate: series, dtype: 'float64', detach_reset: true, ...everyOption }),
  ),
  one('every surrogate', () =>
    json('/lif/grad', { current: 1, steps: 1, surrogate: [...catalogue.keys()], detach_reset: true, wrt: ['tau'] }),
  ),
  one('reference', () => json('/lif/grad', { current: line(1000), steps: 10_000, backend: 'reference', wrt: all })),
  one('reference, many records', () =>
    json('/lif/simulate', { current: line(1000), steps: 10_000, backend: 'reference', record: records }),
  ),
  pipelined('8 pipelined linspaces', json('/surrogate/grad', { x: line(most), surrogate: 'sigmoid', encoding: 'base64' }), 8),
  pipelined('500 pipelined jobs', json('/surrogate/grad', { x: line(30_000), surrogate: 'erf', encoding: 'base64' }), 500),
  pipelined('500 pipelined gradients', json('/lif/grad', { current: line(50), steps: 500, wrt: all }), 500),
  pipelined(
    '100 pipelined kernels',
    json('/lif/grad', { current: 1, steps: 1, surrogate: series.slice(0, 8), dtype: 'float64', wrt: ['v_rest'] }),
    100,
  ),
  pipelined(
    '200 long headers',
    accepting(json('/surrogate/grad', { x: 0, surrogate: 'erf' }), { 'accept-encoding': 'gzip;q=0.1,'.repeat(1300) }),
    200,
  ),
  one('a name close to none', () => json('/surrogate/grad', { x: 0, surrogate: new Array<string>(1024).fill('s'.repeat(200)) })),
];

/** A picture, which has no body. */
const picture = (name: string, path: string): LoopCase => ({
  name: `picture, ${name}`,
  bytes: () => Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
});

const pictureCases: readonly LoopCase[] = [
  picture(
    '16 surrogates',
    `/surrogates.svg?x_min=-10000&x_max=10000&names=${Array.from({ length: 16 }, (_, i) => `squarewave_fourier_series(n=64,t_period=${i + 1})`).join()}`,
  ),
  picture('5000 currents', `/neurons/lif.svg?dt=5&current=${Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 13) - 3).join()}`),
  picture('5000 steps', '/neurons/lif.svg?steps=5000&current=30'),
  picture(
    '16 gradients',
    `/neurons/lif/gradient.svg?steps=5000&points=500&detach_reset=true&surrogates=${Array.from({ length: 16 }, (_, i) => `sigmoid(alpha=${i + 1})`).join()}`,
  ),
];

export const loopCases: readonly LoopCase[] = [...smallCases, ...bodyCases, ...answerCases, ...pictureCases];
