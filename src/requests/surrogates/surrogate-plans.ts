import { broadcastValues, canBroadcast, type Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor } from '../../codecs/tensor.ts';
import { valueAt } from '../../compute/numbers.ts';
import type { Surrogate } from '../../compute/surrogates/definition.ts';
import { checkValues, checkWork, type Limits } from '../../config/limits.ts';
import { shapeText } from '../../errors/describe.ts';
import { InputErrors } from '../../errors/input-errors.ts';
import { evaluable, type SurrogateEvalRequest, type SurrogateGradRequest } from '../../schemas/surrogate.ts';
import { readOptions } from '../options.ts';
import type { Plans } from '../plan.ts';
import { readSurrogates } from './surrogates.ts';
import { distinctNames, nameSet } from '../validation.ts';

const evaluableNames = nameSet(evaluable);

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateEvalPlan(request: SurrogateEvalRequest, limits: Limits): Plans['surrogate_eval'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const { x, surrogates, outputs } = errors.requireAll({
    x: decodeTensor(request.x, '/x', errors, limits),
    surrogates: readSurrogates(request.surrogate, errors),
    outputs: distinctNames(request.outputs ?? evaluable, evaluableNames, '/outputs', errors),
  });
  checkSize(x, surrogates, outputs.size, limits);
  const selected = { spike: outputs.has('spike'), value: outputs.has('value') };
  return { job: { kind: 'surrogate_eval', ...precision, x: x.values, surrogates, outputs: selected }, shape: x.shape, options };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateGradPlan(request: SurrogateGradRequest, limits: Limits): Plans['surrogate_grad'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const read = {
    x: decodeTensor(request.x, '/x', errors, limits),
    surrogates: readSurrogates(request.surrogate, errors),
    cotangent: request.cotangent === undefined ? undefined : decodeTensor(request.cotangent, '/cotangent', errors, limits),
  };
  if (read.x && read.cotangent && !canBroadcast(read.cotangent.shape, read.x.shape)) {
    const [given, wanted] = [shapeText(read.cotangent.shape), shapeText(read.x.shape)];
    errors.add('/cotangent', `has shape ${given}, which does not broadcast to the shape ${wanted} of /x`);
  }
  const { x, surrogates, cotangent } = errors.requireAll(read);
  checkSize(x, surrogates, 1, limits);
  const factor =
    cotangent === undefined ? 1 : cotangent.shape.length === 0 ? valueAt(cotangent.values, 0) : broadcastValues(cotangent, x.shape);
  return { job: { kind: 'surrogate_grad', ...precision, x: x.values, surrogates, cotangent: factor }, shape: x.shape, options };
}

function checkSize({ values }: Tensor, surrogates: readonly Surrogate[], outputs: number, limits: Limits): void {
  const results = values.length * surrogates.length;
  checkWork(results, () => 'elements of x x surrogates', limits);
  checkValues(results * outputs, 'The answer', limits);
}
