import fc, { type Arbitrary } from 'fast-check';

import { differentiable, recordable, resetModes } from '../src/compute/jobs.ts';
import { lifParameterRecord, lifParameters } from '../src/compute/neurons/lif-parameters.ts';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import type { SurrogateDefinition } from '../src/compute/surrogates/definition.ts';
import type { Operation } from '../src/requests/plan.ts';
import { FuzzTensor, type TensorForm } from './tensor.ts';

/** A request that is right, with its tensors not yet written. */
export type FuzzRequest = Readonly<Record<string, unknown>>;

/** Numbers all over a range: fast-check's own gather at its ends and at 0. */
function spread(min: number, max: number): Arbitrary<number> {
  return fc.noBias(fc.integer({ min: 0, max: 1e6 })).map((part) => min + (part / 1e6) * (max - min));
}

const number = fc.oneof(
  { weight: 12, arbitrary: spread(-3, 3) },
  { weight: 4, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-45, -1e-38, 1e-20, 1e4, -1e4) },
);
const forms = fc.constantFrom<TensorForm>('nested', 'flat', 'base64', 'bytes', 'bytes');

function tensorOf(shape: readonly number[], value: Arbitrary<number> = number): Arbitrary<FuzzTensor> {
  const size = shape.reduce((product, length) => product * length, 1);
  return fc
    .tuple(
      fc.array(value, { minLength: size, maxLength: size, size: 'max' }),
      forms,
      fc.constantFrom('float32' as const, 'float64' as const),
    )
    .map(([values, form, dtype]) => new FuzzTensor(shape, values, form, dtype));
}

const surrogate = fc
  .constantFrom(...catalogue.values())
  .chain((definition) => fc.oneof(fc.constant<unknown>(definition.name), withParameters(definition)));
const surrogates = fc.oneof(
  { weight: 4, arbitrary: surrogate },
  { weight: 1, arbitrary: fc.array(surrogate, { minLength: 1, maxLength: 3 }) },
);

function withParameters({ name, parameters }: SurrogateDefinition): Arbitrary<unknown> {
  const fields = Object.entries(parameters).map(([key, { default: usual, minimum, maximum, integer }]) => {
    const scaled = (number: number, factor: number) =>
      Math.min(maximum, Math.max(minimum, integer === true ? Math.round(number * factor) : number * factor));
    const value = fc
      .constantFrom(0.3, 0.7, 1, 2)
      .map((factor) => (typeof usual === 'number' ? scaled(usual, factor) : usual.map((number) => scaled(number, factor))));
    return [key, value] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] }).map((given) => ({ name, ...given }));
}

const options = fc.record(
  {
    encoding: fc.constantFrom('json', 'base64'),
    backend: fc.constantFrom('auto', 'wasm', 'reference', 'tensorflow'),
    dtype: fc.constantFrom('float32', 'float32', 'float64'),
    dry_run: fc.constantFrom(false, false, false, true),
  },
  { requiredKeys: [] },
);

const shapes = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 160 }).map((length) => [length]) },
);

/** x, and a cotangent that broadcasts to it. */
const points = shapes.chain((shape) =>
  fc.record({
    x: fc.oneof(
      { weight: 5, arbitrary: tensorOf(shape) },
      { weight: 1, arbitrary: fc.tuple(number, number, fc.integer({ min: 0, max: 90 })).map((linspace) => ({ linspace })) },
    ),
    cotangent: fc.oneof(
      number as Arbitrary<unknown>,
      fc.nat({ max: shape.length }).chain((from) => tensorOf(shape.slice(from))),
    ),
  }),
);

const namesOf = (names: readonly string[]) => fc.subarray([...names], { minLength: 1 });

const surrogateEval = fc
  .tuple(points, fc.record({ surrogate: surrogates, outputs: namesOf(['spike', 'value']) }, { requiredKeys: ['surrogate'] }), options)
  .map(([{ x }, fields, given]) => ({ x, ...fields, ...given }));

const surrogateGrad = fc
  .tuple(points, fc.boolean(), surrogates, options)
  .map(([{ x, cotangent }, weighted, chosen, given]) => ({
    x,
    surrogate: chosen,
    ...(weighted && !isLinspace(x) && { cotangent }),
    ...given,
  }));

function isLinspace(x: unknown): boolean {
  return !(x instanceof FuzzTensor);
}

/** Neurons and what drives them. */
const driven = fc
  .record({
    neurons: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constantFrom(0, 70) }),
    steps: fc.integer({ min: 1, max: 30 }),
    perStep: fc.constantFrom('no', 'no', 'yes', 'shared'),
  })
  .chain(({ neurons, steps, perStep }) => {
    const drive = spread(-1, 30);
    const perNeuron = (value: Arbitrary<number>) => fc.oneof(value as Arbitrary<unknown>, tensorOf([neurons], value));
    const shape = perStep === 'no' ? [neurons] : [perStep === 'shared' ? 1 : neurons, steps];
    const near = (value: number) => spread(value - 0.5, value + 0.5);
    const neuron = fc.record(
      {
        ...lifParameterRecord((name) => perNeuron(name === 'tau' ? spread(1, 20) : near(lifParameters[name].default))),
        reset: fc.constantFrom(...resetModes),
        refractory: fc.constantFrom(0, 0.5, 2),
        integration: fc.constantFrom('euler', 'exponential'),
        input_scaling: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const request = fc.record(
      {
        current: perStep === 'no' ? perNeuron(drive) : tensorOf(shape, drive),
        steps: fc.constant(steps),
        dt: fc.constantFrom(0.1, 0.5, 1),
        neuron,
      },
      { requiredKeys: ['current', 'steps'] },
    );
    return request.map((given) => ({ given: given, neurons, steps }));
  });

const lifSimulate = fc
  .tuple(driven, fc.option(namesOf(recordable), { nil: undefined }), options)
  .map(([{ given }, record, more]) => ({ ...given, ...(record && { record }), ...more }));

const lifGrad = driven.chain(({ given, neurons, steps }) => {
  const loss = fc.oneof(
    fc.constant<unknown>({ type: 'spike_count' }),
    fc.oneof(number as Arbitrary<unknown>, tensorOf([neurons])).map((target) => ({ type: 'firing_rate_mse', target })),
    fc
      .record({ spikes: tensorOf([neurons, steps]), v: tensorOf([neurons, steps]) }, { requiredKeys: ['spikes'] })
      .map((cotangents) => ({ type: 'cotangent', ...cotangents })),
  );
  return fc
    .tuple(
      fc.record({ surrogate: surrogates, detach_reset: fc.boolean(), wrt: namesOf(differentiable), loss }, { requiredKeys: [] }),
      options,
    )
    .map(([fields, more]) => ({ ...given, ...fields, ...more }));
});

/** Requests of every operation that the service has to compute. */
export const validRequests: Readonly<Record<Operation, Arbitrary<FuzzRequest>>> = {
  surrogate_eval: surrogateEval,
  surrogate_grad: surrogateGrad,
  lif_simulate: lifSimulate,
  lif_grad: lifGrad,
};
