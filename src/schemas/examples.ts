import type { Examples } from './bodies.ts';

/** A request and its answer. */
export interface Example {
  readonly summary: string;
  readonly request: object;
  /** Exact, except for `elapsed_ms` and estimated times. */
  readonly answer: object;
}

/** Numbers in row-major order as nested arrays of a shape. */
function nested([length = 0, ...inner]: readonly number[], numbers: readonly number[]): readonly unknown[] {
  if (inner.length === 0) return numbers;
  const size = numbers.length / length;
  return Array.from({ length }, (_, i) => nested(inner, numbers.slice(i * size, (i + 1) * size)));
}

const meta = { backend: 'wasm', device: 'cpu', dtype: 'float32', elapsed_ms: 0.042 };

export const surrogateEvalExamples: Readonly<Record<string, Example>> = {
  several: {
    summary: 'Spike and value of several surrogates',
    request: { x: { linspace: [-1, 1, 5] }, surrogate: ['sigmoid', { name: 'arctan', alpha: 2 }], outputs: ['spike', 'value'] },
    answer: {
      results: [
        { surrogate: { name: 'sigmoid', alpha: 4 }, spike: [0, 0, 1, 1, 1], value: [0.01798621, 0.11920292, 0.5, 0.8807971, 0.98201376] },
        { surrogate: { name: 'arctan', alpha: 2 }, spike: [0, 0, 1, 1, 1], value: [0.098093264, 0.18045354, 0.5, 0.81954646, 0.9019067] },
      ],
      meta,
    },
  },
  base64: {
    summary: 'Tensors as base64',
    request: { x: { dtype: 'float32', shape: [2], base64: 'AACAPwAAAEA=' }, surrogate: 'erf', outputs: ['value'], encoding: 'base64' },
    answer: { results: [{ surrogate: { name: 'erf', alpha: 1 }, value: { dtype: 'float32', shape: [2], base64: 'n91rP7hmfz8=' } }], meta },
  },
};

export const surrogateGradExamples: Readonly<Record<string, Example>> = {
  parameters: {
    summary: 'A surrogate with parameters',
    request: { x: [-0.5, 0, 0.5], surrogate: { name: 'sigmoid', alpha: 4 } },
    answer: { results: [{ surrogate: { name: 'sigmoid', alpha: 4 }, grad: [0.4199743, 1, 0.4199743] }], meta },
  },
  cotangent: {
    summary: 'A vector-Jacobian product',
    request: { x: nested([2, 2], [-1, 0, 0.5, 2]), surrogate: 'spikingjelly.ATan', cotangent: [1, 10] },
    answer: {
      results: [{ surrogate: { name: 'spikingjelly.ATan', alpha: 2 }, grad: nested([2, 2], [0.091999665, 10, 0.2884004, 0.24704522]) }],
      meta,
    },
  },
  dry_run: {
    summary: 'What the answer would be, and cost',
    request: { x: { linspace: [-2, 2, 1000] }, surrogate: 'arctan', dry_run: true },
    answer: {
      dry_run: true,
      results: [{ surrogate: { name: 'arctan', alpha: 1 }, grad: { shape: [1000], dtype: 'float32', bytes: 4000 } }],
      estimate: {
        elements: 1000,
        memory_bytes: 8000,
        answer_bytes: { binary: 4000, json: 27415, base64: 9748 },
        compute_ms: 0.019,
        queue_ms: 0,
      },
      meta: { backend: 'wasm', device: 'cpu', dtype: 'float32' },
    },
  },
};

export const lifSimulateExamples: Readonly<Record<string, Example>> = {
  constant_current: {
    summary: 'A constant current',
    request: { current: 1.5, steps: 500, record: ['spike_counts', 'firing_rates', 'spike_times'] },
    answer: { spike_counts: [4], firing_rates: [80], spike_times: [[10.9, 21.9, 32.9, 43.9]], meta },
  },
  neurons: {
    summary: 'Two neurons with time constants of their own, a current for each step',
    request: {
      current: nested([2, 4], [2, 2, 0, 2, 2, 2, 0, 2]),
      dt: 1,
      neuron: { tau: [1.5, 3], reset: 'soft' },
      record: ['v', 'spikes'],
    },
    answer: {
      v: nested([2, 4], [0.33333337, 0.44444454, 0.14814818, 0.38271606, 0.6666667, 0.111111164, 0.074074104, 0.7160494]),
      spikes: nested([2, 4], [1, 1, 0, 1, 0, 1, 0, 0]),
      meta,
    },
  },
  time_first: {
    summary: 'A batch of two by two neurons that share their time constants, with time first',
    request: {
      current: nested([3, 2, 2], [1.5, 1, 0, 3, 2, 3, 1, 0, 0, 3, 1, 2]),
      time_axis: 0,
      dt: 1,
      neuron: { tau: [2, 4] },
      record: ['v', 'spike_counts'],
    },
    answer: {
      v: nested([3, 2, 2], [0.75, 0.25, 0, 0.75, 0, 0.9375, 0.5, 0.5625, 0, 0, 0.75, 0.921875]),
      spike_counts: nested([2, 2], [1, 1, 0, 0]),
      meta,
    },
  },
};

