import { jobElements, resultValues } from '../../compute/job-size.ts';
import type { Dtype, Network, NetworkGradJob, NetworkSimulateJob, NeuronProblem } from '../../compute/jobs.ts';
import { layerPath, layerProblem, layerWrt, parameterOf, parseLayerPath } from '../../compute/networks/layers.ts';
import { recordsOfLoss } from '../../compute/networks/network-loss.ts';
import { checkSteps, checkValues, checkWork, type Limits } from '../../config/limits.ts';
import { InputErrors } from '../../errors/input-errors.ts';
import type { LayerRequest, NetworkGradRequest, NetworkSimulateRequest } from '../../schemas/network.ts';
import type { Batch } from '../neurons/batch-axes.ts';
import { checkDerived, checkDt, checkThreshold, stepMilliseconds } from '../neurons/neuron-problem.ts';
import { checkHasGradient, checkLossOfNeuron, decodeLoss, lossOf, recordLossOf } from '../neurons/losses.ts';
import { readLayer, type ReadLayer } from './network-layers.ts';
import { layerRecords, networkQuantities, networkRecords, weightPaths, type PathLayer } from './network-paths.ts';
import { placeNamedTensors, type KeptTensors } from './named-tensors.ts';
import { readNetworkInput } from './network-input.ts';
import { readOptions } from '../options.ts';
import type { PlannedGradient, Plans } from '../plan.ts';
import { distinctNames } from '../validation.ts';

/**
 * @param kept tensors that the request names; undefined where they were not looked up.
 * @throws {NamedTensorsError} where they have to be.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function networkSimulatePlan(request: NetworkSimulateRequest, limits: Limits, kept?: KeptTensors): Plans['network_simulate'] {
  placeNamedTensors(request.layers, kept);
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const read = readNetwork(request, [], precision.dtype, errors, limits);
  const record = readRecords(request, read.paths, errors);
  const { network, timeFirst, sent } = finish(read, errors);
  const job: NetworkSimulateJob = { kind: 'network_simulate', ...precision, network, record };
  checkJob(job, limits);
  checkValues(resultValues(job), `Recording ${['spike_counts', ...record].join(', ')}`, limits);
  return { job, timeFirst, sent, options };
}

/**
 * @param kept tensors that the request names; undefined where they were not looked up.
 * @throws {NamedTensorsError} where they have to be.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function networkGradPlan(request: NetworkGradRequest, limits: Limits, kept?: KeptTensors): Plans['network_grad'] {
  placeNamedTensors(request.layers, kept);
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const { loss: lossRequest = { type: 'spike_count' }, reduction = 'mean' } = request;
  const read = readNetwork(request, Array.isArray(request.wrt) ? request.wrt : [], precision.dtype, errors, limits);
  const names =
    request.wrt === undefined ? weightPaths(read.paths) : distinctNames(request.wrt, networkQuantities(read.paths), '/wrt', errors);
  if ('state' in lossRequest) errors.add('/loss/state', 'is of /lif/grad alone: take cotangents of "spikes", "v" or "v_pre"');
  const decoded = decodeLoss(lossRequest, errors, limits);
  for (const [index, layer] of read.layers.entries()) if (layer !== null) checkHasGradient(layer.neuron, errors, `/layers/${index}`);
  const last = read.layers.at(-1);
  if (last) checkLossOfNeuron(last.neuron, request.loss, errors);
  const { network, timeFirst, sent, layers } = finish(read, errors);

  const batch = lastNeurons(network, timeFirst);
  const { problem } = batch;
  for (const [index, { layer }] of layers.entries())
    checkThreshold([layer.surrogate], layerProblem(network, index), errors, `/layers/${index}`);
  const loss = recordLossOf(decoded, batch, errors, limits) ?? lossOf(decoded, batch, errors, limits);
  const wrt = [...errors.requireAll({ names }).names];
  const job: NetworkGradJob = { kind: 'network_grad', ...precision, network, loss, reduction, wrt };
  checkJob(job, limits);
  checkValues(resultValues(job), 'The gradients', limits);
  const perStep = recordsOfLoss(loss, problem).length;
  checkValues(2 * perStep * problem.neurons * problem.steps, `The records and cotangents of the loss ${loss.type}`, limits);
  return { job, timeFirst, sent, quantities: wrt.map((path) => quantityOf(path, network, layers, timeFirst)), options };
}

interface NetworkRequest {
  readonly input: unknown;
  readonly dt?: number;
  readonly time_axis?: 0 | -1;
  readonly layers: readonly LayerRequest[];
}

/** A network with null in the place of what could not be read. */
interface PartlyRead {
  readonly input: ReturnType<typeof readNetworkInput>;
  readonly layers: readonly (ReadLayer | null)[];
  readonly paths: readonly PathLayer[];
  readonly dt: number | null;
  readonly timeFirst: boolean;
}

/**
 * @param wrt names of quantities, right or wrong.
 * @param dtype what the request is computed in.
 */
