import { describe, expect, it } from 'vitest';
import { NotFiniteError } from '../../src/codecs/answer-tree.ts';
import { encodeAnswer, type EncodedAnswer } from '../../src/codecs/answer-json.ts';
import { bytesOf } from '../../src/codecs/chunks.ts';
import type { Answer } from '../../src/compute/engine/engine.ts';
import type { LifGradJob, LifJvpJob, LifSimulateJob, NeuronProblem } from '../../src/compute/jobs.ts';
import { programOf } from '../../src/compute/neurons/terms.ts';
import type { InferenceReply, Plan, PlannedGradient, Plans } from '../../src/requests/plan.ts';
import { inferenceAnswer, npyFile } from '../../src/responses/formats.ts';
import { finalState, longRunResponse, summaryJob } from '../../src/responses/long-run.ts';
import { answerSize, requireOneTensor, responseOutline } from '../../src/responses/outline.ts';
import { overflowProblem } from '../../src/responses/overflow.ts';
import { dryRunResponse, respond, responseTree, type ComputeResponse } from '../../src/responses/response.ts';
import { neuronProblem, surrogateOf, type GivenNeuron } from '../compute/support/neurons.ts';

const backend = { name: 'wasm', device: 'cpu', dtype: 'float32' } as const;
const surrogate = surrogateOf({ name: 'sigmoid' });

/** A problem of two neurons and three steps. */
function problemOf(model: string, given: GivenNeuron = {}): NeuronProblem {
  return neuronProblem(model, given, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
}

function simulation(problem: NeuronProblem, record: readonly string[], rest: Partial<Plans['lif_simulate']> = {}): Plans['lif_simulate'] {
  return { job: { kind: 'lif_simulate', problem, record: new Set(record) }, options: {}, ...rest };
}

const gradients: readonly PlannedGradient[] = [
  { name: 'current', path: ['grad', 'current'], shape: [2, 3] },
  { name: 'v_init', path: ['grad', 'state', 'v'], shape: [2] },
  { name: 'u_init', path: ['grad', 'state', 'u'], shape: [] },
  { name: 'v_threshold', path: ['grad', 'v_threshold'], shape: [1] },
];

function gradient(problem: NeuronProblem): Plans['lif_grad'] {
  const wrt = gradients.map(({ name }) => name);
  const job: LifGradJob = { kind: 'lif_grad', problem, surrogates: [surrogate], loss: { type: 'spike_count' }, wrt };
  return { job, gradients, options: {} };
}

const gradResult = [
  {
    loss: Float32Array.of(1, 2),
    spike_counts: Int32Array.of(1, 2),
    grad: { current: Float32Array.of(1, 2, 3, 4, 5, 6), v_init: Float32Array.of(0.5, 0.25), u_init: 1.5, v_threshold: -2 },
  },
];

function tangents(problem: NeuronProblem): Plans['lif_jvp'] {
  const job: LifJvpJob = {
    kind: 'lif_jvp',
    problem,
    surrogates: [surrogate],
    loss: { type: 'spike_count' },
    tangents: { current: { per: 'scalar', value: 1 } },
  };
  return { job, options: {} };
}

const jvpResult = [
  { spikes: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5), v: Float32Array.of(1, 1, 1, 2, 2, 2), loss: Float32Array.of(1.5, 6) },
];

async function responseOf(plan: Plan, result: Answer['result']): Promise<ComputeResponse> {
  return respond(responseOutline(plan), { result, backend, fallback: undefined, queueMs: 0, computeMs: 1 });
}

async function joined({ text, tensors }: EncodedAnswer): Promise<{ text: string; tensors: Buffer; bytes: number }> {
  const collect = async (chunks: EncodedAnswer['text']) => {
    const collected: Uint8Array[] = [];
    for await (const chunk of bytesOf(chunks)) collected.push(chunk);
    return Buffer.concat(collected);
  };
  const [head, tail] = await Promise.all([collect(text), collect(tensors)]);
  return { text: head.toString(), tensors: tail, bytes: head.length + tail.length };
}

