import { CachedTensor } from '../../codecs/request-tensors.ts';
import { isElementType } from '../../codecs/element-types.ts';
import type { Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../../codecs/tensor.ts';
import { isGenerated, type Numbers } from '../../compute/numbers.ts';
import type { Dtype, NetworkLayer } from '../../compute/jobs.ts';
import { weightNames, type WeightName } from '../../compute/networks/layers.ts';
import type { Limits } from '../../config/limits.ts';
import { describe, shapeText } from '../../errors/describe.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import type { LayerRequest } from '../../schemas/network.ts';
import { hasSpikes, readNeuron, type Neuron } from '../neurons/neurons.ts';
import type { SentTensor } from '../plan.ts';
import { readNeuronSurrogates } from '../surrogates/surrogates.ts';

/** A layer of a request. */
export interface ReadLayer {
  readonly layer: NetworkLayer;
  readonly neuron: Neuron;
  /** Of its tensors those that a later request may name by their bytes. */
  readonly sent: readonly SentTensor[];
}

/** Where a layer stands in a request. */
export interface LayerContext {
  readonly index: number;
  readonly isLast: boolean;
  /** What the layer gets in a step: how many numbers, and from where; undefined where that could not be read. */
  readonly below: { readonly width: number; readonly from: string } | undefined;
  /** The names of the neuron's parameters that are differentiated by, right or wrong. */
  readonly differentiated: readonly string[];
  /** What the request is computed in; undefined for float32. */
  readonly dtype: Dtype | undefined;
}

/** Reads a layer; what is wrong goes to `errors`, and the answer is then null. */
export function readLayer(request: LayerRequest, context: LayerContext, errors: InputErrors, limits: Limits): ReadLayer | null {
  const { index, isLast } = context;
  const at = `/layers/${index}`;
  const neuron = readNeuron({ ...request, wrt: context.differentiated }, errors, limits, at);
  const surrogates = neuron && readNeuronSurrogates(request.surrogate, neuron, errors, at);
  if (surrogates !== null && surrogates.length > 1)
    errors.add(`${at}/surrogate`, `must be one surrogate for a layer, got ${describe(request.surrogate)}`);
  if (neuron !== null && !hasSpikes(neuron) && !isLast)
    errors.add(
      `${at}/neuron/model`,
      `is ${neuron.model.name}, which has no spikes, so that layer ${index + 1} would get nothing; it can be the last layer`,
    );
  const weight = readWeight(request, context, errors, limits);
  const neurons = weight?.shape[0];
  const read = (name: 'bias' | 'recurrent', shapeOf: (neurons: number) => readonly number[]): Tensor | null | undefined => {
    if (request[name] === undefined) return undefined;
    const tensor = decodeTensor(request[name], `${at}/${name}`, errors, limits);
    if (tensor === null || neurons === undefined || shapeText(tensor.shape) === shapeText(shapeOf(neurons))) return tensor;
    const axes = name === 'bias' ? '[N_out]' : '[N_out, N_out]';
    return errors.add(
      `${at}/${name}`,
      `has shape ${shapeText(tensor.shape)}, but ${at}/weight has shape ${shapeText(weight!.shape)}, for ${neurons} neurons: ${axes} must be ${shapeText(shapeOf(neurons))}`,
    );
  };
  const bias = read('bias', (length) => [length]);
  const recurrent = read('recurrent', (length) => [length, length]);
  if (neuron !== null && neurons !== undefined) checkParameters(neuron, neurons, `${at}/weight`, errors);
  const ratePenalty = readPenalty(request, context, errors);
  if (weight === null || bias === null || recurrent === null || neuron === null || surrogates === null || ratePenalty === null) return null;
  const tensors: Readonly<Record<WeightName, Tensor | undefined>> = { weight, bias, recurrent };
  return {
    layer: {
      neurons: weight.shape[0]!,
      weight: weight.values,
      ...(bias && { bias: bias.values }),
      ...(recurrent && { recurrent: recurrent.values }),
      model: neuron.model.name,
      options: neuron.options,
      parameters: neuron.parameters,
      surrogate: surrogates[0]!,
      ...(ratePenalty && { ratePenalty }),
    },
    neuron,
    sent: weightNames.flatMap((name) => {
      const tensor = tensors[name];
      const sent = tensor && sentAs(request[name], tensor.values, context.dtype);
      return sent === undefined ? [] : [{ layer: index, name, shape: tensor!.shape, ...sent }];
    }),
  };
}

function readWeight({ weight }: LayerRequest, { index, below }: LayerContext, errors: InputErrors, limits: Limits): Tensor | null {
  const path = `/layers/${index}/weight`;
  const tensor = decodeTensor(weight, path, errors, limits);
  if (tensor === null) return null;
  const { shape } = tensor;
  if (shape.length !== 2) return errors.add(path, `must have the shape [N_out, N_in], got ${shapeText(shape)}`);
  const [neurons, inputs] = shape as readonly [number, number];
  if (neurons === 0) return errors.add(path, `must have at least one neuron: has the shape [N_out, N_in] = ${shapeText(shape)}`);
  if (below === undefined || inputs === below.width) return tensor;
  const wanted = shapeText([neurons, below.width]);
  return errors.add(path, `has shape ${shapeText(shape)}, but ${below.from}: [N_out, N_in] must be ${wanted}`);
}

/** Checks that parameters are numbers, or one for each neuron of the layer. */
function checkParameters({ given }: Neuron, neurons: number, weightPath: string, errors: InputErrors): void {
  for (const { path, tensor } of given.values()) {
    const { shape } = tensor;
    if (shape.length > 1)
      errors.add(path, `must be a number or one value per neuron, shape [N_out] = [${neurons}]; got shape ${shapeText(shape)}`);
    else if (shape.length === 1 && shape[0] !== 1 && shape[0] !== neurons)
      errors.add(
        path,
        `has shape ${shapeText(shape)}, but the layer has ${neurons} neurons, the rows of ${weightPath}; take a number or [${neurons}]`,
      );
  }
}

function readPenalty(
  { rate_penalty: given }: LayerRequest,
  { index, isLast }: LayerContext,
  errors: InputErrors,
): NetworkLayer['ratePenalty'] | null {
  if (given === undefined) return undefined;
  const path = `/layers/${index}/rate_penalty`;
  if (isLast) return errors.add(path, 'is of hidden layers; what the last layer is to do is said by /loss');
  const { weight, target = 0 } = given;
  for (const [name, value] of Object.entries({ weight, target }))
    if (!isTensorNumber(value))
      return errors.add(`${path}/${name}`, `must be a finite number within float32's range, got ${describe(value)}`);
  return { weight, target };
}

/** The type in which a tensor was sent, and its bytes where the job may have them widened; undefined for what was not sent, as a linspace. */
function sentAs(given: unknown, values: Numbers, dtype: Dtype = 'float32'): Pick<SentTensor, 'dtype' | 'stored'> | undefined {
  if (given instanceof CachedTensor) return undefined;
  if (isGenerated(values)) {
    if (values.generate !== 'widened') return undefined;
    const { buffer, byteOffset, byteLength } = values.stored;
    return { dtype: values.type, stored: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const type = (given as { readonly dtype?: unknown }).dtype;
  if (!isElementType(type)) return { dtype };
  return type === 'float32' || type === 'float64' ? { dtype: type } : undefined;
}
