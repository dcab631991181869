import { Problem } from '../errors/problems.ts';

/** What one request may ask for. */
export interface Limits {
  readonly bodyBytes: number;
  /** Neurons x steps x surrogates, or elements x surrogates. */
  readonly neuronSteps: number;
  /** The same for a job that the reference computes. */
  readonly referenceNeuronSteps: number;
  /** Numbers that are made for one request. */
  readonly resultValues: number;
  /** Numbers over time that one answer may stream. */
  readonly streamedValues: number;
}

/** @throws {Problem} `too_much_work` when an answer would stream too many numbers over time. */
export function checkStreamed(estimate: number, limits: Limits): void {
  if (estimate <= limits.streamedValues) return;
  throw new Problem(
    'too_much_work',
    `The answer would stream an estimated ${formatCount(estimate)} values; the limit is ${formatCount(limits.streamedValues)}. Split the batch, or record less.`,
  );
}

/** @throws {Problem} `too_much_work` when the kernels would have too much to do. */
export function checkWork(estimate: number, how: () => string, limits: Limits): void {
  if (estimate <= limits.neuronSteps) return;
  throw new Problem(
    'too_much_work',
    `The request needs an estimated ${formatCount(estimate)} neuron-steps (${how()}); the limit is ${formatCount(limits.neuronSteps)}. Split the batch into several requests.`,
  );
}

/** @throws {Problem} `too_much_work` when the reference, which is slow, would have too much to do. */
export function checkReferenceWork(estimate: number, limits: Limits): void {
  if (estimate <= limits.referenceNeuronSteps) return;
  throw new Problem(
    'too_much_work',
    `The request needs an estimated ${formatCount(estimate)} neuron-steps of the reference back-end; the limit there is ${formatCount(limits.referenceNeuronSteps)}. Split the batch into several requests; the limit of the other back-ends is ${formatCount(limits.neuronSteps)}.`,
  );
}

/** Kernels count steps in 32 bits. */
const maxSteps = 2 ** 31 - 1;

/** @throws {Problem} `too_much_work` when no kernel can count that far. */
export function checkSteps(steps: number): void {
  if (steps <= maxSteps) return;
  throw new Problem(
    'too_much_work',
    `The request asks for ${formatCount(steps)} steps; the limit is ${maxSteps}. Split the run, with \`v_final\` as the next \`v_init\`.`,
  );
}

/** @throws {Problem} `too_much_work` when neurons fired more often than spike times are answered. */
export function checkSpikeTimes(count: number, max: number): void {
  if (count <= max) return;
  throw new Problem(
    'too_much_work',
    `The neurons fired at least ${formatCount(count)} times, several times a step; \`spike_times\` has at most ${formatCount(max)}. Record \`spikes\`, which says how often they fired in each step.`,
  );
}

/** @throws {Problem} `too_much_work` when too many numbers would be made for one request. */
export function checkValues(estimate: number, what: string, limits: Limits): void {
  if (estimate <= limits.resultValues) return;
  throw new Problem(
    'too_much_work',
    `${what} would take an estimated ${formatCount(estimate)} values; the limit is ${formatCount(limits.resultValues)}. Split the batch, or ask for less.`,
  );
}

/** Bytes of an answer for each number that it may have: any number, its comma, and the brackets of most tensors. */
const answerBytesPerValue = 32;
/** Bytes of an answer for names and parameters, however few numbers it may have. */
const namesBytes = 2 ** 20;

/** @throws {Problem} `too_much_work` when an answer may have too many bytes, as many short or empty rows have. */
export function checkAnswerBytes(estimate: number, limits: Limits): void {
  const limit = answerBytesPerValue * limits.resultValues + namesBytes;
  if (estimate <= limit) return;
  throw new Problem(
    'too_much_work',
    `The answer would take an estimated ${formatCount(estimate)} bytes; the limit is ${formatCount(limit)}. Split the batch, or ask for fewer dimensions, surrogates or fields.`,
  );
}

function formatCount(value: number): string {
  return value < 1e21 ? BigInt(Math.ceil(value)).toString() : String(value);
}
