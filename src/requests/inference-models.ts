import { differentiable, recordable } from '../compute/jobs.ts';
import { evaluable } from '../schemas/surrogate-routes.ts';
import type { Operation } from './plan.ts';

/** The version that every model has. */
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
  /** Only the first is needed. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  /** The parameter that lists what is computed, and what it lists for an output. */
  readonly selection?: { readonly parameter: string; readonly nameOf: (output: string) => string | undefined };
}

const floats = (name: string, shape: readonly number[]): ModelTensor => ({ name, datatype: 'FP32', shape });
const perNeuron = ['tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'].map((name) => floats(name, [-1]));
const wholeDatatypes: Readonly<Record<string, Datatype>> = {
  spikes: 'UINT8',
  spike: 'UINT8',
  spike_counts: 'INT32',
  spike_time_offsets: 'INT32',
};
const output = (name: string, shape: readonly number[]): ModelTensor => ({ name, datatype: wholeDatatypes[name] ?? 'FP32', shape });
const perStep = new Set<string>(['spikes', 'v', 'v_pre']);

/** The four operations as models, by name. */
export const inferenceModels: Readonly<Record<Operation, InferenceModel>> = {
  surrogate_eval: {
    inputs: [floats('x', [-1])],
    outputs: evaluable.map((name) => output(name, [-1])),
    selection: { parameter: 'outputs', nameOf: (name) => name },
  },
  surrogate_grad: { inputs: [floats('x', [-1]), floats('cotangent', [-1])], outputs: [output('grad', [-1])] },
  lif_simulate: {
    inputs: [floats('current', [-1, -1]), ...perNeuron],
    outputs: [...recordable.map((name) => output(name, perStep.has(name) ? [-1, -1] : [-1])), output('spike_time_offsets', [-1])],
    selection: { parameter: 'record', nameOf: (name) => (name === 'spike_time_offsets' ? 'spike_times' : name) },
  },
  lif_grad: {
    inputs: [
      floats('current', [-1, -1]),
      ...perNeuron,
      floats('target', [-1]),
      floats('cotangent_spikes', [-1, -1]),
      floats('cotangent_v', [-1, -1]),
    ],
    outputs: [
      output('loss', [-1]),
      output('spike_counts', [-1]),
      ...differentiable.map((name) => output(`grad_${name}`, name === 'current' ? [-1, -1] : [-1])),
    ],
    selection: { parameter: 'wrt', nameOf: (name) => (name.startsWith('grad_') ? name.slice('grad_'.length) : undefined) },
  },
};
