import {
  bytesPerNumber,
  dtypeOf,
  recordPer,
  type Job,
  type LifGradJob,
  type LifJvpJob,
  type LifSimulateJob,
  type Loss,
  type Network,
  type NeuronProblem,
  type Quantity,
  type SurrogateEvalJob,
  type SurrogateGradJob,
} from './jobs.ts';
import { blockBounds, isLongRun, isPerStep } from './long-run.ts';
import { layerInputs, layerProblem, parameterOf, parseLayerPath } from './networks/layers.ts';
import { exponentialsOf } from './neurons/program.ts';
import { minSpikeDistance, pathsOf, perNeuronTerms, programOf } from './neurons/terms.ts';

/** The size of one kind of job. */
interface JobSize<J extends Job> {
  /** Neuron-steps, or elements of x, times surrogates. */
  elements(job: J): number;
  /** Numbers of the result; of a long run, those in memory at the same time. */
  resultValues(job: J): number;
  /** Numbers in memory beside the body: inputs in the job's arithmetic, copied or generated, results and intermediate values. */
  memoryValues(job: J): number;
}

const sizes: { readonly [Kind in Job['kind']]: JobSize<Extract<Job, { kind: Kind }>> } = {
  surrogate_eval: { elements: surrogateElements, resultValues: evalValues, memoryValues: (job) => job.x.length + evalValues(job) },
  surrogate_grad: {
    elements: surrogateElements,
    resultValues: surrogateElements,
    memoryValues: (job) => job.x.length + (typeof job.cotangent === 'number' ? 0 : job.cotangent.length) + surrogateElements(job),
  },
  lif_simulate: {
    elements: ({ problem: { neurons, steps } }) => neurons * steps,
    resultValues: simulateValues,
    memoryValues: (job) => {
      const { problem, record } = job;
      const rows = padded(problem.neurons);
      const kept = (rows / Math.max(1, problem.neurons)) * simulateValues(job) + rows * (record.has('spike_times') ? 3 : 1);
      return inputValues(problem) + kept;
    },
  },
  lif_grad: {
    elements: differentiatedElements,
    resultValues: ({ problem, surrogates, wrt }) =>
      surrogates.length * wrt.reduce((sum, name) => sum + quantityValues(quantityOf(problem, name), problem), 2 * problem.neurons),
    memoryValues: (job) => {
      const { problem, surrogates, wrt, loss } = job;
      return inputValues(problem, cotangentsOf(loss)) + surrogates.length * gradientValues(problem, wrt, loss) + checkpointValues(problem);
    },
  },
  lif_jvp: {
    elements: differentiatedElements,
    resultValues: ({ problem: { neurons, steps }, surrogates }) => surrogates.length * neurons * (2 * steps + 1),
    memoryValues: (job) => {
      const { problem, surrogates, loss, tangents } = job;
      const { step } = programOf(problem);
      const series = loss.type === 'cotangent' && loss.v_pre !== undefined ? 3 : 2;
      const ofTerms = pathsOf(programOf(problem), Object.keys(tangents)).length;
      // Beside the series spike counts, what the neurons return, the loss and the tangents of the states.
      const kept = surrogates.length * padded(problem.neurons) * (series * problem.steps + 3 + step.states.length);
      const moving = ofTerms * padded(problem.neurons) + (tangents.current === undefined ? 0 : arrayValues(tangents.current, problem));
      return inputValues(problem) + moving + kept;
    },
  },
  network_simulate: {
    elements: ({ network }) => networkElements(network),
    resultValues: ({ network, record }) => countValues(network) + record.reduce((sum, path) => sum + layerRecordValues(network, path), 0),
    memoryValues: (job) => networkValues(job.network, 'forward') + 2 * sizes.network_simulate.resultValues(job),
  },
  network_grad: {
    elements: ({ network }) => 3 * networkElements(network),
    resultValues: ({ network, wrt }) =>
      network.samples + countValues(network) + wrt.reduce((sum, path) => sum + pathValues(network, path), 0),
    memoryValues: (job) => networkValues(job.network, 'backward') + 2 * sizes.network_grad.resultValues(job),
  },
};

function sizeOfKind({ kind }: Job): JobSize<Job> {
  return sizes[kind];
}

/** How much a job computes: neuron-steps, or elements of x, times surrogates. */
export function jobElements(job: Job): number {
  return sizeOfKind(job).elements(job);
}

/** The work of a plain loop over a job: its elements; a batch without neurons still allocates one neuron's steps. */
export function jobWork(job: Job): number {
  return 'problem' in job && job.problem.neurons === 0 ? job.problem.steps : jobElements(job);
}

