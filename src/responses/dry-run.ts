import { bytesPerValue } from '../codecs/tensor-bytes.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import type { Estimate } from '../compute/engine/engine.ts';
import { jobBytes, jobElements } from '../compute/job-size.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { inMicroseconds } from './milliseconds.ts';
import { answerOutline, type AnswerOutline, type TensorOutline } from './outline.ts';
import { answerSize } from './size.ts';
import { surrogateNode } from './surrogate.ts';

/**
 * What a plan would be answered as, and about what it would cost, without running it.
 *
 * @param estimate by whom it would be done, and how long that would take.
 */
export function dryRunAnswer<O extends Operation>(operation: O, plan: Plans[O], { backend, computeMs, queueMs }: Estimate): object {
  const outline = answerOutline(operation, plan);
  const { name, device, dtype } = backend;
  return {
    dry_run: true,
    ...fieldsOf(outline),
    estimate: {
      elements: jobElements(plan.job),
      memory_bytes: jobBytes(plan.job),
      answer_bytes: {
        binary: Math.max(1, outline.surrogates.length) * outline.tensors.reduce((bytes, tensor) => bytes + binaryBytes(tensor), 0),
        json: answerSize(operation, plan, 'json').bytes,
        base64: answerSize(operation, plan, 'base64').bytes,
      },
      compute_ms: inMicroseconds(computeMs),
      queue_ms: inMicroseconds(queueMs),
    },
    meta: { backend: name, device, dtype },
  };
}

/** The answer's fields, with an outline where a tensor would be. */
function fieldsOf({ surrogates, tensors }: AnswerOutline): object {
  const fields: Record<string, object> = {};
  for (const tensor of tensors) {
    const [name, inner] = tensor.path;
    if (inner === undefined) fields[name] = tensorNode(tensor);
    else fields[name] = { ...fields[name], [inner]: tensorNode(tensor) };
  }
  return surrogates.length === 0
    ? fields
    : { results: surrogates.map((surrogate) => ({ surrogate: surrogateNode(surrogate), ...fields })) };
}

/** Its shape, its type and its bytes; of rows how many they are, and the most bytes they could take. */
function tensorNode(tensor: TensorOutline): object {
  const { shape, type: dtype, rows } = tensor;
  return rows === undefined ? { shape, dtype, bytes: binaryBytes(tensor) } : { rows, dtype, most_bytes: binaryBytes(tensor) };
}

function binaryBytes({ shape, type }: TensorOutline): number {
  return sizeOf(shape) * bytesPerValue[type];
}
