import type { Static } from '@sinclair/typebox';

import { records } from '../../compute/jobs.ts';
import { isWeightName, layerPath, parameterOf, parseLayerPath, type WeightName } from '../../compute/networks/layers.ts';
import type { ModelConfig, ModelMetadata, ModelStatistics, RepositoryIndex } from '../../schemas/inference.ts';
import { fixedRecords, quantityNames, recordedStates } from '../../schemas/lif.ts';
import { stateNames } from '../../schemas/neuron.ts';
import { evaluable } from '../../schemas/surrogate.ts';
import type { Operation } from '../plan.ts';

/** The version of every model. */
export const modelVersion = '1';

/** The datatypes of the Open Inference Protocol that the models take and give. */
export type Datatype = 'FP32' | 'FP64' | 'INT32' | 'UINT8';

interface ModelTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 for any length. */
  readonly shape: readonly number[];
}

/** An operation as a model of the Open Inference Protocol. */
export interface InferenceModel {
  /** Only the first is required. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  /** Whether a name is one of an input or output that is not listed, as those of further layers. */
  readonly others?: { readonly isInput: (name: string) => boolean; readonly isOutput: (name: string) => boolean };
  /** The parameter that selects what is computed, and the name in it that selects an output. */
  readonly selection?: { readonly parameter: string; readonly nameOf: (output: string) => string | undefined };
}

const perNeuron = [-1];
const perStep = [-1, -1];
const elementwise = [-1];
const gradPrefix = 'grad_';
/** Of the parts of `state`. */
const statePrefix = 'state_';
const tensor = (name: string, shape: readonly number[], datatype: Datatype = 'FP32'): ModelTensor => ({ name, datatype, shape });
const neuronInputs = quantityNames.map((name) => tensor(name, name === 'current' ? perStep : perNeuron));
const datatypes = { float: 'FP32', int32: 'INT32', uint8: 'UINT8' } as const;

const losses = [
  tensor('target', perNeuron),
  tensor('labels', perNeuron),
  ...['cotangent_spikes', 'cotangent_v', 'cotangent_v_pre'].map((name) => tensor(name, perStep)),
];

/** Layers whose tensors a model lists. */
const listedLayers = [0, 1, 2, 3];
const recordPrefix = 'record_';
const batchedSteps = [-1, -1, -1];
const weights: Readonly<Record<WeightName, readonly number[]>> = { weight: [-1, -1], bias: [-1], recurrent: [-1, -1] };
const ofLayers = (prefix: string) =>
  listedLayers.flatMap((layer) => Object.entries(weights).map(([name, shape]) => tensor(prefix + layerPath(layer, name), shape)));
const networkInputs = [
  tensor('input', batchedSteps),
  ...['events_sample', 'events_neuron', 'events_step'].map((name) => tensor(name, [-1], 'INT32')),
  ...ofLayers(''),
];
const layerCounts = listedLayers.map((layer) => tensor(`spike_counts_${layer}`, [-1, -1], 'INT32'));
const isLayerInput = (path: string) => {
  const { name = '' } = parseLayerPath(path) ?? {};
  return isWeightName(name) || parameterOf(name) !== undefined;
};
const isLayerCount = (name: string) => /^spike_counts_\d{1,2}$/.test(name);
const isPathAfter = (prefix: string, name: string) => name.startsWith(prefix) && parseLayerPath(name.slice(prefix.length)) !== undefined;
const pathAfter = (prefix: string) => (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined);

/** The operations that are models. */
export type InferenceOperation = Exclude<Operation, 'lif_jvp'>;

