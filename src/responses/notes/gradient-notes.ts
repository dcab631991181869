import { Pacer, sliceValues } from '../../codecs/chunks.ts';
import { indexOfMagnitudeAtLeast } from '../../codecs/finite-check.ts';
import { extremes, type Values } from '../../compute/numbers.ts';
import { lossRecords, type Dtype, type LifGradJob, type LifGradResult, type Quantity } from '../../compute/jobs.ts';
import { growthNote, type GrownGradient, type RunAgain } from './gradient-growth-notes.ts';
import { noNotes, type Note } from '../../schemas/note-types.ts';
import { maxInspected } from './plan-notes.ts';
import { zeroNotes } from './zero-gradient-notes.ts';

/** Beyond what the gradient of a step reaches that does not grow: it is about the peak of its surrogate. That of a constant adds up those of all steps. */
const ordinaryPerStep = 1e4;
/** How many neurons are computed again. */
const maxSuspects = 4;

/**
 * The notes about gradients: those that are 0, and those that have grown until float32 is of no use. A promise only where there are many numbers,
 * or some have to be computed again.
 *
 * @param computedIn the precision of the result.
 * @param runAgain runs a small job.
 */
export function gradientNotes(
  job: LifGradJob,
  result: LifGradResult,
  computedIn: Dtype,
  runAgain: RunAgain,
): readonly Note[] | Promise<readonly Note[]> {
  if (job.problem.neurons === 0) return noNotes;
  const inspection = new Inspection(job, result, computedIn);
  const slices = inspection.slices();
  for (let inspected = 0; inspected < sliceValues;) {
    const slice = slices.next();
    if (slice.done === true) return inspection.isOrdinary ? noNotes : inspection.notes(runAgain);
    inspected += slice.value;
  }
  return runPaced(slices).then(() => inspection.notes(runAgain));
}

/** Goes on with an inspection, and serves other requests in between. */
async function runPaced(slices: Iterable<number>): Promise<void> {
  const pacer = new Pacer();
  let inspected = sliceValues;
  for (const count of slices) {
    if (inspected >= sliceValues) {
      await pacer.pause();
      inspected = 0;
    }
    inspected += count;
  }
}

/** A gradient that may have grown, and how many times it is what is ordinary. */
interface Suspect extends GrownGradient {
  readonly excess: number;
}

/** A look at all gradients of a result. */
class Inspection {
  readonly #job: LifGradJob;
  readonly #result: LifGradResult;
  readonly #perStep: number;
  #zero: Map<number, string[]> | undefined;
  #suspects: Suspect[] | undefined;

  constructor(job: LifGradJob, result: LifGradResult, computedIn: Dtype) {
    this.#job = job;
    this.#result = result;
    this.#perStep = computedIn === 'float32' ? ordinaryPerStep : Infinity;
  }

  get isOrdinary(): boolean {
    return this.#zero === undefined && this.#suspects === undefined;
  }

  /** Inspects all gradients, and yields after each slice how many numbers it had. */
  *slices(): Generator<number, void> {
    for (let i = 0; i < this.#result.length; i++) {
      const { grad } = this.#result[i]!;
      for (const name in grad) {
        const gradient = grad[name]!;
        const count = typeof gradient === 'number' ? 1 : gradient.length;
        let isZero = true;
        for (let from = 0; from < count; from += sliceValues) {
          const to = Math.min(from + sliceValues, count);
          isZero = (typeof gradient === 'number' ? this.#inspectSum(gradient, i) : this.#inspectSlice(gradient, i, from, to)) && isZero;
          yield to - from;
        }
        if (isZero) this.#addZero(i, name);
      }
    }
  }

  async notes(runAgain: RunAgain): Promise<readonly Note[]> {
    const zero = this.#zero === undefined ? noNotes : zeroNotes(this.#job, this.#result, this.#zero);
    const cotangent = this.#suspects === undefined ? 0 : largestCotangent(this.#job, this.#result[0]!.loss);
    const suspects = (this.#suspects ?? []).filter(({ excess }) => excess >= cotangent);
    if (suspects.length === 0) return zero;
    const growth = await growthNote(this.#job, suspects, runAgain);
    return growth === undefined ? zero : [...zero, growth];
  }

  #addZero(surrogate: number, name: string): void {
    const names = (this.#zero ??= new Map<number, string[]>()).get(surrogate);
    if (names === undefined) this.#zero.set(surrogate, [name]);
    else names.push(name);
  }

  /** Inspects a sum over neurons, any of which may have grown; returns whether it is 0. */
  #inspectSum(sum: number, surrogate: number): boolean {
    const { neurons, steps } = this.#job.problem;
    const excess = Math.abs(sum) / (steps * this.#perStep);
    if (excess >= 1 && Number.isFinite(sum)) {
      const count = Math.min(neurons, maxSuspects);
      for (let i = 0; i < count; i++) this.#suspect({ surrogate, neuron: Math.floor((i * neurons) / count), excess });
    }
    return sum === 0;
  }

  /** Inspects gradients per neuron, or per neuron and step; returns whether all are 0. */
  #inspectSlice(values: Values, surrogate: number, from: number, to: number): boolean {
    let at = from;
    while (at < to && values[at] === 0) at++;
    if (at === to) return true;
    const { neurons, steps } = this.#job.problem;
    const width = values.length / neurons;
    const bound = width === 1 ? steps * this.#perStep : this.#perStep;
    while (at < to && (this.#suspects?.length ?? 0) < maxSuspects) {
      const rest = at === 0 && to === values.length ? values : values.subarray(at, to);
      const found = indexOfMagnitudeAtLeast(rest, bound);
      // One that is not finite is an error of its own.
      if (found < 0 || !Number.isFinite(rest[found])) break;
      const neuron = Math.floor((at + found) / width);
      this.#suspect({ surrogate, neuron, excess: Math.abs(rest[found]!) / bound });
      at = (neuron + 1) * width;
    }
    return false;
  }

  #suspect(gradient: Suspect): void {
    const suspects = (this.#suspects ??= []);
    if (suspects.length < maxSuspects) suspects.push(gradient);
  }
}

/** The largest of what the loss adds to a cotangent in a step, as far as it is looked at, but at least 1. */
function largestCotangent({ loss, problem: { steps, dt } }: LifGradJob, losses: Values): number {
  const largest = (numbers: ArrayLike<number>): number => {
    let found = 1;
    for (let i = 0; i < Math.min(numbers.length, maxInspected); i++) found = Math.max(found, Math.abs(numbers[i]!));
    return found;
  };
  const ofQuantity = (quantity: Quantity): number =>
    quantity.per === 'scalar' ? Math.abs(quantity.value) : largest(extremes(quantity.values));
  switch (loss.type) {
    case 'spike_count':
      return 1;
    case 'firing_rate_mse':
      return Math.max(1, (2000 / (steps * dt)) * Math.sqrt(largest(losses)));
    case 'cotangent':
      return Math.max(
        1,
        ...lossRecords.map((record) => ofQuantity(loss[record] ?? none)),
        ...Object.values(loss.state ?? {}).map(ofQuantity),
      );
  }
}

const none: Quantity = { per: 'scalar', value: 0 };
