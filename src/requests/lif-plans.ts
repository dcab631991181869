import type { Tensor } from '../codecs/ndarray.ts';
import { decodeTensor } from '../codecs/tensor.ts';
import { extremes, valueAt, type Numbers } from '../compute/generated-numbers.ts';
import { recordedValues, resultValues } from '../compute/job-size.ts';
import {
  lossRecords,
  records,
  type LifGradJob,
  type LifJvpJob,
  type LifSimulateJob,
  type Loss,
  type LossRecord,
  type NeuronProblem,
  type NeuronQuantity,
  type Quantity,
  type RecordLoss,
  type SummaryName,
} from '../compute/jobs.ts';
import { isLongRun, isPerStep } from '../compute/long-run.ts';
import { pendingCotangents, readsFirstSpike, recordLossValues } from '../compute/losses/record-loss.ts';
import { summaries } from '../compute/losses/summaries.ts';
import { programOf, termValuesByPath } from '../compute/neuron-problem.ts';
import { surrogateDefinition } from '../compute/surrogates/catalogue.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkStreamed, checkValues, type Limits } from '../config/limits.ts';
import { describe, pointerSegment, quote, shapeText } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import type { LifGradRequest, LifJvpRequest, LifSimulateRequest, Loss as LossRequest } from '../schemas/lif.ts';
import { fullStepShape, neuronShape, perNeuron, perNeuronOrStep, perStep, type BatchAxes, withTimeLast } from './batch-axes.ts';
import { readLifProblem, type ReadProblem } from './lif-problem.ts';
import { readNeuron, type Neuron } from './neurons.ts';
import { readOptions, type PlannedGradient, type Plans } from './plan.ts';
import { DifferentiableQuantities, stateName } from './quantities.ts';
import { resolveSurrogates } from './surrogates.ts';
import { unknownState } from './suggestions.ts';
import { distinctNames, type NameSet } from './validation.ts';

const defaultRecord = ['spike_counts', 'firing_rates'];
const defaultWrt = ['current'];

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifSimulatePlan(request: LifSimulateRequest, limits: Limits): Plans['lif_simulate'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const neuron = readNeuron(request, errors, limits);
  const read = {
    record: neuron && distinctNames(request.record ?? defaultRecord, recordNames(neuron), '/record', errors),
    surrogate: neuron && smoothSurrogate(request, neuron, errors),
  };
  const { problem, axes } = readLifProblem(request, { neuron, runs: 1 }, errors, limits);
  const { record, surrogate } = errors.requireAll(read);
  const streamable: LifSimulateJob = { kind: 'lif_simulate', ...precision, problem, record, ...surrogate };
  const job = axes?.timeFirst === true ? { ...streamable, keepsSeries: true } : streamable;
  const streams = isLongRun(job);
  let kept = 0;
  let streamed = 0;
  for (const name of record) {
    if (streams && isPerStep(name)) streamed += recordedValues(name, problem);
    else kept += recordedValues(name, problem);
  }
  checkValues(kept, recordingOf(record, axes), limits);
  checkStreamed(streamed, limits);
  return { job, axes, options };
}

function recordingOf(record: ReadonlySet<string>, axes: BatchAxes | undefined): string {
  const names = [...record].join(', ');
  return axes?.timeFirst === true ? `Recording ${names} with time_axis 0, which is not streamed as with time last,` : `Recording ${names}`;
}

/** The names of `record`: the fixed ones, and each state but v. */
function recordNames(neuron: Neuron): NameSet {
  const states = () => neuron.program.step.states.filter((state) => state !== 'v');
  return {
    has: (name): name is string => Object.hasOwn(records, name) || states().includes(name),
    list: () => [...Object.keys(records), ...states()],
  };
}

/** The surrogate of a smooth run, in whose place others have none. */
function smoothSurrogate(
  { surrogate, forward }: LifSimulateRequest,
  neuron: Neuron,
  errors: InputErrors,
): Pick<LifSimulateJob, 'surrogate'> | null {
  if (forward !== 'smooth') {
    if (surrogate === undefined) return {};
    return errors.add('/surrogate', 'has no effect on spikes; leave it out, or ask for "forward": "smooth"');
  }
  if (Array.isArray(surrogate)) return errors.add('/surrogate', `must be one surrogate, got ${describe(surrogate)}`);
  const [one] = readSurrogates(surrogate, neuron, errors) ?? [];
  return one === undefined ? null : { surrogate: one };
}