async function bodyOf(plan: Plan, result: Answer['result'], encoding: 'json' | 'base64' | 'framed' = 'json') {
  const encoded = await joined(encodeAnswer(responseTree(await responseOf(plan, result)), { encoding, dtype: 'float32' }));
  return { ...encoded, body: JSON.parse(encoded.text) as Record<string, unknown> };
}

const meta = { backend: 'wasm', device: 'cpu', dtype: 'float32', elapsed_ms: 1 };
const series = Float32Array.of(1, 2, 3, 4, 5, 6);
const simulated = {
  spike_counts: Int32Array.of(1, 0),
  v_final: Float32Array.of(3, 6),
  state: { v: Float32Array.of(3, 6), u: Float32Array.of(7, 8) },
  series: { spikes: Uint8Array.of(1, 0, 0, 0, 0, 0), v_post: series, u: series.map((value) => value / 2) },
};
const currentBased = problemOf('cuba_lif');
const recorded = ['u', 'spikes', 'v_final', 'state', 'v_post', 'spike_counts'];

describe('the answer of a simulation', () => {
  it('has states by name: per step, and after the last one under "state"', async () => {
    expect(programOf(currentBased).step.states).toEqual(['v', 'u']);
    const { body } = await bodyOf(simulation(currentBased, recorded), simulated);
    expect(body).toEqual({
      u: [
        [0.5, 1, 1.5],
        [2, 2.5, 3],
      ],
      spikes: [
        [1, 0, 0],
        [0, 0, 0],
      ],
      v_final: [3, 6],
      state: { v: [3, 6], u: [7, 8] },
      v_post: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      spike_counts: [1, 0],
      meta,
    });
  });

  it('has spikes as bytes where they are 0 or 1, and as floats where the neuron scales them', async () => {
    const plain = await bodyOf(simulation(currentBased, ['spikes']), simulated, 'framed');
    expect(plain.body.spikes).toEqual({ dtype: 'uint8', shape: [2, 3], binary_data_size: 6 });
    const graded = simulation(problemOf('snntorch.Leaky', { beta: 0.9, graded_spikes_factor: 2 }), ['spikes']);
    expect(responseOutline(graded).tensors).toMatchObject([{ path: ['spikes'], type: 'float32' }]);
    const scaled = await bodyOf(graded, { series: { spikes: Float32Array.of(2, 0, 0, 0, 2, 0) } }, 'framed');
    expect(scaled.body.spikes).toEqual({ dtype: 'float32', shape: [2, 3], binary_data_size: 24 });
  });

  it('has its bytes in the order of its JSON', async () => {
    const { body, tensors } = await bodyOf(simulation(currentBased, recorded), simulated, 'framed');
    expect(Object.keys(body)).toEqual([...recorded, 'meta']);
    const { u } = simulated.series;
    const parts = [u, simulated.series.spikes, simulated.v_final, simulated.state.v, simulated.state.u, series, simulated.spike_counts];
    expect(tensors.equals(Buffer.concat(parts.map((part) => Buffer.from(part.buffer))))).toBe(true);
  });
});