/** Numbers of a job's result; of a long run, those in memory at the same time. */
export function resultValues(job: Job): number {
  return sizeOfKind(job).resultValues(job);
}

/** Bytes of memory that a job takes beside its body. */
export function jobBytes(job: Job): number {
  return bytesPerNumber[dtypeOf(job)] * sizeOfKind(job).memoryValues(job);
}

/** Spike times that a problem may have beyond one a step, for neurons that may fire several times in a step. */
const extraSpikeTimes = 2 ** 16;

/** Values of a record; of spike times the most that a result holds. */
export function recordedValues(name: string, problem: NeuronProblem): number {
  const { neurons, steps } = problem;
  switch (recordPer(name)) {
    case 'neuron':
      return neurons;
    case 'step':
      return neurons * steps;
    case 'spike':
      if (programOf(problem).step.count !== undefined) return neurons * steps + extraSpikeTimes;
      return neurons * Math.ceil(steps / minSpikeDistance(problem));
    case 'state':
      return neurons * programOf(problem).step.states.length;
  }
}

function surrogateElements({ x, surrogates }: SurrogateEvalJob | SurrogateGradJob): number {
  return x.length * surrogates.length;
}

function evalValues(job: SurrogateEvalJob): number {
  return surrogateElements(job) * (Number(job.outputs.spike) + Number(job.outputs.value));
}

function simulateValues(job: LifSimulateJob): number {
  const { problem, record } = job;
  const streams = isLongRun(job);
  let values = streams ? 2 * blockValues(problem) : 0;
  for (const name of record) if (!streams || !isPerStep(name)) values += recordedValues(name, problem);
  return values;
}

function blockValues(problem: NeuronProblem): number {
  const [first] = blockBounds(problem);
  return first === undefined ? 0 : (first[1] - first[0]) * problem.steps;
}

function differentiatedElements({ problem: { neurons, steps }, surrogates }: LifGradJob | LifJvpJob): number {
  return neurons * steps * surrogates.length;
}

const number: Quantity = { per: 'scalar', value: 0 };

/** What a name of `wrt` stands for: a number where the problem does not give it. */
function quantityOf({ current, parameters }: NeuronProblem, name: string): Quantity {
  return name === 'current' ? current : (parameters[name] ?? number);
}

function quantityValues({ per }: Quantity, { neurons, steps }: NeuronProblem): number {
  return per === 'scalar' ? 1 : per === 'neuron' ? neurons : neurons * steps;
}

/** Kernels compute whole vectors of neurons: the last one is padded. */
function padded(neurons: number): number {
  return 4 * Math.ceil(neurons / 4);
}

/** Numbers of an array that kernels read or write for a quantity. */
function arrayValues({ per }: Quantity, { neurons, steps }: NeuronProblem): number {
  return padded(neurons) * (per === 'step' ? steps : 1);
}

/** Numbers of the arrays that kernels read. @param others quantities beside those of the problem. */
function inputValues(problem: NeuronProblem, others: readonly Quantity[] = []): number {
  const arrays = others.filter(({ per }) => per !== 'scalar');
  // The current is always an array.
  const values = [problem.current, ...arrays].reduce((sum, quantity) => sum + arrayValues(quantity, problem), 0);
  return values + perNeuronTerms(problem) * padded(problem.neurons);
}

/** The quantities of a loss. */
function cotangentsOf(loss: Loss): readonly Quantity[] {
  if (loss.type === 'spike_count') return [];
  if (loss.type === 'firing_rate_mse') return [loss.target];
  return [loss.spikes, loss.v, loss.v_pre, ...Object.values(loss.state ?? {})].filter((quantity) => quantity !== undefined);
}

/** What a gradient's kernel writes: counts, losses, final states, and gradients by terms, which are per neuron before they are summed over neurons. */
function gradientValues(problem: NeuronProblem, wrt: readonly string[], loss: Loss): number {
  const program = programOf(problem);
  const terms = pathsOf(program, wrt).length;
  const surrogates = wrt.filter((name) => name.startsWith('surrogate.')).length;
  const states = loss.type === 'cotangent' ? Object.keys(loss.state ?? {}).length : 0;
  const ofCurrent = wrt.includes('current') ? arrayValues(problem.current, problem) : 0;
  return ofCurrent + (2 + terms + surrogates + states) * padded(problem.neurons);
}

/** Multiplications of a product that take as long as a neuron's step. */
const productsPerStep = 16;

