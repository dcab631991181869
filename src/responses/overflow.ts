import { NotFiniteError, type AnswerNode } from '../codecs/answer-tree.ts';
import { Pacer } from '../codecs/chunks.ts';
import { requireFinite } from '../codecs/finite-check.ts';
import { extremes, valueAt } from '../compute/numbers.ts';
import { dtypeOf, type Dtype, type Job, type NeuronProblem } from '../compute/jobs.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import { Problem } from '../errors/problems.ts';
import type { BatchAxes } from '../requests/neurons/batch-axes.ts';
import { axesOf, type Plan } from '../requests/plan.ts';
import { detachRemedy } from './detach-remedy.ts';
import { responseTree, type ComputeResponse, type ResultError } from './response.ts';

type NeuronJob = Extract<Job, { problem: NeuronProblem }>;

/** Explains an infinite or undefined number of a result: where it is, and its most likely cause. */
export function overflowProblem({ path, index, dtype }: NotFiniteError, job: Job, axes?: BatchAxes): Problem {
  if ('network' in job) return networkOverflow(path, index, dtype);
  if (!('problem' in job)) {
    return new Problem('numerical_overflow', `${path} leaves the range of ${dtype} at element [${index.join(', ')}] of x.`);
  }
  const { batch, neuron, step } = placeOf(index, axes);
  const at = [
    batch.length > 0 && `batch entry [${batch.join(', ')}]`,
    neuron !== undefined && `neuron ${neuron}`,
    step !== undefined && `step ${step}`,
  ].filter((part) => part !== false);
  const where = at.length > 0 ? ` at ${at.join(', ')}` : ', summed over the neurons';
  const flat = axes === undefined || neuron === undefined ? neuron : flatIndex([...batch, neuron], axes.neurons);
  return new Problem('numerical_overflow', `${path} leaves the range of ${dtype}${where}. ${likelyCause(job, path, flat, dtype)}`);
}

/** Names the quantity, whose path is one field of the answer. */
function networkOverflow(path: string, index: readonly number[], dtype: Dtype): Problem {
  const at = index.length > 0 ? ` at [${index.join(', ')}]` : '';
  return new Problem(
    'numerical_overflow',
    `${path.replaceAll('~1', '/')} leaves the range of ${dtype}${at}. Weights or inputs are too large for ${dtype}, an Euler step is longer than two time constants, or the gradient grows from step to step; "detach_reset": true in a layer stops growth through its reset.`,
  );
}

/** What the indices of a number in an answer are: of a batch entry, along leading axes, of a neuron, and of a step. */
function placeOf(index: readonly number[], axes: BatchAxes | undefined) {
  if (axes === undefined) return { batch: [], neuron: index[0], step: index[1] };
  const isPerStep = index.length > axes.neurons.length;
  const neurons = !isPerStep ? index : axes.timeFirst ? index.slice(1) : index.slice(0, -1);
  return { batch: neurons.slice(0, -1), neuron: neurons.at(-1), step: isPerStep ? index.at(axes.timeFirst ? 0 : -1) : undefined };
}

/** The index of a neuron among all of a batch; of a parameter that entries share, in the first. */
function flatIndex(index: readonly number[], shape: readonly number[]): number {
  const lead = shape.length - index.length;
  return index.reduce((flat, one, axis) => flat * shape[lead + axis]! + one, 0);
}

function likelyCause(job: NeuronJob, path: string, neuron: number | undefined, dtype: Dtype): string {
  return (
    unstableStep(job.problem, neuron) ??
    growthThroughReset(job, path) ??
    `The inputs are too large for ${dtype}, or the gradient grows from step to step; scale them down.`
  );
}

/** Says that a derivative which leaves its range has grown through the reset, where that is in the backward pass. */
function growthThroughReset({ kind, problem }: NeuronJob, path: string): string | undefined {
  const isDerivative = kind === 'lif_jvp' || (kind === 'lif_grad' && path.includes('/grad/'));
  const remedy = isDerivative ? detachRemedy(problem) : undefined;
  return (
    remedy &&
    `It has most likely grown from step to step through the reset: ${remedy.text} stops that, and so does a surrogate with a lower peak.`
  );
}

/** Says that the Euler step of a neuron in ms is longer than two time constants, where it is. */
function unstableStep({ model, options, parameters, dt, neurons }: NeuronProblem, neuron: number | undefined): string | undefined {
  const { tau } = parameters;
  if (tau === undefined || options.integration !== 'euler' || neuronModel(model).library !== null) return undefined;
  const smallest =
    tau.per === 'scalar'
      ? tau.value
      : neuron !== undefined && tau.values.length === neurons
        ? valueAt(tau.values, neuron)
        : smallestOf(extremes(tau.values));
  const ratio = dt / smallest;
  if (!(ratio > 2)) return undefined;
  return `With dt = ${dt} and tau = ${smallest}, dt / tau = ${Number(ratio.toPrecision(4))}: an Euler step is unstable above 2. Take a smaller dt or "integration": "exponential".`;
}

/** It is only a hint: the search ends here, so that no other request waits for it. */
const maxSearched = 2 ** 20;

function smallestOf(numbers: ArrayLike<number>): number {
  let smallest = Infinity;
  for (let i = 0; i < Math.min(numbers.length, maxSearched); i++) smallest = Math.min(smallest, numbers[i]!);
  return smallest;
}

/**
 * A response with an error in the place of each result that has a number that is not finite: a comparison of surrogates is not lost to one of them.
 * Where all numbers are finite it is the same response.
 *
 * @throws {Problem} `numerical_overflow` when no result is left, or a number outside of the results is not finite.
 */
export async function withResultErrors(response: ComputeResponse): Promise<ComputeResponse> {
  const { plan } = response.outline;
  const { results = [], ...rest } = responseTree(response);
  const outside = await findOverflow(rest, plan);
  if (outside !== undefined) throw outside;
  const items = results as readonly AnswerNode[];
  const errors = new Map<number, ResultError>();
  let first: Problem | undefined;
  const pacer = new Pacer();
  for (const [i, item] of items.entries()) {
    await pacer.pause();
    const problem = await findOverflow(item, plan, `/results/${i}`);
    if (problem === undefined) continue;
    first ??= problem;
    errors.set(i, { code: problem.code, detail: problem.message });
  }
  if (first === undefined) return response;
  if (errors.size === items.length) throw first;
  return { ...response, errors };
}

/** What is wrong with the first number of a part of an answer that is not finite. */
export async function findOverflow(node: AnswerNode, plan: Plan, path = ''): Promise<Problem | undefined> {
  try {
    await requireFinite(node, dtypeOf(plan.job), path);
    return undefined;
  } catch (error) {
    if (error instanceof NotFiniteError) return overflowProblem(error, plan.job, axesOf(plan));
    throw error;
  }
}
