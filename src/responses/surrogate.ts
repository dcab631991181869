import { AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import type { SurrogateEvalResult, SurrogateGradResult } from '../compute/jobs.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import type { SurrogateEvalPlan, SurrogateGradPlan } from '../requests/plan.ts';

/** A surrogate as answers show it: its name and every parameter. */
export function surrogateNode({ name, parameters }: Surrogate): AnswerNode {
  return { name, ...parameters };
}

/** The answer of `/surrogate/eval`, but for `meta`. */
export function surrogateEvalAnswer({ job, shape }: SurrogateEvalPlan, results: SurrogateEvalResult): { results: AnswerNode } {
  return {
    results: results.map(({ spike, value }, i) => ({
      surrogate: surrogateNode(job.surrogates[i]!),
      ...(spike && { spike: new AnswerTensor(spike, shape) }),
      ...(value && { value: new AnswerTensor(value, shape) }),
    })),
  };
}

/** The answer of `/surrogate/grad`, but for `meta`. */
export function surrogateGradAnswer({ job, shape }: SurrogateGradPlan, results: SurrogateGradResult): { results: AnswerNode } {
  return { results: results.map(({ grad }, i) => ({ surrogate: surrogateNode(job.surrogates[i]!), grad: new AnswerTensor(grad, shape) })) };
}
