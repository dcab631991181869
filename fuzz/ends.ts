import fc, { type Arbitrary } from 'fast-check';

import type { BodyForm } from '../src/requests/bodies/body.ts';
import { frameHeader, mediaTypes } from '../src/codecs/media-types.ts';
import { npyHeader } from '../src/codecs/npy.ts';
import { records } from '../src/compute/jobs.ts';
import { neuronModel, neurons } from '../src/compute/neurons/catalogue.ts';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import { inferenceModels } from '../src/requests/inference/inference-models.ts';
import type { Operation } from '../src/requests/plan.ts';
import { inferRoute, routes, type Message } from './messages.ts';

/** The limits of a server that takes requests at the ends of their ranges: the usual ones, but for what would keep a run from going on. */
export const endsEnvironment: Readonly<Record<string, string>> = {
  COMPUTE_BACKEND: 'wasm',
  MAX_BODY_BYTES: '1000000',
  MAX_MEMORY_BYTES: String(512 * 2 ** 20),
  REQUEST_TIMEOUT_MS: '1000',
};

/** `MAX_RESULT_VALUES` unless configured, and how many steps kernels count. */
const [maxValues, maxSteps] = [2 ** 25, 2 ** 31 - 1];
/** What the reference computes in a moment. */
const foretellable = 2000;

const sparse = <T>(usual: readonly T[], ends: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...usual) }, { weight: 2, arbitrary: fc.constantFrom(...ends) });
const counts = sparse(
  [1, 2, 3, 4, 5, 17],
  [
    0,
    255,
    256,
    257,
    65_535,
    65_536,
    65_537,
    2 ** 20,
    2 ** 24,
    maxValues - 1,
    maxValues,
    maxValues + 1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53 - 1,
    2 ** 53,
  ],
);
const steps = sparse(
  [1, 2, 30],
  [
    0,
    63,
    64,
    65,
    255,
    256,
    257,
    65_536,
    2 ** 22 - 1,
    2 ** 22,
    2 ** 22 + 1,
    maxSteps - 1,
    maxSteps,
    maxSteps + 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53 - 1,
    2 ** 53,
  ],
);
const lengths = sparse([0.1, 0.5, 1], [5e-324, 1e-45, 1e-38, 1e-10, 0, 1e10, 3.4e38, 1e39, 1e308]);
const refractory = sparse([0, 0.5], [5e-324, 1e-9, 1e3, 0.1 * 2 ** 31, 0.1 * 2 ** 32, 1e30, 1e300, 1.7e308]);
const ones = (count: number) => new Array<number>(count).fill(1);
/** Without elements, or with one. */
const shapes: readonly (readonly number[])[] = [
  [],
  [1],
  [0],
  ones(64),
  ones(65),
  new Array<number>(64).fill(0),
  [65_536, 0],
  [65_537, 0],
  [65_536, ...ones(62), 0],
  [2 ** 31, 0],
  [2 ** 32, 0],
  [2 ** 53 - 1, 0],
  [2 ** 16, 2 ** 16, 0],
  [0, 2 ** 31],
  [2 ** 32, 2 ** 32],
  [2 ** 31],
];

/** A tensor in a request, with what it takes to make. */
interface EndTensor {
  readonly json: unknown;
  readonly shape: readonly number[];
  readonly count: number;
}

const ofCount: Arbitrary<EndTensor> = fc
  .tuple(counts, fc.constantFrom([0.5, 2.5], [-1, 1], [1.5, 1.5]))
  .map(([count, [from, to]]) => ({ json: { linspace: [from, to, count] }, shape: [count], count }));
const ofShape: Arbitrary<EndTensor> = fc.tuple(fc.constantFrom(...shapes), fc.boolean()).map(([shape, isBase64]) => {
  const count = shape.includes(0) ? 0 : shape.reduce((size, length) => size * length, 1);
  const numbers = count === 1 ? [0.5] : [];
  return {
    json: isBase64
      ? { dtype: 'float32', shape, base64: Buffer.from(Float32Array.from(numbers).buffer).toString('base64') }
      : { shape, data: numbers },
    shape,
    count,
  };
});
const aNumber: Arbitrary<EndTensor> = fc.constantFrom(0, 1.5, -1, 1e6, 3.4e38, 1e-45).map((json) => ({ json, shape: [], count: 1 }));
const tensors = fc.oneof({ weight: 3, arbitrary: ofCount }, { weight: 1, arbitrary: ofShape }, { weight: 1, arbitrary: aNumber });

