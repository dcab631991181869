import { AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import type { LifGradResult, LifProblem, LifSimulateResult, Recordable, Values } from '../compute/jobs.ts';
import type { LifGradPlan, LifSimulatePlan } from '../requests/plan.ts';
import { surrogateNode } from './surrogate.ts';

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
      return new AnswerRows(Float64Array.from(spikeSteps, (step) => step * dt), offsets, 'spike_time_offsets');
    }
  }
}

/** The answer of `/lif/grad`, but for `meta`. */
export function lifGradAnswer({ job, gradShapes }: LifGradPlan, results: LifGradResult): { results: AnswerNode } {
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

/** A gradient in the shape in which its quantity was given: what was broadcast over the neurons is summed over them. */
function gradientNode(grad: number | Values, shape: readonly number[], { neurons, steps }: LifProblem): AnswerNode {
  if (typeof grad === 'number') {
    // The sum over no neurons is 0, not the -0 that a back-end's negative factor makes of it.
    const sum = neurons === 0 ? 0 : grad;
    return shape.length === 0 ? new AnswerNumber(sum) : new AnswerTensor(Float64Array.of(sum), shape);
  }
  const wasRepeated = shape.length === 2 && shape[0] !== neurons;
  return new AnswerTensor(wasRepeated ? sumOverNeurons(grad, neurons, steps) : grad, shape);
}

function sumOverNeurons(grad: Values, neurons: number, steps: number): Float64Array {
  const sum = new Float64Array(steps);
  for (let b = 0; b < neurons; b++) {
    for (let t = 0; t < steps; t++) sum[t]! += grad[b * steps + t]!;
  }
  return sum;
}
