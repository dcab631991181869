import { AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { Pacer, sliceValues } from '../codecs/chunks.ts';
import type { LifGradResult, LifProblem, LifSimulateResult, Recordable, Values } from '../compute/jobs.ts';
import type { LifGradPlan, LifSimulatePlan } from '../requests/plan.ts';
import { surrogateNode } from './surrogate.ts';

/** Sums that are added up at a time: few enough for the first-level cache. */
const maxSums = 2048;

/** The answer of `/lif/simulate`, but for `meta`: what was asked for, in that order. */
export function lifSimulateAnswer({ job }: LifSimulatePlan, result: LifSimulateResult): Record<string, AnswerNode> {
  const answer: Record<string, AnswerNode> = {};
  for (const name of job.record) answer[name] = recordedNode(name, job.problem, result);
  return answer;
}

function recordedNode(name: Recordable, { neurons, steps, dt }: LifProblem, result: LifSimulateResult): AnswerNode {
  switch (name) {
    case 'spike_counts':
    case 'firing_rates':
    case 'v_final':
      return new AnswerTensor(result[name]!, [neurons]);
    case 'spikes':
    case 'v':
    case 'v_pre':
      return new AnswerTensor(result[name]!, [neurons, steps]);
    case 'spike_times': {
      const { steps: spikeSteps, offsets } = result.spike_steps!;
      return new AnswerRows(spikeSteps, offsets, 'spike_time_offsets', dt);
    }
  }
}

/** The answer of `/lif/grad`, but for `meta`. A promise where gradients have to be summed, which changes those of the result. */
export function lifGradAnswer(plan: LifGradPlan, results: LifGradResult): { results: AnswerNode } | Promise<{ results: AnswerNode }> {
  const { problem, wrt } = plan.job;
  const shape = plan.gradShapes.current;
  const isShared = shape.length === 2 && shape[0] !== problem.neurons && wrt.includes('current');
  return isShared ? sumCurrents(results, problem).then((summed) => lifGradNodes(plan, summed)) : lifGradNodes(plan, results);
}

function lifGradNodes({ job, gradShapes }: LifGradPlan, results: LifGradResult): { results: AnswerNode } {
  const { problem, surrogates, wrt } = job;
  return {
    results: results.map(({ loss, spike_counts, grad }, i) => {
      const gradients: Record<string, AnswerNode> = {};
      for (const name of wrt) gradients[name] = gradientNode(grad[name]!, gradShapes[name], problem);
      return {
        surrogate: surrogateNode(surrogates[i]!),
        loss: new AnswerTensor(loss, [problem.neurons]),
        spike_counts: new AnswerTensor(spike_counts, [problem.neurons]),
        grad: gradients,
      };
    }),
  };
}

/** A gradient in the shape in which its quantity was given. */
function gradientNode(grad: number | Values, shape: readonly number[], { neurons }: LifProblem): AnswerNode {
  if (typeof grad !== 'number') return new AnswerTensor(grad, shape);
  // The sum over no neurons is 0, not the -0 that a back-end's negative factor makes of it.
  const sum = neurons === 0 ? 0 : grad;
  return shape.length === 0 ? new AnswerNumber(sum) : new AnswerTensor(Float64Array.of(sum), shape);
}

/** Results whose gradient of a current that all neurons share is the sum over them. */
async function sumCurrents(results: LifGradResult, problem: LifProblem): Promise<LifGradResult> {
  const pacer = new Pacer();
  const summed: LifGradResult[number][] = [];
  for (const result of results)
    summed.push({ ...result, grad: { ...result.grad, current: await sumOverNeurons(result.grad.current as Values, problem, pacer) } });
  return summed;
}

/** Sums in float64 and leaves the sums in the first neuron's place, so that they take no more memory. */
async function sumOverNeurons(grad: Values, { neurons, steps }: LifProblem, pacer: Pacer): Promise<Values> {
  if (neurons === 0) return new Float64Array(steps);
  let added = 0;
  for (let from = 0; from < steps; from += maxSums) {
    const sums = new Float64Array(Math.min(maxSums, steps - from));
    for (let b = 0; b < neurons; b++) {
      const row = b * steps + from;
      for (let t = 0; t < sums.length; t++) sums[t]! += grad[row + t]!;
      added += sums.length;
      if (added < sliceValues) continue;
      await pacer.pause();
      added = 0;
    }
    grad.set(sums, from);
  }
  return grad.subarray(0, steps);
}