export const lifGradExamples: Readonly<Record<string, Example>> = {
  spike_count: {
    summary: 'The spike count by current and time constant',
    request: { current: { linspace: [0.5, 2.5, 5] }, steps: 100, surrogate: 'sigmoid', wrt: ['current', 'tau'] },
    answer: {
      results: [
        {
          surrogate: { name: 'sigmoid', alpha: 4 },
          loss: [0, 0, 0, 1, 1],
          spike_counts: [0, 0, 0, 1, 1],
          grad: { current: [3.0740247, 2.3351917, 1.8163948, 1.8387237, 1.7236714], tau: -1.1158241 },
        },
      ],
      meta,
    },
  },
  firing_rate: {
    summary: 'A firing rate to reach',
    request: {
      current: [1.2, 1.8],
      steps: 500,
      surrogate: { name: 'arctan', alpha: 2 },
      wrt: ['v_threshold'],
      loss: { type: 'firing_rate_mse', target: 60 },
    },
    answer: {
      results: [{ surrogate: { name: 'arctan', alpha: 2 }, loss: [400, 3600], spike_counts: [2, 6], grad: { v_threshold: -51810.297 } }],
      meta,
    },
  },
  cross_entropy: {
    summary: 'Cross-entropy on spike counts: the second of three neurons is to win',
    request: { current: [1.2, 1.8, 1.5], steps: 300, loss: { type: 'cross_entropy', on: 'spike_counts', labels: 1 } },
    answer: {
      results: [
        {
          surrogate: { name: 'sigmoid', alpha: 4 },
          loss: 0.40760598,
          spike_counts: [1, 3, 2],
          grad: { current: [0.47834846, -1.7858926, 1.3122226] },
        },
      ],
      meta,
    },
  },
  library: {
    summary: "A library's neuron with its default surrogate",
    request: { current: [[0.6, 0.8, 0.3, 0.5]], neuron: { model: 'snntorch.Leaky', beta: 0.9 }, wrt: ['beta', 'threshold'] },
    answer: {
      results: [
        { surrogate: { name: 'snntorch.atan', alpha: 2 }, loss: [1], spike_counts: [1], grad: { beta: 2.987488, threshold: -3.304993 } },
      ],
      neuron: { model: 'general', leak: 0.9, strict: true, threshold: 1, reset: { kind: 'soft', when: 'late', gradient: 'mask' } },
      meta,
    },
  },
};

export const lifJvpExamples: Readonly<Record<string, Example>> = {
  current_and_tau: {
    summary: 'Tangents along the first current and the time constant',
    request: {
      current: [[1.5, 0, 1.5, 0.5]],
      dt: 1,
      neuron: { tau: 2 },
      tangents: { current: [[1, 0, 0, 0]], tau: 1 },
      loss: { type: 'cotangent', v: 1 },
    },
    answer: {
      results: [
        {
          surrogate: { name: 'sigmoid', alpha: 4 },
          spikes: [[0.09830598, 0.059766296, -0.18301404, 0.07564925]],
          v: [[0.051270515, 0.1907229, -0.014312878, 0.047845665]],
          loss: [0.2755262],
        },
      ],
      meta,
    },
  },
  state: {
    summary: 'Tangents along the initial state of two neurons',
    request: { current: 1.5, steps: 4, dt: 1, neuron: { tau: [2, 4] }, surrogate: 'arctan', tangents: { state: { v: 1 } } },
    answer: {
      results: [
        {
          surrogate: { name: 'arctan', alpha: 1 },
          spikes: nested([2, 4], [0.21659788, 0.08125526, -0.019799681, -0.0074277185, 0.19095352, 0.19696918, 0.13638896, 0.062291596]),
          v: nested([2, 4], [0.3375516, -0.091412164, -0.03085632, 0.008356184, 0.6783924, 0.3795333, 0.16637516, -0.06387322]),
          loss: [0.27062574, 0.5866033],
        },
      ],
      meta,
    },
  },
};

const network = { input: nested([2, 3, 4], [1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]), dt: 1 };
const hiddenLayer = { weight: nested([2, 3], [1.5, 0.5, 1, -0.5, 2, 1.5]), bias: [0.25, 0], neuron: { tau: 2 }, surrogate: 'arctan' };