const surrogateNames = [...catalogue.keys()];
const atTheirEnds = [...catalogue.values()].flatMap(({ name, parameters }) =>
  Object.entries(parameters).flatMap(([key, { minimum, maximum, list }]) =>
    list
      ? []
      : [
          { name, [key]: minimum },
          { name, [key]: maximum },
        ],
  ),
);
const surrogates: Arbitrary<{ readonly json: unknown; readonly count: number }> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...surrogateNames).map((json) => ({ json, count: 1 })) },
  { weight: 1, arbitrary: fc.constantFrom(...atTheirEnds).map((json) => ({ json, count: 1 })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(2, 64, 1024, 1025)
      .map((count) => ({ json: Array.from({ length: count }, (_, i) => surrogateNames[i % surrogateNames.length]), count })),
  },
);
const options = fc.record(
  {
    encoding: fc.constantFrom('json', 'base64'),
    backend: fc.constantFrom('wasm', 'wasm', 'reference'),
    dtype: fc.constantFrom('float32', 'float64'),
    dry_run: fc.constantFrom(false, false, true),
  },
  { requiredKeys: [] },
);

/** A request as JSON, and whether its answer is quickly foretold. */
interface Draft {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly isForetellable: boolean;
}

/** Rows without elements are many places too. */
const placesIn = ({ count, shape }: EndTensor) =>
  Math.max(
    count,
    shape.reduce((product, length) => product * Math.max(1, length), 1),
  );
const isSmall = (all: readonly EndTensor[], work: number) => all.every((one) => placesIn(one) <= foretellable) && work <= foretellable;
/** Beyond the limits of one number, and so refused before anything is made. */
const isBeyond = ({ count }: EndTensor) => count > maxValues;

const points = fc.tuple(tensors, surrogates, options);
const surrogateGrad: Arbitrary<Draft> = fc
  .tuple(points, fc.option(fc.constantFrom<unknown>(2, [2], [[2]]), { nil: undefined }))
  .map(([[x, surrogate, more], cotangent]) => ({
    fields: { x: x.json, surrogate: surrogate.json, ...(cotangent !== undefined && { cotangent }), ...more },
    isForetellable: isBeyond(x) || isSmall([x], x.count * surrogate.count),
  }));
const surrogateEval: Arbitrary<Draft> = points.map(([x, surrogate, more]) => ({
  fields: { x: x.json, surrogate: surrogate.json, ...more },
  isForetellable: isBeyond(x) || isSmall([x], x.count * surrogate.count),
}));

const { parameters, options: neuronOptions } = neuronModel('lif');
const quantities = ['current', 'tau', ...Object.keys(parameters), 'v_init', 'state'];

const driven = fc
  .record({
    current: tensors,
    tau: fc.option(ofCount, { nil: undefined }),
    steps,
    dt: lengths,
    refractory,
    reset: fc.constantFrom(...(neuronOptions.reset?.values ?? [])),
    integration: fc.constantFrom(...(neuronOptions.integration?.values ?? [])),
    model: fc.oneof({ weight: 3, arbitrary: fc.constant('lif') }, { weight: 1, arbitrary: fc.constantFrom(...neurons.keys()) }),
  })
  .map(({ current, tau, steps: count, dt, model, ...lif }) => {
    const neuron = model === 'lif' ? { ...lif, ...(tau !== undefined && { tau: tau.json }) } : { model };
    const given = tau === undefined ? [current] : [current, tau];
    return {
      fields: { current: current.json, steps: count, dt, neuron },
      given,
      // Steps without neurons are gone through too.
      work: Math.max(1, ...given.map((one) => one.count)) * count,
      isUsual: dt >= 1e-10 && dt <= 1,
      isBeyond: count > maxSteps && given.every((one) => placesIn(one) <= foretellable),
    };
  });
const lifSimulate: Arbitrary<Draft> = fc
  .tuple(driven, fc.subarray(Object.keys(records), { minLength: 1 }), options)
  .map(([{ fields, given, work, isUsual, isBeyond: isRefused }, record, more]) => ({
    fields: { ...fields, record, ...more },
    isForetellable: isRefused || (isUsual && isSmall(given, work)),
  }));
const differentiated = fc
  .tuple(
    driven,
    surrogates,
    fc.constantFrom<unknown>({ type: 'spike_count' }, { type: 'cotangent', v: 1 }, { type: 'firing_rate_mse', target: 10 }),
    options,
  )
  .map(([{ fields, given, work, isUsual, isBeyond: isRefused }, surrogate, loss, more]) => ({
    fields: { ...fields, surrogate: surrogate.json, loss, ...more },
    isForetellable: isRefused || (isUsual && isSmall(given, work * surrogate.count)),
  }));
const names = fc.subarray(quantities, { minLength: 1 });
const lifGrad: Arbitrary<Draft> = fc
  .tuple(differentiated, names)
  .map(([{ fields, ...draft }, wrt]) => ({ ...draft, fields: { ...fields, wrt } }));
const lifJvp: Arbitrary<Draft> = fc
  .tuple(differentiated, names)
  .map(([{ fields, ...draft }, moving]) => ({
    ...draft,
    fields: { ...fields, tangents: Object.fromEntries(moving.map((name) => [name, name === 'state' ? { v: 1 } : 1])) },
  }));
