import type { Answer } from '../../compute/engine/engine.ts';
import type { Job, LifGradResult, LifSimulateResult, NeuronProblem } from '../../compute/jobs.ts';
import { programOf } from '../../compute/neurons/terms.ts';
import type { Plan } from '../../requests/plan.ts';
import type { RunAgain } from './gradient-growth-notes.ts';
import { gradientNotes } from './gradient-notes.ts';
import type { Note } from '../../schemas/note-types.ts';
import type { AnswerFormat } from '../outline.ts';
import { maxInspected, planNotes, shortText, stepsBetween } from './plan-notes.ts';

/**
 * What is surely not meant in a request that was computed. A promise only where there are many numbers, or some have to be computed again.
 *
 * @param ran the plan's job with the cotangents of its loss; undefined where no single one has those of all surrogates, whose gradients are not looked at.
 * @param runAgain runs a small job.
 */
export function notesOf(
  plan: Plan,
  ran: Job | undefined,
  format: AnswerFormat,
  { result, backend }: Pick<Answer, 'result' | 'backend'>,
  runAgain: RunAgain,
): readonly Note[] | Promise<readonly Note[]> {
  const { job } = plan;
  if (job.kind === 'lif_simulate') return simulationNotes(plan, format, result as LifSimulateResult);
  const planned = planNotes(plan, format);
  if (job.kind !== 'lif_grad') return planned;
  const results = result as LifGradResult;
  const ofSpikes = saturated(job.problem, results[0]!.spike_counts);
  const notes = ofSpikes === undefined ? planned : [...planned, ofSpikes];
  if (ran?.kind !== 'lif_grad') return notes;
  const ofGradients = gradientNotes(ran, results, backend.dtype, runAgain);
  if (ofGradients instanceof Promise) return ofGradients.then((more) => [...notes, ...more]);
  return ofGradients.length === 0 ? notes : [...notes, ...ofGradients];
}

/** The notes about a simulation, of which the result may be a part. */
export function simulationNotes(plan: Plan, format: AnswerFormat, result: LifSimulateResult): readonly Note[] {
  const planned = planNotes(plan, format);
  const { job } = plan;
  const ofSpikes = job.kind === 'lif_simulate' ? ofRecords(job.problem, result) : undefined;
  return ofSpikes === undefined ? planned : [...planned, ofSpikes];
}

function ofRecords(problem: NeuronProblem, { spike_counts: counts, firing_rates: rates }: LifSimulateResult): Note | undefined {
  if (counts !== undefined) return saturated(problem, counts);
  return rates && saturated(problem, rates, 1000 / (problem.steps * problem.dt));
}

/** Fewer spikes are no sign of a neuron that cannot fire faster. */
const minSpikes = 10;

/**
 * A single neuron that fires in every step is one end of a range of inputs, most of them are not.
 *
 * @param counts how often each neuron fired.
 */
function saturated(problem: NeuronProblem, counts: ArrayLike<number>, spike = 1): Note | undefined {
  const { steps, dt, smooth } = problem;
  const distance = stepsBetween(problem);
  const most = Math.ceil(steps / distance);
  // A neuron that waits a step longer has to be told from one that does not.
  if (most < minSpikes || most === Math.ceil(steps / (distance + 1)) || smooth === true) return undefined;
  const bound = most * spike * (1 - 1e-6);
  const inspected = Math.min(counts.length, maxInspected);
  let found = 0;
  for (let b = 0; b < inspected; b++) if (counts[b]! >= bound) found++;
  // Neurons that fire several times in a step have no such limit.
  if (2 * found <= inspected || programOf(problem).step.count !== undefined) return undefined;
  const who = inspected === 1 ? 'the neuron fires' : `${found} of ${inspected} neurons fire`;
  const rate = shortText((1000 * most) / (steps * dt));
  return {
    code: 'saturated',
    message: `${who} in every step that is possible, ${most} times, at ${rate} Hz: the rate does not depend on the input any more`,
    path: '/current',
  };
}
