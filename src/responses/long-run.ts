import { AnswerBlocks, AnswerTensor, type AnswerNode, type TensorValues } from '../codecs/answer-tree.ts';
import type { Answer } from '../compute/engine/engine.ts';
import type { Values } from '../compute/numbers.ts';
import { recordPer, type LifSimulateJob, type LifSimulateResult } from '../compute/jobs.ts';
import { blockBounds, neuronBlock } from '../compute/long-run.ts';
import type { BatchAxes } from '../requests/neurons/batch-axes.ts';
import type { ResponseOutline } from './outline.ts';
import type { Note } from '../schemas/note-types.ts';
import { tensorNode, type ComputeResponse } from './response.ts';

/** Runs one job of a long run. */
type RunBlock = (job: LifSimulateJob) => Promise<LifSimulateResult>;

/** The part of a long run that is computed before its answer begins: the short records, and the final state. */
export function summaryJob(job: LifSimulateJob): LifSimulateJob {
  const short = new Set(['v_final', 'state']);
  for (const name of job.record) if (recordPer(name) !== 'step') short.add(name);
  return { ...job, record: short };
}

/** The final state of a long run as its answer would have it: it shows whether the run stayed finite. */
export function finalState({ v_final: v, state = {} }: LifSimulateResult, axes?: BatchAxes): AnswerNode {
  const tensor = (values: Values) => new AnswerTensor(values, axes?.neurons ?? [values.length]);
  return {
    ...(v && { v_final: tensor(v) }),
    state: Object.fromEntries(Object.entries(state).map(([name, values]) => [name, tensor(values)])),
  };
}

/** The answer of a long run: its summary, and per-step records that are computed block by block as they are sent, since running twice costs less than storing them. */
export function longRunResponse(
  outline: ResponseOutline,
  job: LifSimulateJob,
  { summary, notes }: { readonly summary: Answer<LifSimulateJob>; readonly notes: readonly Note[] },
  run: RunBlock,
): ComputeResponse {
  const nodes = outline.tensors.map((tensor) => {
    const { shape, type, streams } = tensor;
    if (streams === undefined) return tensorNode(tensor, summary.result, outline.plan);
    return new AnswerBlocks(type === 'uint8' ? type : 'float', shape, () => blocksOf(job, streams, run));
  });
  return { outline, results: [nodes], answer: summary, notes, streams: true };
}

async function* blocksOf(job: LifSimulateJob, name: string, run: RunBlock): AsyncGenerator<TensorValues> {
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
    const values = result.series[name];
    if (values === undefined) throw new Error(`a block has no ${name}`);
    yield values;
  }
}
