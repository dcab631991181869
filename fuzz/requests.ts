import fc, { type Arbitrary } from 'fast-check';

import { records } from '../src/compute/jobs.ts';
import { catalogue } from '../src/compute/surrogates/catalogue.ts';
import type { SurrogateDefinition } from '../src/compute/surrogates/definition.ts';
import { InputErrors } from '../src/errors/input-errors.ts';
import type { Neuron } from '../src/requests/neurons/neurons.ts';
import type { Operation } from '../src/requests/plan.ts';
import { DifferentiableQuantities, stateName } from '../src/requests/neurons/quantities.ts';
import { readSurrogates } from '../src/requests/surrogates/surrogates.ts';
import { neuronFields, readFields } from './neurons.ts';
import { FuzzTensor } from './tensor.ts';
import { number, spread, tensorOf } from './tensor-arbitrary.ts';

/** A request that is right, with its tensors not yet written. */
export type FuzzRequest = Readonly<Record<string, unknown>>;

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

/** How strong currents are: some neurons fire at 1, others at hundreds of mV or pA. */
const amplitudes = fc.constantFrom(3, 3, 30, 300, 1000);

/** Where axes stand in the tensors of a request. */
interface Axes {
  readonly lead: readonly number[];
  readonly timeFirst: boolean;
}

const axes: Arbitrary<Axes> = fc.record({
  lead: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 2 }) },
  ),
  timeFirst: fc.constantFrom(false, false, false, true),
});

/** A shape of rows and steps, with time where it stands. */
const withTime = (rows: readonly number[], steps: number, { timeFirst }: Axes) => (timeFirst ? [steps, ...rows] : [...rows, steps]);

/** Neurons and what drives them, whether those neurons are right or not. */
const driven = fc
  .record({
    neurons: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constantFrom(0, 70) }),
    steps: fc.integer({ min: 1, max: 30 }),
    perStep: fc.constantFrom('no', 'no', 'yes', 'shared'),
    amplitude: amplitudes,
    given: axes,
  })
  .chain(({ neurons, steps, perStep, amplitude, given }) => {
    const drive = spread(-amplitude / 20, amplitude);
    const { timeFirst } = given;
    const lead = perStep === 'no' ? [] : given.lead;
    const shape = perStep === 'no' ? [neurons] : withTime([...lead, perStep === 'shared' ? 1 : neurons], steps, given);
    const current = perStep === 'no' ? fc.oneof(drive as Arbitrary<unknown>, tensorOf([neurons], drive)) : tensorOf(shape, drive);
    return fc
      .tuple(
        neuronFields(neurons),
        fc.record(
          {
            current,
            steps: fc.constant(steps),
            dt: fc.constantFrom(0.1, 0.5, 1),
            time_axis: fc.constant(timeFirst ? 0 : -1),
            forward: fc.constantFrom('spikes', 'spikes', 'smooth'),
          },
          { requiredKeys: timeFirst ? ['current', 'steps', 'time_axis'] : ['current', 'steps'] },
        ),
      )
      .map(([fields, input]) => ({
        given: { ...input, ...fields },
        neuron: readFields(fields),
        shape,
        neurons,
        steps,
        axes: { lead, timeFirst },
      }));
  });

const lifSimulate = driven.chain(({ given, neuron }) => {
  const states = (neuron?.program.step.states ?? []).filter((state) => state !== 'v');
  const isSmooth = given.forward === 'smooth';
  return fc
    .tuple(
      fc.record({ record: namesOf([...Object.keys(records), ...states]), ...(isSmooth && { surrogate }) }, { requiredKeys: [] }),
      options,
    )
    .map(([fields, more]) => ({ ...given, ...fields, ...more }));
});

/** Tensors of a loss, for neurons that are right or not. */
interface LossShapes {
  readonly neuron: Neuron | undefined;
  readonly neurons: number;
  readonly steps: number;
  readonly axes: Axes;
  readonly labels: Arbitrary<unknown>;
}