/** Steps of all neurons, plus the cost of the products with their inputs, as if all of these were active, and of events beyond that. */
function networkElements(network: Network): number {
  const { samples, steps, layers } = network;
  const rows = samples * steps;
  const elements = layers.reduce((sum, { neurons, recurrent }, layer) => {
    const own = recurrent === undefined ? 0 : rows * neurons;
    const active = layer === 0 ? networkEntries(network) : rows * layerInputs(network, layer);
    return sum + neurons * (rows + (active + own) / productsPerStep);
  }, 0);
  return Math.ceil(elements + networkEntries(network) / productsPerStep);
}

/** Numbers that may come into a network: those of its shape, or its events where they are more, since several may be at one place. */
export function networkEntries({ input, samples, inputs, steps }: Network): number {
  return Math.max(samples * inputs * steps, input.form === 'events' ? input.sample.length : 0);
}

/** Numbers of all weights. */
export function networkWeights(network: Network): number {
  return network.layers.reduce((sum, { neurons, recurrent }, layer) => {
    return sum + neurons * (layerInputs(network, layer) + (recurrent === undefined ? 0 : neurons));
  }, 0);
}

function countValues({ samples, layers }: Network): number {
  return layers.reduce((sum, { neurons }) => sum + samples * neurons, 0);
}

function layerRecordValues({ samples, steps, layers }: Network, path: string): number {
  const { layer, name } = parseLayerPath(path)!;
  return samples * layers[layer]!.neurons * (recordPer(name) === 'step' ? steps : 1);
}

/** Numbers of the gradient with respect to a path. */
function pathValues(network: Network, path: string): number {
  const parsed = parseLayerPath(path);
  if (parsed === undefined) return network.samples * network.inputs * network.steps;
  const { neurons, parameters } = network.layers[parsed.layer]!;
  switch (parsed.name) {
    case 'weight':
      return neurons * layerInputs(network, parsed.layer);
    case 'recurrent':
      return neurons * neurons;
    case 'bias':
      return neurons;
    default:
      return parameters[parameterOf(parsed.name)!]?.per === 'neuron' ? neurons : 1;
  }
}

/** Matrices whose rows are summed have columns in panels of this many numbers, of the smaller type. */
const panelWidth = 32;

/** Numbers in memory of a network's run, most of them rows of a layer's neurons for each sample and step; indices of lists count as numbers. */
function networkValues(network: Network, direction: 'forward' | 'backward'): number {
  const { samples, steps, layers } = network;
  const isBackward = direction === 'backward';
  const rows = samples * steps;
  let values = networkInputValues(network, isBackward);
  for (const [index, { neurons, recurrent }] of layers.entries()) {
    const { step, terms } = programOf(layerProblem(network, index));
    const isLast = index === layers.length - 1;
    const isRecurrent = recurrent !== undefined;
    const inputs = layerInputs(network, index) + (isRecurrent ? neurons : 0);
    const panels = panelWidth * Math.ceil(neurons / panelWidth);
    const width = padded(neurons);
    // The weights, and the transposed ones; their gradients, and the transposed ones.
    values += inputs * (neurons + panels) * (isBackward ? 2 : 1);
    // The currents; lists of spikes, twice where they are turned, with numbers where spikes are graded.
    const lists = isLast && !isRecurrent ? 0 : (step.spikes === undefined ? 1 : 2) * (isBackward ? 2 : 1);
    values += rows * width * ((isRecurrent ? 2 : 1) + lists) + 4 * (rows + neurons);
    // What is kept of each step, gradients with respect to the currents, also in panels; cotangents, and of the last layer three records in two orders.
    if (isBackward) values += rows * (width * (step.states.length + 2 + (isLast ? 9 : 1)) + panels);
    values += samples * width * (terms.length + 8) + width * terms.length;
  }
  return values;
}

/** Numbers of the input, and of its lists, which may have numbers, and be turned. */
function networkInputValues({ input, samples, inputs, steps }: Network, isBackward: boolean): number {
  const entries = input.form === 'events' ? input.sample.length : samples * inputs * steps;
  const lists = input.form === 'events' ? 1 : 2;
  return entries * (1 + lists * (isBackward ? 2 : 1)) + 4 * (samples * steps + inputs);
}

/** A thread's backward pass has this many neurons in flight, and keeps up to so many numbers of each between two checkpoints, of so many steps at most. */
const checkpoint = { neurons: 28, trace: 512, steps: 256 };

/** Checkpoints of one thread: long runs, where they count, have few neurons, and one thread is enough for them. */
function checkpointValues(problem: NeuronProblem): number {
  const { step } = programOf(problem);
  const states = step.states.length;
  // A step's trace holds the states, the membrane at the spike decision and exponentials at most.
  const everySteps = Math.min(checkpoint.steps, Math.floor(checkpoint.trace / (states + 1 + exponentialsOf(step).length)));
  return states * checkpoint.neurons * (Math.ceil(problem.steps / everySteps) + 1);
}
