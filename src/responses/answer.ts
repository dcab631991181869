import type { AnswerNode } from '../codecs/answer.ts';
import type { ResultOf } from '../compute/jobs.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { lifGradAnswer, lifSimulateAnswer } from './lif.ts';
import { surrogateEvalAnswer, surrogateGradAnswer } from './surrogate.ts';

export type AnswerFields = Readonly<Record<string, AnswerNode>>;

type Fields = Record<string, AnswerNode>;
type Answers = { readonly [O in Operation]: (plan: Plans[O], result: ResultOf[O]) => Fields | Promise<Fields> };

const answers: Answers = {
  surrogate_eval: surrogateEvalAnswer,
  surrogate_grad: surrogateGradAnswer,
  lif_simulate: lifSimulateAnswer,
  lif_grad: lifGradAnswer,
};

/** What a plan's result is answered as, but for `meta`. */
export function answerFields<O extends Operation>(operation: O, plan: Plans[O], result: ResultOf[O]): Fields | Promise<Fields> {
  return answers[operation](plan, result);
}