function readNetwork(
  request: NetworkRequest,
  wrt: readonly unknown[],
  dtype: Dtype | undefined,
  errors: InputErrors,
  limits: Limits,
): PartlyRead {
  const timeFirst = request.time_axis === 0;
  const input = readNetworkInput(request.input, timeFirst, errors, limits);
  let below = input === null ? undefined : { width: input.inputs, from: `/input has ${input.inputs} inputs` };
  const layers = request.layers.map((one, index): ReadLayer | null => {
    const isLast = index === request.layers.length - 1;
    const context = { index, isLast, below, differentiated: parametersOf(wrt, index), dtype };
    const layer = readLayer(one, context, errors, limits);
    below = layer === null ? undefined : { width: layer.layer.neurons, from: `layer ${index} has ${layer.layer.neurons} neurons` };
    return layer;
  });
  const paths = layers.map((layer, index) => ({ neuron: layer?.neuron ?? null, request: request.layers[index]! }));
  return { input, layers, paths, dt: readDt(request.dt, layers, errors), timeFirst };
}

/** The parameters of a layer's neuron that names of `wrt` are about. */
function parametersOf(wrt: readonly unknown[], layer: number): readonly string[] {
  return layerWrt(
    wrt.filter((path) => typeof path === 'string'),
    layer,
  ).parameters;
}

function readDt(given: number | undefined, layers: readonly (ReadLayer | null)[], errors: InputErrors): number | null {
  if (given !== undefined) return checkDt(given, errors);
  const own = layers.flatMap((layer) => (layer === null ? [] : [stepMilliseconds(layer.neuron)]));
  const [first] = own;
  if (first === undefined) return null;
  const other = own.findIndex((dt) => dt !== first);
  if (other < 0) return first;
  const names = [0, other].map((index) => `${own[index]!} ms for ${layers[index]?.neuron.model.name ?? 'others'}`);
  return errors.add('/dt', `is required, since the layers' neurons have different ones: ${names.join(', ')}`);
}

/** @throws {Problem} with all that is wrong so far, or when the run would have too many steps. */
function finish({ input, layers, dt, timeFirst }: PartlyRead, errors: InputErrors) {
  const read = errors.requireAll({ input, dt });
  const complete = layers.filter((layer) => layer !== null);
  checkSteps(read.input.steps);
  const network: Network = { ...read.input, dt: read.dt, layers: complete.map(({ layer }) => layer) };
  for (const [index, { neuron }] of complete.entries())
    if (neuron.model.library !== null) checkDerived(layerProblem(network, index), neuron, errors, `/layers/${index}`);
  return { network, timeFirst, layers: complete, sent: complete.flatMap((layer) => layer.sent) };
}

/** The paths that a request and its layers record. */
function readRecords(request: NetworkSimulateRequest, layers: readonly PathLayer[], errors: InputErrors): readonly string[] {
  const all = request.record === undefined ? new Set<string>() : distinctNames(request.record, networkRecords(layers), '/record', errors);
  const record = new Set(all);
  for (const [index, { neuron, request: layer }] of layers.entries()) {
    if (layer.record === undefined || neuron === null) continue;
    const path = `/layers/${index}/record`;
    for (const name of distinctNames(layer.record, layerRecords(neuron), path, errors) ?? []) {
      const whole = layerPath(index, name);
      if (record.has(whole)) errors.add(path, `has "${name}", which /record has as "${whole}"; give it once`);
      record.add(whole);
    }
  }
  return [...record];
}

/** The neurons of the last layer, of all samples, as a loss sees them. */
function lastNeurons(network: Network, timeFirst: boolean): Batch & { readonly problem: NeuronProblem } {
  const problem = layerProblem(network, network.layers.length - 1);
  const { samples } = network;
  return {
    problem: { ...problem, neurons: samples * problem.neurons },
    axes: { neurons: [samples, problem.neurons], timeFirst, sharesParameters: true },
  };
}

function checkJob(job: NetworkSimulateJob | NetworkGradJob, limits: Limits): void {
  const { samples, steps, inputs, layers } = job.network;
  const sizes = [inputs, ...layers.map(({ neurons }) => neurons)].join('-');
  checkWork(jobElements(job), () => `${samples} samples x ${steps} steps of a network ${sizes}, with its products`, limits);
}

/** A quantity that a gradient is taken with respect to, and its shape. */
function quantityOf(path: string, { samples, steps, inputs }: Network, layers: readonly ReadLayer[], timeFirst: boolean): PlannedGradient {
  return { name: path, path: ['grad', path], shape: shapeOf() };

  function shapeOf(): readonly number[] {
    const parsed = parseLayerPath(path);
    if (parsed === undefined) return timeFirst ? [steps, samples, inputs] : [samples, inputs, steps];
    const { layer, neuron } = layers[parsed.layer]!;
    if (parsed.name === 'weight') return [layer.neurons, layer.weight.length / layer.neurons];
    if (parsed.name === 'recurrent') return [layer.neurons, layer.neurons];
    if (parsed.name === 'bias') return [layer.neurons];
    return neuron.given.get(parameterOf(parsed.name)!)?.tensor.shape ?? [];
  }
}
