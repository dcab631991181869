import type { Values } from '../../compute/numbers.ts';
import type { Dtype, LifGradJob, LifGradResult, Loss, NeuronProblem, Quantity } from '../../compute/jobs.ts';
import { cutQuantity, neuronBlock } from '../../compute/long-run.ts';
import { programOf } from '../../compute/neurons/terms.ts';
import type { Note } from '../../schemas/note-types.ts';
import { shortText } from './plan-notes.ts';
import { detachRemedy, type Remedy } from '../detach-remedy.ts';

/** Neuron-steps of a neuron that is computed again. */
const maxSteps = 2 ** 14;
/** From this part of a number on, a difference between float32 and float64 is no rounding any more. */
const maxDifference = 0.01;

/** A gradient beyond both, the second times what it is with the reset detached, has grown through the reset. */
const minGrown = 1e4;
const minGrowth = 1e3;

/** Runs a small job again; undefined where that cannot be done now. */
export type RunAgain = (job: LifGradJob) => Promise<LifGradResult | undefined>;

/** A gradient that may have grown: of which of the job's surrogates, and for which neuron. */
export interface GrownGradient {
  readonly surrogate: number;
  readonly neuron: number;
}

/** What was found of a gradient that has grown. */
interface Growth {
  readonly text: string;
  /** How the request takes the reset out of the backward pass, where the gradient has grown through it. */
  readonly remedy: Remedy | undefined;
}

/** The note about gradients that have grown, found by computing neurons again: in both precisions, and with the reset detached. */
export async function growthNote(job: LifGradJob, suspects: readonly GrownGradient[], runAgain: RunAgain): Promise<Note | undefined> {
  const { problem, surrogates } = job;
  if (problem.steps > maxSteps || programOf(problem).step.spike === undefined) return undefined;
  const found = new Map<string, Growth>();
  for (const { surrogate, neuron } of suspects) {
    const one = surrogates[surrogate]!;
    if (found.has(one.name)) continue;
    const growth = await growthOf({ ...jobOfNeuron(job, neuron), surrogates: [one] }, neuron, runAgain);
    if (growth !== undefined) found.set(one.name, growth);
  }
  const [example] = found.values();
  if (example === undefined) return undefined;
  const { text, remedy } = example;
  const cause =
    remedy === undefined
      ? 'it grows from step to step, and its rounding with it; "dtype": "float64" has the digits'
      : `it grows from step to step through the reset, and its rounding with it; ${remedy.text} stops that`;
  return { code: 'gradient_growth', message: `with ${[...found.keys()].join(', ')}, ${text}: ${cause}`, path: remedy?.path ?? '/dtype' };
}

/** @param job of one neuron and surrogate. @param neuron what it is called in the request. */
async function growthOf(job: LifGradJob, neuron: number, runAgain: RunAgain): Promise<Growth | undefined> {
  const gradientOf = async (problem: NeuronProblem, dtype: Dtype) => (await runAgain({ ...job, problem, dtype }))?.[0]?.grad;
  const detachable = detachRemedy(job.problem);
  const [float32, float64] = [await gradientOf(job.problem, 'float32'), await gradientOf(job.problem, 'float64')];
  const detached = detachable && (await gradientOf({ ...job.problem, options: detachable.options }, 'float64'));
  if (float32 === undefined || float64 === undefined) return undefined;
  for (const quantity in float32) {
    const subject = `the gradient of ${quantity} of neuron ${neuron}`;
    const [one, other] = [float32[quantity]!, float64[quantity]!];
    const grown = Math.max(largest(one), largest(other));
    const ordinary = detached?.[quantity] === undefined ? Infinity : largest(detached[quantity]);
    const remedy = grown > minGrown && grown > minGrowth * ordinary ? detachable : undefined;
    const difference = largestDifference(one, other);
    if (difference !== undefined) {
      const [wrong, right] = difference;
      return { text: `${subject} is ${shortText(wrong)} in float32 and ${shortText(right, 7)} in float64`, remedy };
    }
    if (remedy !== undefined)
      return { text: `${subject} reaches ${grown.toExponential(1)}, and ${shortText(ordinary, 2)} with the reset detached`, remedy };
  }
  return undefined;
}

function largest(gradient: number | Values): number {
  if (typeof gradient === 'number') return Math.abs(gradient);
  let found = 0;
  for (const one of gradient) found = Math.max(found, Math.abs(one));
  return found;
}

/** The two numbers that differ most, where that is more than rounding. */
function largestDifference(one: number | Values, other: number | Values): readonly [one: number, other: number] | undefined {
  const [ones, others] = [typeof one === 'number' ? [one] : one, typeof other === 'number' ? [other] : other];
  let largest = 0;
  let at = 0;
  let scale = 0;
  for (let i = 0; i < ones.length; i++) {
    scale = Math.max(scale, Math.abs(others[i]!));
    const difference = Math.abs(ones[i]! - others[i]!);
    if (difference <= largest) continue;
    largest = difference;
    at = i;
  }
  return largest > maxDifference * scale && Number.isFinite(largest) ? [ones[at]!, others[at]!] : undefined;
}

/** The job of one of a job's neurons. */
function jobOfNeuron(job: LifGradJob, neuron: number): LifGradJob {
  return { ...job, problem: neuronBlock(job.problem, neuron, neuron + 1), loss: lossOf(job, neuron) };
}

function lossOf({ loss, problem: { steps } }: LifGradJob, neuron: number): Loss {
  const cut = <Q extends Quantity>(quantity: Q): Q => cutQuantity(quantity, steps, neuron, neuron + 1);
  if (loss.type === 'spike_count') return loss;
  if (loss.type === 'firing_rate_mse') return { ...loss, target: cut(loss.target) };
  const { spikes, v, v_pre, state } = loss;
  return {
    type: loss.type,
    ...(spikes && { spikes: cut(spikes) }),
    ...(v && { v: cut(v) }),
    ...(v_pre && { v_pre: cut(v_pre) }),
    ...(state && { state: Object.fromEntries(Object.entries(state).map(([name, quantity]) => [name, cut(quantity)])) }),
  };
}