function lossesOf({ neuron, neurons, steps, axes, labels }: LossShapes): Arbitrary<unknown> {
  const all = [...axes.lead, neurons];
  const perNeuron = fc.oneof(number as Arbitrary<unknown>, tensorOf([neurons]), tensorOf(all));
  const ofSteps = [[all, steps] as const, [[neurons], steps] as const, [[1], steps] as const, [[neurons], 1] as const];
  const perStep = fc.oneof(
    number as Arbitrary<unknown>,
    ...[...ofSteps.map(([rows, columns]) => withTime(rows, columns, axes)), [neurons]].map((one) => tensorOf(one)),
  );
  const states = neuron?.program.step.states ?? ['v'];
  const hasSpikes = neuron?.program.step.spike !== undefined;
  const cotangents = fc
    .record(
      {
        v: perStep,
        ...(hasSpikes && { spikes: perStep }),
        v_pre: perStep,
        state: fc.record(Object.fromEntries(states.map((state) => [state, perNeuron])), { requiredKeys: [] }),
      },
      { requiredKeys: ['v'] },
    )
    .map((tensors) => ({ type: 'cotangent', ...tensors }));
  // Not on max_v: of equal potentials rounding may make any the largest.
  const entropyOn = (...on: readonly string[]) => fc.record({ type: fc.constant('cross_entropy'), on: fc.constantFrom(...on), labels });
  const ofSpikes: Arbitrary<unknown>[] = [
    fc.constant<unknown>({ type: 'spike_count' }),
    perNeuron.map((target) => ({ type: 'firing_rate_mse', target })),
    entropyOn('spike_counts', 'first_spike_times'),
    fc.record({ type: fc.constant('first_spike_time_mse'), target: fc.nat({ max: 20 }) }),
    fc.record({ type: fc.constant('van_rossum'), target: tensorOf([1, steps]), tau: fc.constantFrom(0.1, 1, 20) }),
  ];
  const ofPotentials: Arbitrary<unknown>[] = [cotangents, entropyOn('mean_v'), perStep.map((target) => ({ type: 'v_mse', target }))];
  return hasSpikes
    ? fc.oneof(...ofSpikes, ...ofPotentials)
    : fc.oneof({ weight: 9, arbitrary: fc.oneof(...ofPotentials) }, { weight: 1, arbitrary: ofSpikes[0]! });
}

/** What gradients and tangents have in common. */
const differentiated = driven.chain(({ given, neuron, shape, neurons, steps, axes }) => {
  const hasSpikes = neuron?.program.step.spike !== undefined;
  const loss = lossesOf({ neuron, neurons, steps, axes, labels: fc.nat({ max: Math.max(0, neurons - 1) }) });
  const fields = fc.record(
    { surrogate: surrogates, ...(neuron?.model.library === null && { detach_reset: fc.boolean() }), loss },
    { requiredKeys: hasSpikes ? [] : ['loss'] },
  );
  return fc
    .tuple(fields, options)
    .map(([chosen, more]) => ({
      request: { ...given, ...chosen, ...more },
      names: neuron === undefined ? ['current', 'tau'] : quantitiesOf(neuron, chosen.surrogate),
      currentShape: given.current instanceof FuzzTensor ? shape : [],
      neuron,
    }));
});

/** All that a gradient can be taken with respect to. */
function quantitiesOf(neuron: Neuron, surrogate: unknown): readonly string[] {
  const isFiring = neuron.program.step.spike !== undefined;
  const chosen = isFiring ? readSurrogates(surrogate ?? neuron.model.surrogate, new InputErrors()) : null;
  const quantities = new DifferentiableQuantities(neuron, chosen ?? []);
  return [...quantities.list(), ...quantities.others()];
}

const lifGrad = differentiated.chain(({ request, names }) =>
  fc.record({ wrt: namesOf(names) }, { requiredKeys: [] }).map((more) => ({ ...request, ...more })),
);

/** Tangents are numbers, or in the shape of their quantity. */
const lifJvp = differentiated.chain(({ request, names, currentShape, neuron }) => {
  const tangentOf = (name: string): Arbitrary<unknown> => {
    if (name === stateName) return fc.constant(Object.fromEntries((neuron?.program.step.states ?? []).map((state) => [state, 1])));
    return fc.oneof(
      number as Arbitrary<unknown>,
      tensorOf(name === 'current' ? currentShape : (neuron?.given.get(name)?.tensor.shape ?? [])),
    );
  };
  return namesOf(names)
    .map((chosen) => (chosen.includes(stateName) ? chosen.filter((name) => !name.endsWith('_init')) : chosen))
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, tangentOf(name)]))))
    .map((tangents) => ({ ...request, tangents }));
});

/** A layer of a network, for so many inputs, with its neuron, where that can be read. */
function layerOf(inputs: number, neurons: number) {
  const weights = (shape: readonly number[], amplitude: number) => tensorOf(shape, spread(-amplitude / 4, amplitude));
  return fc.tuple(neuronFields(neurons), amplitudes, fc.boolean()).chain(([{ neuron: fields }, amplitude, isOwn]) => {
    // Half of them have defaults, or few networks would be right.
    const neuron = isOwn ? undefined : readFields({ ...(fields && { neuron: fields }) });
    return fc
      .record(
        {
          weight: weights([neurons, inputs], isOwn ? 3 : amplitude),
          bias: weights([neurons], amplitude / 10),
          recurrent: weights([neurons, neurons], amplitude / 4),
          surrogate,
          ...(!isOwn && { neuron: fc.constant(fields) }),
        },
        { requiredKeys: isOwn ? ['weight'] : ['weight', 'neuron'] },
      )
      .map((request) => ({ request, neuron: isOwn ? readFields({}) : neuron }));
  });
}

