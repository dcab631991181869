import { AnswerBlocks, AnswerTensor, type AnswerNode, type TensorValues } from '../codecs/answer.ts';
import type { LifSimulateJob, LifSimulateResult, Recordable } from '../compute/jobs.ts';
import { blockBounds, isPerStep, neuronBlock, type PerStep } from '../compute/long-run.ts';
import type { LifSimulatePlan } from '../requests/plan.ts';
import { lifSimulateAnswer } from './lif.ts';

/** Runs one job of a long run. */
export type RunBlock = (job: LifSimulateJob) => Promise<LifSimulateResult>;

/**
 * What of a long run is computed before its answer begins: everything that has one value or a few for each neuron, and where the
 * potentials end, which shows whether they stayed finite.
 */
export function summaryJob(job: LifSimulateJob): LifSimulateJob {
  const brief = new Set<Recordable>(['v_final']);
  for (const name of job.record) if (!isPerStep(name)) brief.add(name);
  return { ...job, record: brief };
}

/**
 * The answer of a long run, but for `meta`: what its summary holds, and, for each record over time, the potentials or spikes as they are
 * computed anew when it is their turn. Running forward again costs less than keeping them.
 */
export function longRunAnswer(plan: LifSimulatePlan, summary: LifSimulateResult, run: RunBlock): Record<string, AnswerNode> {
  const { problem, record } = plan.job;
  const brief = lifSimulateAnswer(
    { ...plan, job: { ...plan.job, record: new Set([...record].filter((name) => !isPerStep(name))) } },
    summary,
  );
  const answer: Record<string, AnswerNode> = {};
  for (const name of record) {
    answer[name] = isPerStep(name)
      ? new AnswerBlocks(name === 'spikes' ? 'uint8' : 'float', [problem.neurons, problem.steps], () => blocksOf(plan.job, name, run))
      : brief[name]!;
  }
  return answer;
}

/** The fields of a summary that say whether the potentials stayed finite. */
export function finalPotentials({ job }: LifSimulatePlan, { v_final }: LifSimulateResult): Record<string, AnswerNode> {
  return { v_final: new AnswerTensor(v_final!, [job.problem.neurons]) };
}

async function* blocksOf(job: LifSimulateJob, name: PerStep, run: RunBlock): AsyncGenerator<TensorValues> {
  const bounds = blockBounds(job.problem);
  const start = (): Promise<LifSimulateResult> | undefined => {
    const block = bounds.next();
    if (block.done === true) return undefined;
    const running = run({ ...job, problem: neuronBlock(job.problem, ...block.value), record: new Set([name]) });
    // It may fail while nobody waits for it yet, or any more.
    running.catch(() => undefined);
    return running;
  };
  // One block is computed while the one before it leaves.
  let next = start();
  while (next !== undefined) {
    const result = await next;
    next = start();
    yield result[name]!;
  }
}