/** Layers and inputs whose sizes are told by a shape or a linspace alone. */
const networks = fc
  .tuple(tensors, fc.constantFrom(...shapes), steps, lengths, options, fc.boolean())
  .map(([weight, shape, count, dt, more, isSparse]) => {
    const none = { shape: [0], data: [] };
    const fits = weight.shape.length === 2;
    return {
      input: isSparse
        ? { events: { sample: none, neuron: none, step: none }, shape: [1, fits ? weight.shape[1] : 1, count] }
        : { shape, data: [] },
      dt,
      layers: [{ weight: weight.json }, { weight: { shape: [1, 1], data: [1] }, bias: { linspace: [0, 1, 1] } }],
      ...more,
    };
  });
const network: Arbitrary<Draft> = networks.map((fields) => ({ fields, isForetellable: false }));
const drafts: Readonly<Record<Operation, Arbitrary<Draft>>> = {
  surrogate_eval: surrogateEval,
  surrogate_grad: surrogateGrad,
  lif_simulate: lifSimulate,
  lif_grad: lifGrad,
  lif_jvp: lifJvp,
  network_simulate: network,
  network_grad: network,
};

const timeouts = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('5', '20', '40') },
  { weight: 1, arbitrary: fc.constantFrom('0', '1', '2147483647', '2147483648', '4294967296', '9007199254740993', '1e3', '-1', '00020') },
);
const accepts = fc.constantFrom(undefined, undefined, mediaTypes.framed, mediaTypes.npy);
/** What is added to a right length, or takes its place. */
const wrongLengths: readonly ((length: number) => unknown)[] = [
  (length) => length - 1,
  (length) => length + 1,
  (length) => length + 4,
  () => 0,
  () => -1,
  () => 2 ** 31,
  () => 2 ** 32,
  (length) => 2 ** 32 + length,
  () => 2 ** 53,
  () => '1e3',
  () => '0x10',
  (length) => `0${length}`,
  (length) => `+${length}`,
];
const lengthChange = fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...wrongLengths) });

/** Requests at the ends of their ranges, each with little time. */
export const endMessages: Arbitrary<Message> = fc.constantFrom(...(Object.keys(drafts) as Operation[])).chain((operation) =>
  fc
    .record({
      draft: drafts[operation],
      wire: fc.constantFrom('json', 'json', 'json', 'framed', 'npy', operation in inferenceModels ? 'inference' : 'json'),
      timeout: timeouts,
      accept: accepts,
      length: lengthChange,
      size: lengthChange,
      shape: fc.constantFrom(...shapes),
    })
    .map(({ draft, wire, timeout, accept, length, size, shape }) => {
      const headers = { 'x-request-timeout-ms': timeout };
      const isPlain = draft.isForetellable && /^[1-9]\d{0,2}$/.test(timeout);
      const route = wire === 'inference' ? inferRoute : routes[operation];
      const base = { operation, route, path: route.replace('{model}', operation), query: {} };
      if (wire === 'json' || operation.startsWith('network')) {
        return {
          ...base,
          headers: { 'content-type': mediaTypes.json, ...(accept !== undefined && { accept }), ...headers },
          body: Buffer.from(JSON.stringify(draft.fields)),
          form: 'json' as BodyForm,
          isPlain,
        };
      }
      const count = shape.includes(0) ? 0 : shape.reduce((product, one) => product * one, 1);
      const bytes = Buffer.from(Float32Array.from(count === 1 ? [0.5] : []).buffer);
      if (wire === 'npy') {
        const query: Record<string, string> = operation.startsWith('surrogate')
          ? { surrogate: 'erf' }
          : { steps: String(draft.fields.steps), dt: String(draft.fields.dt) };
        const header = npyHeader('float32', shape);
        if (length !== undefined) header.writeUInt16LE(Math.abs(Math.trunc(Number(length(header.length - 10)))) % 65_536, 8);
        return {
          ...base,
          path: `${route}?${new URLSearchParams(query).toString()}`,
          query,
          headers: { 'content-type': mediaTypes.npy, ...headers },
          body: Buffer.concat([header, bytes]),
          form: 'npy' as BodyForm,
          isPlain: false,
        };
      }
      const name = operation.startsWith('surrogate') ? 'x' : 'current';
      const byteSize = size === undefined ? bytes.length : size(bytes.length);
      const json =
        wire === 'framed'
          ? { ...draft.fields, [name]: { dtype: 'float32', shape, binary_data_size: byteSize } }
          : {
              inputs: [{ name, shape, datatype: 'FP32', parameters: { binary_data_size: byteSize } }],
              parameters: {
                ...(name === 'current' ? { steps: draft.fields.steps, dt: draft.fields.dt } : { surrogate: 'erf' }),
                dtype: draft.fields.dtype,
              },
            };
      const head = Buffer.from(JSON.stringify(json));
      const framing = {
        'content-type': mediaTypes.framed,
        [frameHeader]: String(length === undefined ? head.length : length(head.length)),
      };
      return { ...base, headers: { ...framing, ...headers }, body: Buffer.concat([head, bytes]), form: wire as BodyForm, isPlain: false };
    }),
);
