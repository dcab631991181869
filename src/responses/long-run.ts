import { AnswerBlocks, type TensorValues } from '../codecs/answer.ts';
import type { Answer } from '../compute/engine/engine.ts';
import type { LifSimulateJob, LifSimulateResult, Recordable } from '../compute/jobs.ts';
import { blockBounds, isPerStep, neuronBlock, type PerStep } from '../compute/long-run.ts';
import type { ResponseOutline } from './outline.ts';
import { metaOf, namedTensor, type ComputeResponse } from './response.ts';

/** Runs one job of a long run. */
type RunBlock = (job: LifSimulateJob) => Promise<LifSimulateResult>;

/** The part of a long run that is computed before its answer begins: the short records, and the final potentials, which show whether they stayed finite. */
export function summaryJob(job: LifSimulateJob): LifSimulateJob {
  const short = new Set<Recordable>(['v_final']);
  for (const name of job.record) if (!isPerStep(name)) short.add(name);
  return { ...job, record: short };
}

/** The answer of a long run: its summary, and per-step records that are computed block by block as they are sent, since running twice costs less than storing them. */
export function longRunResponse(
  { plan, tensors }: ResponseOutline,
  job: LifSimulateJob,
  summary: Answer<LifSimulateJob>,
  run: RunBlock,
): ComputeResponse {
  const blocks = (name: PerStep, shape: readonly number[]) =>
    new AnswerBlocks(name === 'spikes' ? 'uint8' : 'float', shape, () => blocksOf(job, name, run));
  const results = tensors.map((tensor) =>
    tensor.streams === undefined
      ? namedTensor(tensor, summary.result, plan)
      : { path: tensor.path, node: blocks(tensor.streams, tensor.shape) },
  );
  return { surrogates: [], results: [results], meta: metaOf(summary) };
}

async function* blocksOf(job: LifSimulateJob, name: PerStep, run: RunBlock): AsyncGenerator<TensorValues> {
  const bounds = blockBounds(job.problem);
  const start = (): Promise<LifSimulateResult> | undefined => {
    const block = bounds.next();
    if (block.done === true) return undefined;
    const running = run({ ...job, problem: neuronBlock(job.problem, ...block.value), record: new Set([name]) });
    // It may fail before it is awaited, or after the client has left.
    running.catch(() => undefined);
    return running;
  };
  // The next block is computed while one is sent.
  let next = start();
  while (next !== undefined) {
    const result = await next;
    next = start();
    yield result[name]!;
  }
}