/** They by name; each neuron has some of the inputs and outputs. */
export const inferenceModels: Readonly<Record<InferenceOperation, InferenceModel>> = {
  surrogate_eval: {
    inputs: [tensor('x', elementwise)],
    outputs: evaluable.map((name) => tensor(name, elementwise, name === 'spike' ? 'UINT8' : 'FP32')),
    selection: { parameter: 'outputs', nameOf: (name) => name },
  },
  surrogate_grad: { inputs: [tensor('x', elementwise), tensor('cotangent', elementwise)], outputs: [tensor('grad', elementwise)] },
  lif_simulate: {
    inputs: neuronInputs,
    outputs: [
      ...fixedRecords
        .filter((name) => name !== 'state')
        .map((name) => tensor(name, records[name].per === 'step' ? perStep : perNeuron, datatypes[records[name].type])),
      tensor('spike_time_offsets', perNeuron, 'INT32'),
      ...recordedStates.map((name) => tensor(name, perStep)),
      ...stateNames.map((name) => tensor(statePrefix + name, perNeuron)),
    ],
    selection: {
      parameter: 'record',
      nameOf: (name) => (name === 'spike_time_offsets' ? 'spike_times' : name.startsWith(statePrefix) ? 'state' : name),
    },
  },
  lif_grad: {
    inputs: [...neuronInputs, ...losses],
    outputs: [
      tensor('loss', perNeuron),
      tensor('spike_counts', perNeuron, 'INT32'),
      ...quantityNames.map((name) => tensor(gradPrefix + name, name === 'current' ? perStep : perNeuron)),
      ...stateNames.map((name) => tensor(`${gradPrefix}${statePrefix}${name}`, perNeuron)),
    ],
    selection: {
      parameter: 'wrt',
      nameOf: (name) => {
        if (!name.startsWith(gradPrefix)) return undefined;
        const quantity = name.slice(gradPrefix.length);
        return quantity.startsWith(statePrefix) ? 'state' : quantity;
      },
    },
  },
  network_simulate: {
    inputs: networkInputs,
    outputs: [...layerCounts, ...listedLayers.map((layer) => tensor(recordPrefix + layerPath(layer, 'spikes'), batchedSteps, 'UINT8'))],
    others: { isInput: isLayerInput, isOutput: (name) => isLayerCount(name) || isPathAfter(recordPrefix, name) },
    selection: { parameter: 'record', nameOf: pathAfter(recordPrefix) },
  },
  network_grad: {
    inputs: [...networkInputs, ...losses],
    outputs: [
      tensor('loss', [-1]),
      tensor('reduced_loss', [1]),
      tensor('accuracy', [1]),
      ...layerCounts,
      ...ofLayers(gradPrefix),
      tensor(`${gradPrefix}input`, batchedSteps),
    ],
    others: { isInput: isLayerInput, isOutput: (name) => isLayerCount(name) || isPathAfter(gradPrefix, name) },
    selection: { parameter: 'wrt', nameOf: pathAfter(gradPrefix) },
  },
};

/** The platform and back-end of all models. */
export const platform = 'surrogate-gradient-service';

/** A model as the Open Inference Protocol describes it. */
export function metadataOf(name: InferenceOperation): Static<typeof ModelMetadata> {
  const { inputs, outputs } = inferenceModels[name];
  const describe = ({ name, datatype, shape }: ModelTensor) => ({ name, datatype, shape: [...shape] });
  return { name, versions: [modelVersion], platform, inputs: inputs.map(describe), outputs: outputs.map(describe) };
}

/** A model as Triton's model configuration describes it. */
export function configOf(name: InferenceOperation): Static<typeof ModelConfig> {
  const { inputs, outputs } = inferenceModels[name];
  const describe = ({ name, datatype, shape }: ModelTensor) => ({ name, data_type: `TYPE_${datatype}`, dims: [...shape] });
  return {
    name,
    platform,
    backend: platform,
    max_batch_size: 0,
    input: inputs.map((input, i) => ({ ...describe(input), optional: i > 0 })),
    output: outputs.map(describe),
  };
}

/** All models. @param unreadyReason why they take no requests, if they take none. */
export function repositoryIndex(unreadyReason: string | undefined): Static<typeof RepositoryIndex> {
  const state = unreadyReason === undefined ? { state: 'READY' } : { state: 'UNAVAILABLE', reason: unreadyReason };
  return Object.keys(inferenceModels).map((name) => ({ name, version: modelVersion, ...state }));
}

/** A line of a count or sum: its metric, its operation, and its stage if it has one. */
const sample = /^(\w+)\{op="(\w+)"(?:,stage="(\w+)",backend="\w+")?\} (\S+)$/gm;

/**
 * Triton's statistics of models since the server started.
 *
 * @param metrics of all processes, in Prometheus' text format.
 */
export function modelStatistics(models: readonly InferenceOperation[], metrics: string): ModelStatistics[] {
  const totals = new Map<string, number>();
  for (const [, metric, op, stage = '', value] of metrics.matchAll(sample)) {
    const key = `${metric!} ${op!} ${stage}`;
    totals.set(key, (totals.get(key) ?? 0) + Number(value));
  }
  return models.map((model) => statisticsOf(model, (metric, stage = '') => totals.get(`${metric} ${model} ${stage}`) ?? 0));
}

function statisticsOf(name: InferenceOperation, total: (metric: string, stage?: string) => number): ModelStatistics {
  const duration = (metric: string, stage?: string) => ({
    count: total(`${metric}_count`, stage),
    ns: Math.round(1e9 * total(`${metric}_sum`, stage)),
  });
  const stage = (which: string) => duration('surrogate_stage_duration_seconds', which);
  const stages = {
    queue: stage('queue'),
    compute_input: stage('decode'),
    compute_infer: stage('compute'),
    compute_output: stage('encode'),
  };
  const { count } = stages.compute_infer;
  const ns = Object.values(stages).reduce((sum, each) => sum + each.ns, 0);
  const none = { count: 0, ns: 0 };
  return {
    name,
    version: modelVersion,
    last_inference: Math.round(1000 * total('surrogate_last_answer_timestamp_seconds')),
    inference_count: count,
    execution_count: count,
    inference_stats: {
      success: { count, ns },
      fail: duration('surrogate_failure_duration_seconds'),
      ...stages,
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [],
  };
}
