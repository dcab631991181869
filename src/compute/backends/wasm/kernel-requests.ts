import { differentiable, dtypeOf } from '../../jobs.ts';
import type { Job, LifGradJob, LifProblem, LifSimulateJob, Loss, NeuronQuantity, SurrogateEvalJob, SurrogateGradJob } from '../../jobs.ts';
import type { LifStructure } from '../../lif.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { surrogateShape, type SurrogateShape } from '../../surrogates/shape.ts';
import type { KernelRequest } from './kernel-cache.ts';
import { lanesOf } from './lanes.ts';
import { lifForwardKernel } from './lif-forward-kernel.ts';
import { lifGradKernel } from './lif-grad-kernel.ts';
import { lifTerms } from './lif-spec.ts';
import type { ForwardOutput, LifGradKernelSpec, LifKernelSpec, LifTerm, TermForm } from './lif-spec.ts';
import { surrogateEvalKernel, surrogateGradKernel } from './surrogate-kernel.ts';

/** The kernels that a job needs. */
export function kernelRequests(job: Job): KernelRequest[] {
  switch (job.kind) {
    case 'surrogate_eval':
      return job.surrogates.map((surrogate) => evalKernelRequest(job, surrogate));
    case 'surrogate_grad':
      return job.surrogates.map((surrogate) => gradKernelRequest(job, surrogate));
    case 'lif_simulate':
      return [
        forwardKernelRequest(job, forwardOutputs(job)),
        ...(job.record.has('spike_times') ? [forwardKernelRequest(job, spikeEvents)] : []),
      ];
    case 'lif_grad':
      return job.surrogates.map((surrogate) => lifGradKernelRequest(lifGradSpec(job, surrogate)));
  }
}

/** What of a surrogate distinguishes one kernel from another. */
function shapeKey({ name, integers }: SurrogateShape): string {
  let key = name;
  for (const count in integers) key += `,${count}=${integers[count]!}`;
  return key;
}

const formCodes: Readonly<Record<TermForm, number>> = { zero: 0, one: 1, job: 2, neuron: 3, step: 4 };
const resetCodes: Readonly<Record<LifStructure['reset'], number>> = { hard: 0, soft: 1, none: 2 };

/** What distinguishes one problem's kernel from another's, as one number: a key is made for every request. */
function kernelKey({ lanes, structure, terms, refractory }: LifKernelSpec): number {
  let code = resetCodes[structure.reset];
  code = 2 * code + (structure.inputScaling ? 1 : 0);
  code = 2 * code + (structure.detachReset ? 1 : 0);
  code = 2 * code + (refractory ? 1 : 0);
  code = 2 * code + (lanes.bits === 64 ? 1 : 0);
  for (const name of lifTerms) code = 5 * code + formCodes[terms[name]];
  return code;
}

const lossCodes: Readonly<Record<Loss['type'], number>> = { spike_count: 0, firing_rate_mse: 1, cotangent: 2 };

/** The same of what is differentiated, and with respect to what. */
function gradKernelKey({ loss, target, cotangents, wrt }: LifGradKernelSpec): number {
  let code = lossCodes[loss];
  for (const form of [target, cotangents.spikeBar, cotangents.vBarIn]) code = 5 * code + formCodes[form];
  for (const quantity of differentiable) code = 2 * code + (wrt.includes(quantity) ? 1 : 0);
  return code;
}

export function evalKernelRequest(job: SurrogateEvalJob, surrogate: Surrogate): KernelRequest {
  const lanes = lanesOf[dtypeOf(job)];
  const shape = surrogateShape(surrogate);
  const { outputs } = job;
  return {
    key: `${lanes.name} eval ${shapeKey(shape)} ${outputs.spike} ${outputs.value}`,
    print: () => surrogateEvalKernel(lanes, shape, outputs),
  };
}

export function gradKernelRequest(job: SurrogateGradJob, surrogate: Surrogate): KernelRequest {
  const lanes = lanesOf[dtypeOf(job)];
  const shape = surrogateShape(surrogate);
  const form = typeof job.cotangent !== 'number' ? 'array' : job.cotangent === 1 ? 'one' : 'job';
  return { key: `${lanes.name} grad ${shapeKey(shape)} ${form}`, print: () => surrogateGradKernel(lanes, shape, form) };
}

/** What the first run of a simulation writes. */
export function forwardOutputs({ record }: LifSimulateJob): ReadonlySet<ForwardOutput> {
  const outputs = new Set<ForwardOutput>(['spikeCounts']);
  if (record.has('spikes')) outputs.add('spikes');
  if (record.has('v')) outputs.add('v');
  if (record.has('v_pre')) outputs.add('vPre');
  if (record.has('v_final')) outputs.add('vFinal');
  return outputs;
}

/** What a second one does. */
export const spikeEvents: ReadonlySet<ForwardOutput> = new Set<ForwardOutput>(['spikeEvents']);

export function forwardKernelRequest(job: LifSimulateJob, outputs: ReadonlySet<ForwardOutput>): KernelRequest {
  const { problem } = job;
  const spec: LifKernelSpec = {
    lanes: lanesOf[dtypeOf(job)],
    structure: structureOf(problem, false),
    terms: termForms(problem),
    refractory: problem.refractorySteps > 0,
  };
  return { key: `simulate ${[...outputs].sort().join()} ${kernelKey(spec)}`, print: () => lifForwardKernel(spec, outputs) };
}

export function lifGradKernelRequest(spec: LifGradKernelSpec): KernelRequest {
  return { key: `lif ${shapeKey(spec.surrogate)} ${kernelKey(spec)} ${gradKernelKey(spec)}`, print: () => lifGradKernel(spec) };
}

export function lifGradSpec(job: LifGradJob, surrogate: Surrogate): LifGradKernelSpec {
  const { problem, loss, wrt } = job;
  return {
    lanes: lanesOf[dtypeOf(job)],
    structure: structureOf(problem, job.detachReset),
    terms: termForms(problem),
    refractory: problem.refractorySteps > 0,
    surrogate: surrogateShape(surrogate),
    loss: loss.type,
    target: loss.type === 'firing_rate_mse' ? loss.target.per : 'job',
    cotangents:
      loss.type === 'cotangent'
        ? { spikeBar: loss.spikes?.per ?? 'zero', vBarIn: loss.v?.per ?? 'zero' }
        : { spikeBar: 'zero', vBarIn: 'zero' },
    wrt,
  };
}

function structureOf({ reset, inputScaling }: LifProblem, detachReset: boolean): LifStructure {
  return { reset, inputScaling, detachReset };
}

/** In which forms a problem's quantities reach a kernel: numbers that take an operation out of it are recognised. */
export function termForms(problem: LifProblem): Readonly<Record<LifTerm, TermForm>> {
  return {
    leak: problem.tau.per,
    threshold: problem.v_threshold.per,
    vReset: unless(0, 'zero', problem.v_reset),
    vRest: unless(0, 'zero', problem.v_rest),
    resistance: unless(1, 'one', problem.resistance),
    vInit: unless(0, 'zero', problem.v_init),
    // A number becomes an array, so that it and an array of equal numbers go through the same operations.
    current: problem.current.per === 'job' ? 'neuron' : problem.current.per,
  };
}

function unless(neutral: number, without: 'zero' | 'one', quantity: NeuronQuantity): TermForm {
  return quantity.per === 'job' && quantity.value === neutral ? without : quantity.per;
}