/** The surrogates of a request; for neurons without spikes one, which has no effect. */
function readSurrogates(given: unknown, neuron: Neuron, errors: InputErrors): readonly Surrogate[] | null {
  const isLeftOut = given === undefined || (given === null && !hasSpikes(neuron));
  const surrogates = resolveSurrogates(isLeftOut ? (neuron.model.surrogate ?? 'sigmoid') : given, errors);
  return surrogates && (hasSpikes(neuron) ? surrogates : surrogates.slice(0, 1));
}

function hasSpikes({ program }: Neuron): boolean {
  return program.step.spike !== undefined;
}

/** What gradients and tangents have in common. */
interface Differentiated extends ReadProblem {
  readonly surrogates: readonly Surrogate[];
  readonly quantities: DifferentiableQuantities;
  readonly loss: Loss;
  readonly recordLoss: RecordLoss | undefined;
}

/** Reads all of a request but what it differentiates by. */
function readDifferentiated<Names extends object>(
  request: Omit<LifGradRequest, 'wrt'>,
  readNames: (quantities: DifferentiableQuantities) => Names | null,
  errors: InputErrors,
  limits: Limits,
): Differentiated & { readonly names: Names } {
  const neuron = readNeuron(request, errors, limits);
  const surrogates = neuron && readSurrogates(request.surrogate, neuron, errors);
  const quantities = neuron && new DifferentiableQuantities(neuron, hasSpikes(neuron) ? (surrogates ?? []) : []);
  const names = quantities && readNames(quantities);
  const { loss: lossRequest = { type: 'spike_count' } } = request;
  const tensors = decodeLoss(lossRequest, errors, limits);
  if (neuron !== null) checkDifferentiable(neuron, request.loss, errors);
  const batch = readLifProblem(request, { neuron, runs: surrogates?.length ?? 1 }, errors, limits);
  const { problem, axes, shapeOf } = batch;
  const recordLoss = recordLossOf(tensors, batch, errors, limits);
  const loss = recordLoss === undefined ? lossOf(tensors, batch, errors, limits) : pendingCotangents(recordLoss, problem);
  checkThreshold(surrogates ?? [], problem, errors);
  const read = errors.requireAll({ surrogates, quantities, names });
  // Spread objects cost a small request microseconds.
  return { problem, axes, shapeOf, surrogates: read.surrogates, quantities: read.quantities, names: read.names, loss, recordLoss };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifGradPlan(request: LifGradRequest, limits: Limits): Plans['lif_grad'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const readWrt = (quantities: DifferentiableQuantities) => distinctNames(request.wrt ?? defaultWrt, quantities, '/wrt', errors);
  const batch = readDifferentiated(request, readWrt, errors, limits);
  const { problem, axes, surrogates, loss, recordLoss, names, quantities, shapeOf } = batch;
  const gradients: PlannedGradient[] = [];
  for (const given of names) for (const { name, path } of quantities.of(given)) gradients.push({ name, path, shape: shapeOf(name) });
  const wrt = [...new Set(gradients.map(({ name }) => name))];
  const job: LifGradJob = { kind: 'lif_grad', ...precision, problem, surrogates, loss, wrt };
  checkValues(resultValues(job), 'The gradients', limits);
  if (recordLoss === undefined) return { job, axes, gradients, options };
  checkLossValues(job, recordLoss, limits);
  return { job, axes, gradients, options, recordLoss };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifJvpPlan(request: LifJvpRequest, limits: Limits): Plans['lif_jvp'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const readTangents = (quantities: DifferentiableQuantities) => decodeTangents(request.tangents, quantities, errors, limits);
  const batch = readDifferentiated(request, readTangents, errors, limits);
  const { problem, axes, surrogates, loss, recordLoss, names, shapeOf } = batch;
  const tangents: Record<string, Quantity> = {};
  for (const [name, { path, tensor }] of names) {
    const shape = shapeOf(name);
    if (tensor.shape.length > 0 && shapeText(tensor.shape) !== shapeText(shape)) {
      errors.add(path, `must be a number or of the shape ${shapeText(shape)} of its quantity, got shape ${shapeText(tensor.shape)}`);
    } else if (name === 'current' && shape.length > 1 && tensor.shape.length > 1) {
      tangents[name] = perStep({ path, tensor: withTimeLast(tensor, axes?.timeFirst === true) }, batch, limits, shape);
    } else {
      const tangent = perNeuron({ path, tensor }, batch, errors);
      if (tangent !== null) tangents[name] = tangent;
    }
  }
  errors.throwIfAny();
  const job: LifJvpJob = { kind: 'lif_jvp', ...precision, problem, surrogates, loss, tangents };
  checkValues(resultValues(job), 'The tangents', limits);
  if (recordLoss === undefined) return { job, axes, options };
  checkLossValues(job, recordLoss, limits);
  return { job, axes, options, recordLoss };
}

/** Checks how many numbers are recorded and made for a loss of a run's records. */
function checkLossValues(job: LifGradJob | LifJvpJob, loss: RecordLoss, limits: Limits): void {
  checkValues(recordLossValues(job, loss), `The records and cotangents of the loss ${loss.type}`, limits);
}

type GivenTangents = ReadonlyMap<string, { readonly path: string; readonly tensor: Tensor }>;

/** The tangents of a request by the names of their quantities. */
function decodeTangents(
  given: LifJvpRequest['tangents'],
  quantities: DifferentiableQuantities,
  errors: InputErrors,
  limits: Limits,
): GivenTangents | null {
  const pathOf = (name: unknown) => `/tangents${pointerSegment(String(name))}`;
  const names = distinctNames(Object.keys(given), quantities, '/tangents', errors, pathOf);
  const tangents = new Map<string, { readonly path: string; readonly tensor: Tensor }>();
  const decode = (name: string, value: unknown, path: string) => {
    if (tangents.has(name)) return errors.add(path, `the tangent of ${name} is there already`);
    const tensor = decodeTensor(value, path, errors, limits);
    return tensor && tangents.set(name, { path, tensor });
  };
  for (const name of names ?? []) {
    const path = pathOf(name);
    const value: unknown = given[name];
    if (name !== stateName) decode(name, value, path);
    else
      for (const [state, one] of statesIn(value, quantities.states(), path, errors))
        decode(`${state}_init`, one, path + pointerSegment(state));
  }
  return names && tangents;
}

/** The entries of an object by state. */
function statesIn(given: unknown, states: readonly string[], path: string, errors: InputErrors): readonly [string, unknown][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    errors.add(path, `must be an object with a value of each state, got ${describe(given)}`);
    return [];
  }
  return Object.entries(given).filter(([state]) => {
    if (states.includes(state)) return true;
    errors.add(path + pointerSegment(state), unknownState(state, states));
    return false;
  });
}

/** Checks that a neuron has gradients, and spikes where the loss is about them. */
function checkDifferentiable(neuron: Neuron, loss: LossRequest | undefined, errors: InputErrors): void {
  const { model } = neuron;
  if (model.noGradient !== undefined) errors.add('/neuron/model', `${model.name} has no gradient: ${model.noGradient}`);
  if (hasSpikes(neuron)) return;
  const why = `${model.name} has no spikes; take a loss on v, {"type": "cotangent", "v": ...} or {"type": "v_mse", "target": ...}`;
  if (loss === undefined) errors.add('/loss', `is required: ${why}`);
  else if (loss.type === 'v_mse') return;
  else if (loss.type === 'cross_entropy') {
    if (summaries[loss.on].of !== 'v')
      errors.add('/loss/on', `is ${quote(loss.on)}, but ${model.name} has no spikes; take "max_v" or "mean_v"`);
  } else if (loss.type !== 'cotangent') errors.add('/loss/type', `is ${quote(loss.type)}, but ${why}`);
  else if (loss.spikes !== undefined) errors.add('/loss/spikes', `has no effect: ${why}`);
}

/** Surrogates whose width is a multiple of the threshold need a positive one. */
function checkThreshold(surrogates: readonly Surrogate[], problem: NeuronProblem, errors: InputErrors): void {
  const scaling = surrogates.find(({ name }) => surrogateDefinition(name).scalesWithThreshold);
  if (scaling === undefined) return;
  const program = programOf(problem);
  const term = program.terms.find(({ path }) => path === 'threshold');
  const numbers = termValuesByPath(problem, program).get('threshold');
  if (term === undefined || numbers === undefined) return;
  const values =
    'fill' in numbers ? new Float64Array(problem.neurons) : numbers.per === 'scalar' ? [numbers.value] : extremes(numbers.values);
  if ('fill' in numbers && ArrayBuffer.isView(values)) numbers.fill(values, 0, problem.neurons);
  const wrong = Array.from(values).find((value) => !(Math.fround(value) > 0));
  if (wrong === undefined) return;
  const [path, what] = term.value.op === 'leaf' ? [`/neuron/${String(term.value.detail)}`, ''] : ['/neuron', 'has a threshold that '];
  errors.add(path, `${what}must be above 0 for ${scaling.name}, which scales with it, got ${wrong}`);
}

/** A loss's type and its tensors, before they are compared with the problem. */
interface DecodedLoss {
  readonly type: LossRequest['type'];
  readonly target: Tensor | null;
  readonly labels: Tensor | null;
  readonly on: SummaryName | undefined;
  readonly tau: number | undefined;
  readonly cotangents: Readonly<Record<LossRecord, Tensor | null>>;
  readonly state: readonly (readonly [state: string, tensor: Tensor])[] | null;
}

/** The fields of all losses. */
interface LossFields extends Readonly<Partial<Record<'target' | 'labels' | 'spikes' | 'v' | 'v_pre' | 'state', unknown>>> {
  readonly on?: SummaryName;
  readonly tau?: number;
}

function decodeLoss({ type, ...tensors }: LossRequest, errors: InputErrors, limits: Limits): DecodedLoss {
  const given: LossFields = tensors;
  const { target, spikes, v, v_pre, state, labels, on, tau } = given;
  if (type === 'cotangent' && [spikes, v, v_pre, state].every((given) => given === undefined))
    errors.add('/loss', 'of type "cotangent" needs "spikes", "v" or both, or "v_pre" or "state"');
  const decode = (value: unknown, name: string) => (value === undefined ? null : decodeTensor(value, `/loss/${name}`, errors, limits));
  const states = Object.entries(state ?? {}).flatMap(([name, value]) => {
    const path = `/loss/state${pointerSegment(name)}`;
    const tensor = decodeTensor(value, path, errors, limits);
    return tensor ? [[name, tensor] as const] : [];
  });
  return {
    type,
    target: decode(target, 'target'),
    labels: decode(labels, 'labels'),
    on,
    tau,
    cotangents: { spikes: decode(spikes, 'spikes'), v: decode(v, 'v'), v_pre: decode(v_pre, 'v_pre') },
    state: state === undefined ? null : states,
  };
}

/** A decoded loss as the problem's; tensors that do not fit it go to `errors`. */
function lossOf({ type, target, cotangents, state }: DecodedLoss, batch: ReadProblem, errors: InputErrors, limits: Limits): Loss {
  if (type === 'firing_rate_mse' && target) {
    const quantity = perNeuron({ path: '/loss/target', tensor: target }, batch, errors);
    return quantity === null ? { type: 'spike_count' } : { type, target: quantity };
  }
  if (type !== 'cotangent') return { type: 'spike_count' };
  const given: Partial<Record<LossRecord, Quantity>> = {};
  for (const name of lossRecords) {
    const tensor = cotangents[name];
    const quantity = tensor && perNeuronOrStep({ path: `/loss/${name}`, tensor }, batch, errors, limits);
    if (quantity) given[name] = quantity;
  }
  return { type, ...given, ...(state && { state: stateCotangents(state, batch, errors) }) };
}

/** A decoded loss of the problem's records; undefined where it is another, or does not fit the problem, of which `errors` tell then. */
function recordLossOf(
  { type, target, labels, on, tau }: DecodedLoss,
  batch: ReadProblem,
  errors: InputErrors,
  limits: Limits,
): RecordLoss | undefined {
  const { problem } = batch;
  const perStep = () => target && perNeuronOrStep({ path: '/loss/target', tensor: target }, batch, errors, limits);
  switch (type) {
    case 'cross_entropy': {
      const read = labels && readLabels(labels, batch, errors);
      return read && on !== undefined ? checkSmooth({ type, on, labels: read }, problem, errors) : undefined;
    }
    case 'first_spike_time_mse': {
      if (target === null) return undefined;
      const times = perNeuron({ path: '/loss/target', tensor: target }, batch, errors);
      if (times === null) return undefined;
      checkTimes(target, problem, errors);
      return checkSmooth({ type, target: times }, problem, errors);
    }
    case 'van_rossum': {
      const trains = perStep();
      if (trains && trains.per !== 'step' && problem.steps > 1)
        errors.add('/loss/target', `must have the spikes of each step, shape ${fullStepShape(batch)}, or one row for all neurons`);
      return trains && tau !== undefined ? { type, target: trains, tau } : undefined;
    }
    case 'v_mse': {
      const potentials = perStep();
      return potentials ? { type, target: potentials } : undefined;
    }
    default:
      return undefined;
  }
}

/** Labels of the samples, which are the leading axes: of each the index of a neuron. */
function readLabels({ shape, values }: Tensor, batch: ReadProblem, errors: InputErrors): Numbers | null {
  const lead = neuronShape(batch).slice(0, -1);
  const classes = neuronShape(batch).at(-1)!;
  const isOne = lead.length === 0 && values.length === 1 && shape.length <= 1;
  if (!isOne && shapeText(shape) !== shapeText(lead)) {
    const rule =
      lead.length === 0
        ? 'one number, since all neurons are the classes of one sample'
        : `one for each sample, of the shape ${shapeText(lead)} of the leading axes`;
    return errors.add('/loss/labels', `must be ${rule}; got shape ${shapeText(shape)}`);
  }
  for (let i = 0; i < values.length; i++) {
    const label = valueAt(values, i);
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    const range = classes === 0 ? 'but the request has no neurons' : `a whole number from 0 to ${classes - 1}`;
    errors.add(shape.length === 1 ? `/loss/labels/${i}` : '/loss/labels', `must be the index of a neuron, ${range}, got ${label}`);
  }
  return values;
}

/** Checks that times to reach are in the run or after it. */
function checkTimes({ values }: Tensor, { steps, dt }: NeuronProblem, errors: InputErrors): void {
  let least = 0;
  for (const time of extremes(values)) if (time < least) least = time;
  if (least === 0) return;
  errors.add(
    '/loss/target',
    `must be times from 0 ms on, got ${least}; the last step, which snnTorch calls -1, is at ${Number(((steps - 1) * dt).toPrecision(12))} ms`,
  );
}

/** The loss, unless it is about first spikes and the run has none. */
function checkSmooth(loss: RecordLoss, { smooth }: NeuronProblem, errors: InputErrors): RecordLoss | undefined {
  if (smooth !== true || !readsFirstSpike(loss)) return loss;
  const message = 'is "smooth", which has a part of a spike in every step and no first one; leave it out, or take another loss';
  errors.add('/forward', message);
  return undefined;
}

function stateCotangents(
  given: readonly (readonly [string, Tensor])[],
  batch: ReadProblem,
  errors: InputErrors,
): Record<string, NeuronQuantity> {
  const known = statesIn(Object.fromEntries(given), programOf(batch.problem).step.states, '/loss/state', errors) as [string, Tensor][];
  return Object.fromEntries(
    known.flatMap(([state, tensor]) => {
      const quantity = perNeuron({ path: `/loss/state${pointerSegment(state)}`, tensor }, batch, errors);
      return quantity === null ? [] : [[state, quantity] as const];
    }),
  );
}