export const networkSimulateExamples: Readonly<Record<string, Example>> = {
  recorded: {
    summary: 'Two layers; the spikes of the first and the potentials of the second are recorded',
    request: {
      ...network,
      layers: [
        { ...hiddenLayer, recurrent: nested([2, 2], [0, 0.5, -0.5, 0]) },
        { weight: [[1, 1.5]], neuron: { tau: 4 } },
      ],
      record: ['layers/0/spikes', 'layers/1/v'],
    },
    answer: {
      spike_counts: [nested([2, 2], [2, 1, 2, 2]), [[0], [0]]],
      record: {
        'layers/0/spikes': nested([2, 2, 4], [1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1]),
        'layers/1/v': [[[0.25, 0.5625, 0.671875, 0.50390625]], [[0.375, 0.53125, 0.6484375, 0.8613281]]],
      },
      meta,
    },
  },
  events: {
    summary: 'The input as events: the number of spikes of each layer',
    request: {
      input: { events: { sample: [0, 0, 1], neuron: [0, 2, 1], step: [0, 1, 3] }, shape: [2, 3, 4] },
      dt: 1,
      layers: [{ weight: nested([2, 3], [2, 0.5, 3, -0.5, 2.5, 0]), neuron: { tau: 2 } }],
    },
    answer: { spike_counts: nested([1, 2, 2], [2, 0, 0, 1]), meta },
  },
};

export const networkGradExamples: Readonly<Record<string, Example>> = {
  cross_entropy: {
    summary: 'Two classes, by the spikes of the last layer',
    request: {
      ...network,
      layers: [hiddenLayer, { weight: nested([2, 2], [1, 1.5, 2, -1]), neuron: { tau: 2 }, surrogate: { name: 'sigmoid', alpha: 2 } }],
      loss: { type: 'cross_entropy', on: 'spike_counts', labels: [0, 1] },
    },
    answer: {
      loss: [0.6931472, 1.3132616],
      reduced_loss: 1.0032045,
      accuracy: 0.5,
      spike_counts: nested([2, 2, 2], [2, 1, 1, 3, 1, 1, 1, 0]),
      grad: {
        'layers/0/weight': nested([2, 3], [0.006503882, 0.012272121, 0.012108964, -0.04129964, 0.046972685, 0.04036366]),
        'layers/0/bias': [0.011534208, 0.065737925],
        'layers/1/weight': nested([2, 2], [-0.08168776, 0.20316067, 0.049640216, -0.09672238]),
      },
      meta,
    },
  },
  readout: {
    summary: 'A leaky integrator reads a layer, whose rates are held back; gradients of a weight and a time constant',
    request: {
      ...network,
      layers: [
        { ...hiddenLayer, rate_penalty: { weight: 0.00001, target: 250 } },
        { weight: nested([2, 2], [1, 1.5, 2, -1]), neuron: { model: 'li', tau: 5 } },
      ],
      loss: { type: 'cross_entropy', on: 'max_v', labels: [0, 1] },
      wrt: ['layers/1/weight', 'layers/0/neuron/tau'],
    },
    answer: {
      loss: [1.2827951, 3.6584415],
      reduced_loss: 2.4706182,
      accuracy: 0.5,
      spike_counts: nested([2, 2, 2], [2, 1, 1, 3, 0, 0, 0, 0]),
      grad: { 'layers/1/weight': nested([2, 2], [-0.024167292, 0.12004833, 0.010446794, -0.07394746]), 'layers/0/neuron/tau': -1.2871696 },
      meta,
    },
  },
};

/** Of the model `surrogate_grad`. */
export const inferExamples: Readonly<Record<string, Example>> = {
  gradient: {
    summary: 'Gradients of a surrogate',
    request: { inputs: [{ name: 'x', shape: [3], datatype: 'FP32', data: [-0.5, 0, 0.5] }], parameters: { surrogate: 'sigmoid' } },
    answer: {
      model_name: 'surrogate_grad',
      model_version: '1',
      parameters: meta,
      outputs: [{ name: 'grad', datatype: 'FP32', shape: [3], data: [0.4199743, 1, 0.4199743] }],
    },
  },
  cotangent: {
    summary: 'Two inputs, an id, and a surrogate with parameters',
    request: {
      id: 'layer-1',
      inputs: [
        { name: 'x', shape: [2, 2], datatype: 'FP32', data: nested([2, 2], [-1, 0, 0.5, 2]) },
        { name: 'cotangent', shape: [2], datatype: 'FP32', data: [1, 10] },
      ],
      parameters: { surrogate: '{"name": "arctan", "alpha": 2}' },
      outputs: [{ name: 'grad' }],
    },
    answer: {
      model_name: 'surrogate_grad',
      model_version: '1',
      id: 'layer-1',
      parameters: meta,
      outputs: [{ name: 'grad', datatype: 'FP32', shape: [2, 2], data: [0.091999665, 10, 0.2884004, 0.24704522] }],
    },
  },
};

/** The bodies of examples as OpenAPI lists them. */
export function bodiesOf(examples: Readonly<Record<string, Example>>, body: 'request' | 'answer'): Examples {
  return Object.fromEntries(Object.entries(examples).map(([name, example]) => [name, { summary: example.summary, value: example[body] }]));
}
