import type { LifGradJob, LifGradResult, Quantity } from '../../compute/jobs.ts';
import { dtypeOf, lossRecords } from '../../compute/jobs.ts';
import { programOf } from '../../compute/neurons/terms.ts';
import type { Numbers } from '../../compute/numbers.ts';
import { extremes } from '../../compute/numbers.ts';
import type { Note } from '../../schemas/note-types.ts';
import { maxInspected } from './plan-notes.ts';
import { detachRemedy } from '../detach-remedy.ts';

/** By the index of a surrogate: the names of `wrt` whose gradient is 0 for all neurons. */
export type ZeroGradients = ReadonlyMap<number, readonly string[]>;

interface Reason {
  readonly why: string;
  readonly path: string;
}

/** Names or surrogates that a message lists. */
const maxListed = 3;

/**
 * The notes about gradients that are 0: one for quantities that have no part in the run, one where every gradient of a surrogate is 0. A single one
 * that is 0 beside others that are not may well be meant.
 */
export function zeroNotes(job: LifGradJob, result: LifGradResult, zero: ZeroGradients): readonly Note[] {
  const unused = job.wrt.filter((name) => isUnused(job, name));
  const notes: Note[] = [];
  if (unused.length > 0) {
    const message = `the gradient of ${listed(unused)} is 0: ${job.problem.model} with these settings does not use ${unused.length > 1 ? 'them' : 'it'}`;
    notes.push({ code: 'zero_gradient', message, path: '/wrt' });
  }
  const used = job.wrt.filter((name) => !unused.includes(name));
  const silent = [...zero].filter(([, names]) => used.length > 0 && used.every((name) => names.includes(name))).map(([i]) => i);
  const [first] = silent;
  if (first === undefined) return notes;
  const { why, path } = reasonOf(job, result[first]!, used);
  const which = job.surrogates.length > 1 ? ` with ${listed(silent.map((i) => job.surrogates[i]!.name))}` : '';
  notes.push({ code: 'zero_gradient', message: `the gradient of ${listed(used)} is 0 for all neurons${which}: ${why}`, path });
  return notes;
}

/** Whether a quantity is a parameter on which no term of the step depends. */
function isUnused({ problem }: LifGradJob, name: string): boolean {
  return name !== 'current' && !name.startsWith('surrogate.') && programOf(problem).slopes(name).length === 0;
}

function reasonOf(job: LifGradJob, { loss: losses, spike_counts: counts }: LifGradResult[number], names: readonly string[]): Reason {
  const { loss, problem } = job;
  const isSilent = isZero(counts);
  if (loss.type === 'firing_rate_mse' && isZero(losses)) return { why: 'every rate is at its target', path: '/loss/target' };
  if (loss.type === 'cotangent' && hasNoCotangent(loss)) return { why: 'all cotangents of the loss are 0', path: '/loss' };
  const through = new Set(names.flatMap((name) => pathsOf(job, name)));
  if (isSilent && [...through].every((path) => path === 'reset.value'))
    return { why: 'no neuron fired, so that nothing was reset', path: '/current' };
  const isLossOnSpikes = loss.type !== 'cotangent' || loss.spikes !== undefined;
  const actsBySpikes = [...through].every((path) => path === 'threshold' || path === 'surrogate');
  if (!isLossOnSpikes && actsBySpikes && detachRemedy(problem) === undefined)
    return {
      why: 'it acts through spikes alone, of which the loss has no cotangent and the reset none that is differentiated',
      path: '/loss',
    };
  if (isLossOnSpikes && (through.has('threshold') || through.has('current'))) {
    const fired = isSilent ? 'no neuron fired' : 'neurons fired';
    const few = problem.steps <= 2 ? `, in ${problem.steps === 1 ? 'a single step' : '2 steps'}` : '';
    const why = `${fired}${few}, and the surrogate's gradient is 0 in ${dtypeOf(job)} at every distance of v_pre from the threshold that occurred`;
    return { why, path: '/surrogate' };
  }
  return { why: 'it changed nothing that the loss depends on', path: '/wrt' };
}

/** What a quantity acts through: the input, the surrogate, or terms of the step by their paths. */
function pathsOf({ problem }: LifGradJob, name: string): readonly string[] {
  if (name === 'current') return ['current'];
  if (name.startsWith('surrogate.')) return ['surrogate'];
  return programOf(problem)
    .slopes(name)
    .map(({ path }) => path);
}

function hasNoCotangent(loss: Extract<LifGradJob['loss'], { type: 'cotangent' }>): boolean {
  const quantities: readonly (Quantity | undefined)[] = [...lossRecords.map((record) => loss[record]), ...Object.values(loss.state ?? {})];
  return quantities.every(
    (quantity) => quantity === undefined || (quantity.per === 'scalar' ? quantity.value === 0 : isZeros(quantity.values)),
  );
}

/** Whether all numbers are 0; not of more than are looked at. */
function isZeros(numbers: Numbers): boolean {
  return isZero(extremes(numbers));
}

function isZero(numbers: Iterable<number> & { readonly length: number }): boolean {
  if (numbers.length > maxInspected) return false;
  for (const number of numbers) if (number !== 0) return false;
  return true;
}

function listed(names: readonly string[]): string {
  const rest = names.length - maxListed;
  return names.slice(0, maxListed).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
