import type { Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor } from '../../codecs/tensor.ts';
import { isGenerated, materialize, valueAt, type Numbers } from '../../compute/numbers.ts';
import type { Network, NetworkInput } from '../../compute/jobs.ts';
import type { Limits } from '../../config/limits.ts';
import { describe, quote, shapeText } from '../../errors/describe.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import { withTimeLast } from '../neurons/batch-axes.ts';
import { checkFields } from '../words/suggestions.ts';

/** The input of a network, and the sizes that follow from it. */
export type ReadInput = Pick<Network, 'samples' | 'inputs' | 'steps' | 'input'>;

const eventFields = ['sample', 'neuron', 'step'] as const;
type EventField = (typeof eventFields)[number];

/** Reads a tensor [batch, N_in, T], or with time first [T, batch, N_in], or events of that shape. What is wrong goes to `errors`; the answer is then null. */
export function readNetworkInput(given: unknown, timeFirst: boolean, errors: InputErrors, limits: Limits): ReadInput | null {
  if (typeof given === 'object' && given !== null && 'events' in given) return readEvents(given, timeFirst, errors, limits);
  const tensor = decodeTensor(given, '/input', errors, limits);
  if (tensor === null) return null;
  const sizes = sizesOf(tensor.shape, timeFirst, '/input', errors);
  return sizes && { ...sizes, input: { form: 'dense', values: withTimeLast(tensor, timeFirst).values } };
}

/** How the sender knows the axes. */
function axesText(timeFirst: boolean): string {
  return timeFirst ? '[T, batch, N_in]' : '[batch, N_in, T]';
}

function sizesOf(shape: readonly number[], timeFirst: boolean, path: string, errors: InputErrors): Omit<ReadInput, 'input'> | null {
  const axes = axesText(timeFirst);
  if (shape.length !== 3) return errors.add(path, `must have the shape ${axes}, got ${shapeText(shape)}`);
  if (shape.includes(0))
    return errors.add(path, `must have at least one sample, input and step: has the shape ${axes} = ${shapeText(shape)}`);
  const [first, second, third] = shape as readonly [number, number, number];
  return timeFirst ? { steps: first, samples: second, inputs: third } : { samples: first, inputs: second, steps: third };
}

function readEvents(given: object, timeFirst: boolean, errors: InputErrors, limits: Limits): ReadInput | null {
  const { events, shape } = given as { readonly events: unknown; readonly shape?: unknown };
  checkFields(given, ['events', 'shape'], '/input', errors);
  const sizes = readShape(shape, timeFirst, errors);
  if (typeof events !== 'object' || events === null || Array.isArray(events))
    return errors.add('/input/events', `must be an object with "sample", "neuron" and "step", got ${describe(events)}`);
  checkFields(events, eventFields, '/input/events', errors);
  const fields = events as Readonly<Record<string, unknown>>;
  const [sample, neuron, step] = eventFields.map((name) => decodeIndices(fields[name], `/input/events/${name}`, errors, limits));
  if (!sample || !neuron || !step || sizes === null) return null;
  const read = { sample, neuron, step };
  for (const name of eventFields) {
    const { length } = read[name].values;
    if (length !== sample.values.length)
      errors.add(
        `/input/events/${name}`,
        `has ${length} events, but /input/events/sample has ${sample.values.length}; all must have the same number`,
      );
  }
  const bounds = { sample: sizes.samples, neuron: sizes.inputs, step: sizes.steps };
  for (const name of eventFields) checkIndices(read[name], name, bounds[name], errors);
  const input: NetworkInput = { form: 'events', sample: sample.values, neuron: neuron.values, step: step.values };
  return { ...sizes, input };
}

function readShape(shape: unknown, timeFirst: boolean, errors: InputErrors): Omit<ReadInput, 'input'> | null {
  const rule = `must be the shape ${axesText(timeFirst)} of the input, three whole numbers`;
  if (!Array.isArray(shape))
    return errors.add('/input/shape', shape === undefined ? `is required: ${rule}` : `${rule}, got ${describe(shape)}`);
  const wrong = shape.find((length) => !Number.isSafeInteger(length) || (length as number) < 0) as unknown;
  if (wrong !== undefined) return errors.add('/input/shape', `${rule}, got ${describe(wrong)} among them`);
  return sizesOf(shape as number[], timeFirst, '/input/shape', errors);
}

function decodeIndices(given: unknown, path: string, errors: InputErrors, limits: Limits): Tensor | null {
  if (given === undefined) return errors.add(path, 'is required: one whole number for each event');
  const tensor = decodeTensor(given, path, errors, limits);
  if (tensor === null || tensor.shape.length === 1) return tensor;
  return errors.add(path, `must be flat, one whole number for each event; got shape ${shapeText(tensor.shape)}`);
}

/** What the numbers of a field count. */
const counted: Readonly<Record<EventField, string>> = { sample: 'samples', neuron: 'inputs', step: 'steps' };

function checkIndices({ values }: Tensor, name: EventField, bound: number, errors: InputErrors): void {
  const wrong = firstWrongIndex(values, bound);
  if (wrong < 0) return;
  errors.add(
    `/input/events/${name}`,
    `must hold whole numbers from 0 to ${bound - 1}, since ${quote('shape')} has ${bound} ${counted[name]}; event ${wrong} has ${valueAt(values, wrong)}`,
  );
}

/** Of a number that is no whole one from 0 to below `bound`; -1 where there is none. */
function firstWrongIndex(values: Numbers, bound: number): number {
  const isRight = (value: number) => value >= 0 && value < bound && Number.isInteger(value);
  if (isGenerated(values) && values.generate === 'linspace') {
    // Its numbers are whole ones if the first two and the last are: a few bytes that ask for millions are not looked through.
    return [0, 1, values.length - 1].find((i) => i >= 0 && i < values.length && !isRight(valueAt(values, i))) ?? -1;
  }
  const numbers = materialize(values);
  for (let i = 0; i < numbers.length; i++) if (!isRight(numbers[i]!)) return i;
  return -1;
}