const networks = fc
  .record({
    samples: fc.integer({ min: 1, max: 3 }),
    steps: fc.integer({ min: 1, max: 12 }),
    widths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
    timeFirst: fc.constantFrom(false, false, true),
    isSparse: fc.boolean(),
  })
  .chain(({ samples, steps, widths, timeFirst, isSparse }) => {
    const [inputs, ...sizes] = widths as [number, ...number[]];
    const shape = timeFirst ? [steps, samples, inputs] : [samples, inputs, steps];
    const event = fc.tuple(fc.nat({ max: samples - 1 }), fc.nat({ max: inputs - 1 }), fc.nat({ max: steps - 1 }));
    const events = fc.array(event, { maxLength: 30 }).map((all) => {
      const flat = (axis: 0 | 1 | 2) =>
        new FuzzTensor(
          [all.length],
          all.map((one) => one[axis]),
          'bytes',
          'int32',
        );
      return { events: { sample: flat(0), neuron: flat(1), step: flat(2) }, shape };
    });
    const input: Arbitrary<unknown> = isSparse ? events : tensorOf(shape, fc.oneof(fc.constantFrom(0, 1), spread(-1, 2)));
    return fc
      .tuple(
        fc.tuple(...sizes.map((neurons, layer) => layerOf(widths[layer]!, neurons))),
        fc.record({ input, dt: fc.constantFrom(0.5, 1), time_axis: fc.constant(timeFirst ? 0 : -1) }),
        options,
      )
      .map(([layers, fields, more]) => ({ layers, request: { ...fields, ...more }, samples, steps, timeFirst }));
  });

const networkSimulate = networks.chain(({ layers, request }) => {
  const names = layers.flatMap(({ neuron }, layer) =>
    ['spikes', 'v', 'v_pre', 'firing_rates', 'v_final', ...(neuron?.program.step.states ?? [])].map((name) => `layers/${layer}/${name}`),
  );
  return fc
    .record({ record: namesOf([...new Set(names)]) }, { requiredKeys: [] })
    .map((more) => ({ ...request, layers: layers.map((layer) => layer.request), ...more }));
});

const networkGrad = networks.chain(({ layers, request, samples, steps, timeFirst }) => {
  const last = layers.at(-1)!;
  const [neurons = 1] = last.request.weight.shape;
  const labels = tensorOf([samples], fc.nat({ max: neurons - 1 }));
  const loss = lossesOf({ neuron: last.neuron, neurons, steps, axes: { lead: [samples], timeFirst }, labels });
  const paths = layers.flatMap(({ request: given, neuron }, layer) => [
    ...['weight', 'bias', 'recurrent'].filter((name) => name in given).map((name) => `layers/${layer}/${name}`),
    ...(neuron === undefined ? [] : quantitiesOf(neuron, null)).flatMap((name) =>
      name === 'current' || name === 'state' || name.includes('.') ? [] : [`layers/${layer}/neuron/${name}`],
    ),
  ]);
  return fc
    .record(
      {
        loss,
        reduction: fc.constantFrom('mean', 'sum'),
        wrt: namesOf([...paths, 'input']),
        penalty: fc.record({ weight: spread(0, 1e-4), target: fc.constantFrom(0, 50) }, { requiredKeys: ['weight'] }),
      },
      { requiredKeys: last.neuron?.program.step.spike === undefined ? ['loss'] : [] },
    )
    .map(({ penalty, ...more }) => ({
      ...request,
      layers: layers.map((layer, index) => ({
        ...layer.request,
        ...(penalty !== undefined && index === 0 && layers.length > 1 && { rate_penalty: penalty }),
      })),
      ...more,
    }));
});

/** Requests of every operation that the service has to compute. */
export const validRequests: Readonly<Record<Operation, Arbitrary<FuzzRequest>>> = {
  surrogate_eval: surrogateEval,
  surrogate_grad: surrogateGrad,
  lif_simulate: lifSimulate,
  lif_grad: lifGrad,
  lif_jvp: lifJvp,
  network_simulate: networkSimulate,
  network_grad: networkGrad,
};
