import { areBits } from '../../../numbers.ts';
import { dtypeOf, type LossRecord, type NetworkGradJob, type NetworkJob } from '../../../jobs.ts';
import { layerProblem, layerWrt, lowestLayer } from '../../../networks/layers.ts';
import { recordsOfLayer } from '../../../networks/network-loop.ts';
import { cotangentForms } from '../../../networks/network-loss.ts';
import { pathsOf, programOf } from '../../../neurons/terms.ts';
import { surrogateShape } from '../../../surrogates/shape.ts';
import { lanesOf } from '../ir/lanes.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import {
  keptLeaves,
  layerBackwardRequest,
  layerForwardRequest,
  type LayerBackwardSpec,
  type LayerKernelSpec,
} from '../kernels/layer-kernel.ts';
import { bitListKernelRequest, listKernelRequest, turnKernelRequest } from '../kernels/list-kernels.ts';
import { panelKernelRequest, productKernelRequest, sumKernelRequest, transposeKernelRequest } from '../kernels/matrix-kernels.ts';
import type { NeuronKernelSpec } from '../kernels/neuron-kernel.ts';
import { specOf } from '../problem-layout.ts';

/** What shapes a layer's kernels: its backward pass where it has one. */
export interface LayerKernels {
  readonly spec: LayerKernelSpec;
  readonly backward: LayerBackwardSpec | undefined;
}

/** @param neurons what shapes any kernel of the layer's neurons. */
export function layerKernels(job: NetworkJob, index: number, neurons: NeuronKernelSpec): LayerKernels {
  const { layers } = job.network;
  const layer = layers[index]!;
  const isRecurrent = layer.recurrent !== undefined;
  const surrogate = surrogateShape(layer.surrogate);
  const record = recordsOfLayer(job, index);
  const backward = job.kind === 'network_grad' && index >= lowestLayer(job.wrt) ? backwardSpec(job, index, neurons) : undefined;
  const spec: LayerKernelSpec = {
    ...neurons,
    surrogate,
    isRecurrent,
    listsSpikes: isRecurrent || index < layers.length - 1,
    record: record.filter((name) => name !== 'firing_rates' && name !== 'v_final'),
    writesFinal: record.includes('v_final'),
    sumsReturned: record.includes('firing_rates') && neurons.program.step.spikes !== undefined,
    kept: backward === undefined ? [] : keptLeaves(neurons, surrogate, backward),
  };
  return { spec, backward };
}

function backwardSpec({ network, loss, wrt }: NetworkGradJob, index: number, { program }: NeuronKernelSpec): LayerBackwardSpec {
  const { parameters, bias } = layerWrt(wrt, index);
  return { bars: cotangentsOf(network, loss, index), paths: pathsOf(program, parameters), sumsCurrent: bias };
}

/** Where the cotangents of a layer's records come from. */
function cotangentsOf(network: NetworkGradJob['network'], loss: NetworkGradJob['loss'], index: number): LayerBackwardSpec['bars'] {
  const { recurrent, ratePenalty } = network.layers[index]!;
  if (index < network.layers.length - 1) return { spikes: ['step', ...(ratePenalty === undefined ? [] : (['neuron'] as const))] };
  const bars: Partial<Record<LossRecord, readonly ('step' | 'neuron')[]>> = recurrent === undefined ? {} : { spikes: [] };
  for (const [record, form] of Object.entries(cotangentForms(loss, layerProblem(network, index)))) bars[record as LossRecord] = [form];
  return bars;
}

/** The kernels that a network needs; those of sums over dense inputs depend on the inputs' numbers, and are left out. */
export function networkKernelRequests(job: NetworkJob): readonly KernelRequest[] {
  const dtype = dtypeOf(job);
  const lanes = lanesOf[dtype];
  const { network } = job;
  const wrt = job.kind === 'network_grad' ? job.wrt : [];
  const lowest = job.kind === 'network_grad' ? lowestLayer(wrt) : Infinity;
  const isGraded = (index: number): boolean => programOf(layerProblem(network, index)).step.spikes !== undefined;
  const requests = [transposeKernelRequest(lanes)];
  const { input } = network;
  if (input.form === 'dense') requests.push(areBits(input.values) ? bitListKernelRequest() : listKernelRequest(lanes, false));
  for (const [index, { recurrent }] of network.layers.entries()) {
    const { spec, backward } = layerKernels(job, index, specOf(dtype, layerProblem(network, index)));
    requests.push(layerForwardRequest(spec));
    if (backward !== undefined) requests.push(layerBackwardRequest(spec, backward));
    const { weight, recurrent: ofRecurrent } = layerWrt(wrt, index);
    if (index > 0) requests.push(sumKernelRequest(lanes, isGraded(index - 1)));
    if (index > 0 && weight) requests.push(turnKernelRequest(lanes, isGraded(index - 1)));
    if (recurrent !== undefined && ofRecurrent)
      requests.push(turnKernelRequest(lanes, isGraded(index)), sumKernelRequest(lanes, isGraded(index)));
    if (weight || ofRecurrent) requests.push(panelKernelRequest());
    if (index > lowest || wrt.includes('input')) requests.push(productKernelRequest(lanes));
  }
  return requests;
}