describe('the answer of a gradient', () => {
  it('has each gradient where the plan says', async () => {
    const { body } = await bodyOf(gradient(currentBased), gradResult);
    expect(body).toEqual({
      results: [
        {
          surrogate: { name: 'sigmoid', ...surrogate.parameters },
          loss: [1, 2],
          spike_counts: [1, 2],
          grad: {
            current: [
              [1, 2, 3],
              [4, 5, 6],
            ],
            state: { v: [0.5, 0.25], u: 1.5 },
            v_threshold: [-2],
          },
        },
      ],
      meta,
    });
  });

  it('names no surrogate where the neuron never spikes', async () => {
    const { body } = await bodyOf(gradient(problemOf('li')), gradResult);
    expect(body.results).toEqual([expect.not.objectContaining({ surrogate: expect.anything() as unknown })]);
    const tangent = await bodyOf(tangents(problemOf('li')), jvpResult);
    expect(tangent.body.results).toEqual([expect.not.objectContaining({ surrogate: expect.anything() as unknown })]);
  });

  it('joins the fields of a tensor to its name in the Open Inference Protocol', async () => {
    const reply: InferenceReply = { outputs: ['grad_state_v', 'grad_state_u', 'loss'], binary: ['loss'], json: [] };
    const response = await responseOf(gradient(currentBased), gradResult);
    const { text, tensors } = await joined(inferenceAnswer(response, reply, 'float32'));
    expect((JSON.parse(text) as { outputs: object[] }).outputs).toEqual([
      { name: 'grad_state_v', datatype: 'FP32', shape: [2], data: [0.5, 0.25] },
      { name: 'grad_state_u', datatype: 'FP32', shape: [1], data: [1.5] },
      { name: 'loss', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
    ]);
    expect(tensors).toHaveLength(8);
  });
});

it('tangents of spikes, v and the loss are answered by surrogate', async () => {
  const { body } = await bodyOf(tangents(currentBased), jvpResult);
  expect(body.results).toEqual([
    {
      surrogate: { name: 'sigmoid', ...surrogate.parameters },
      spikes: [
        [0, 0.5, 1],
        [1.5, 2, 2.5],
      ],
      v: [
        [1, 1, 1],
        [2, 2, 2],
      ],
      loss: [1.5, 6],
    },
  ]);
});

describe('the settings of a library neuron', () => {
  const plan = simulation(problemOf('snntorch.Synaptic', { alpha: 0.5, beta: [0.9, 0.8] }), ['v_final']);
  const reset = { kind: 'soft', when: 'late', gradient: 'mask' };
  const plain = { model: 'general', strict: true, synapse: { decay: 0.5 }, threshold: 1, reset };

  it('stand beside the results, with tensors in the encoding of the answer', async () => {
    const { body } = await bodyOf(plan, simulated);
    expect(body).toEqual({ v_final: [3, 6], neuron: { ...plain, leak: [0.9, 0.8] }, meta });
    const framed = await bodyOf(plan, simulated, 'framed');
    expect(framed.body.neuron).toEqual({ ...plain, leak: { dtype: 'float32', shape: [2], binary_data_size: 8 } });
    expect(framed.tensors.equals(Buffer.from(Float32Array.of(3, 6, 0.9, 0.8).buffer))).toBe(true);
  });

  it('stand in the description of a dry run', () => {
    const estimate = { backend, computeMs: 1, queueMs: 0 };
    expect(dryRunResponse(responseOutline(plan), estimate)).toMatchObject({
      v_final: { shape: [2], dtype: 'float32', bytes: 8 },
      neuron: { ...plain, leak: { shape: [2], dtype: 'float32', bytes: 8 } },
    });
  });
});

const samples: readonly [string, Plan, Answer['result']][] = [
  ['a simulation', simulation(currentBased, recorded), simulated],
  [
    'a simulation with settings',
    simulation(problemOf('snntorch.Synaptic', { alpha: [1e-7 / 3, 1e-7 / 7], beta: [1 / 3, 2 / 3] }), recorded),
    simulated,
  ],
  ['a gradient', gradient(currentBased), gradResult],
  ['tangents', tangents(currentBased), jvpResult],
];

describe('the size of an answer', () => {
  describe.each(samples)('of %s', (_, plan, result) => {
    it.each(['json', 'base64', 'framed'] as const)('is an upper bound of its bytes (%s)', async (format) => {
      expect(answerSize(responseOutline(plan), format).bytes).toBeGreaterThanOrEqual((await bodyOf(plan, result, format)).bytes);
    });

    it.each([{ binary: 'all' }, { binary: [] }] as const)(
      'is an upper bound of its bytes in the Open Inference Protocol (%j)',
      async ({ binary }) => {
        const reply: InferenceReply = { binary, json: [] };
        const { bytes } = await joined(inferenceAnswer(await responseOf(plan, result), reply, 'float32'));
        expect(answerSize(responseOutline({ ...plan, reply }), 'inference').bytes).toBeGreaterThanOrEqual(bytes);
      },
    );
  });
});

describe('an npy answer', () => {
  it.each(['u', 'v_post', 'v_final'])('holds %s', async (name) => {
    const plan = simulation(currentBased, [name]);
    requireOneTensor(responseOutline(plan));
    const { bytes } = await joined(npyFile(await responseOf(plan, simulated), 'float32'));
    expect(answerSize(responseOutline(plan), 'npy').bytes).toBeGreaterThanOrEqual(bytes);
  });

  it.each<[string, Plan, RegExp]>([
    ['the states of a neuron that has several', simulation(currentBased, ['state']), /one field that is not "spike_times" or "state"/],
    ['several gradients', gradient(currentBased), /one quantity, got current, v_init, u_init, v_threshold/],
    ['tangents', tangents(currentBased), /accept JSON or framed bytes, since an npy answer holds one tensor/],
  ])('does not hold %s', (_, plan, message) => {
    expect(() => {
      requireOneTensor(responseOutline(plan));
    }).toThrow(message);
  });

  it('holds the state of a neuron that has one', () => {
    requireOneTensor(responseOutline(simulation(problemOf('lif'), ['state'])));
  });
});

describe('a long run', () => {
  const [neurons, steps] = [2 ** 12, 2 ** 10];
  const problem: NeuronProblem = { ...currentBased, neurons, steps, current: { per: 'scalar', value: 1 } };
  const { job, options } = simulation(problem, ['u', 'spikes', 'state']);

  it('computes the short records and the final state first', () => {
    expect([...summaryJob(job).record].sort()).toEqual(['state', 'v_final']);
    const { v_final, state } = simulated;
    expect(finalState({ v_final, state, series: {} })).toEqual({
      v_final: { values: v_final, shape: [2] },
      state: { v: { values: v_final, shape: [2] }, u: { values: state.u, shape: [2] } },
    });
  });

  it('streams any record with a number for each neuron and step', async () => {
    const outline = responseOutline({ job, options });
    expect(outline.tensors.map(({ path, streams }) => [path.join('.'), streams])).toEqual([
      ['u', 'u'],
      ['spikes', 'spikes'],
      ['state.v', undefined],
      ['state.u', undefined],
    ]);
    const blocks: [string, number][] = [];
    const run = async ({ record, problem: block }: LifSimulateJob) => {
      const [name = ''] = record;
      blocks.push([name, block.neurons]);
      const values = name === 'spikes' ? new Uint8Array(block.neurons * steps) : new Float32Array(block.neurons * steps);
      return Promise.resolve({ series: { [name]: values.fill(1) } });
    };
    const state = { v: new Float32Array(neurons), u: new Float32Array(neurons) };
    const summary = { result: { v_final: state.v, state, series: {} }, backend, fallback: undefined, queueMs: 0, computeMs: 1 };
    const response = longRunResponse(outline, job, { summary, notes: [] }, run);
    const { tensors } = await joined(encodeAnswer(responseTree(response), { encoding: 'framed', dtype: 'float32' }));
    expect(tensors).toHaveLength(neurons * steps * (4 + 1) + 2 * 4 * neurons);
    expect(blocks.filter(([name]) => name === 'u').reduce((sum, [, count]) => sum + count, 0)).toBe(neurons);
  });
});

describe('the cause of an overflow', () => {
  const detailOf = (problem: NeuronProblem) =>
    overflowProblem(new NotFiniteError('/state/v', [1], 'float32'), simulation(problem, ['state']).job).message;

  it('is a step that is too long, where a neuron in ms has one', () => {
    expect(detailOf(problemOf('lif', { tau: [10, 0.25] }))).toMatch(
      /^\/state\/v leaves the range of float32 at neuron 1\. With dt = 1 and tau = 0\.25, dt \/ tau = 4/,
    );
  });

  it('is the size of the inputs, where there is no such step', () => {
    for (const problem of [problemOf('lif', { tau: null }), problemOf('lif'), problemOf('snntorch.Leaky', { beta: 2 })])
      expect(detailOf(problem)).toMatch(/at neuron 1\. The inputs are too large for float32/);
  });
});
