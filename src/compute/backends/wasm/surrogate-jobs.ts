import { dtypeOf } from '../../jobs.ts';
import type { SurrogateEvalJob, SurrogateEvalResult, SurrogateGradJob, SurrogateGradResult, Values } from '../../jobs.ts';
import { evalKernelRequest, gradKernelRequest } from './kernel-requests.ts';
import { lanesOf, vectorsOf } from './lanes.ts';
import type { LaunchPlan, KernelContext } from './launch.ts';
import { SlicedLoops } from './sliced-loops.ts';
import { setSurrogateParameters } from './surrogate-kernel.ts';
import { writeJobBlock } from './uniforms.ts';

export function* surrogateEval({ kernels, arena, readBack }: KernelContext, job: SurrogateEvalJob): LaunchPlan<SurrogateEvalResult> {
  const length = job.x.length;
  const lanes = lanesOf[dtypeOf(job)];
  const { dtype } = lanes;
  const vectors = vectorsOf(length, lanes);
  const padded = lanes.count * vectors;
  const { outputs } = job;
  const loops = new SlicedLoops();
  const xArray = arena.put(dtype, job.x, padded, loops);
  if (loops.areWaiting) yield* loops.run();
  const results: { spike?: Uint8Array; value?: Values }[] = [];
  for (const surrogate of job.surrogates) {
    const request = evalKernelRequest(job, surrogate);
    const kernel = kernels.find(request.key) ?? (yield request)!;
    const from = arena.mark();
    const spikeArray = outputs.spike ? arena.allocate(padded) : 0;
    const valueArray = outputs.value ? arena.allocate(16 * vectors) : 0;
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    const block = writeJobBlock(arena, kernel, { xArray, spikeArray, valueArray }, parameters);
    yield { kernel, job: block, vectors, scratchBytes: 0 };
    const kept = readBack(arena, from, to);
    results.push({
      ...(outputs.spike && { spike: kept.bytes(spikeArray, length) }),
      ...(outputs.value && { value: kept.numbers(dtype, valueArray, length) }),
    });
  }
  return results;
}

export function* surrogateGrad({ kernels, arena, readBack }: KernelContext, job: SurrogateGradJob): LaunchPlan<SurrogateGradResult> {
  const length = job.x.length;
  const lanes = lanesOf[dtypeOf(job)];
  const { dtype } = lanes;
  const vectors = vectorsOf(length, lanes);
  const padded = lanes.count * vectors;
  const { cotangent } = job;
  const loops = new SlicedLoops();
  const xArray = arena.put(dtype, job.x, padded, loops);
  const cotangentArray = typeof cotangent === 'number' ? 0 : arena.put(dtype, cotangent, padded, loops);
  if (loops.areWaiting) yield* loops.run();
  const results: { grad: Values }[] = [];
  for (const surrogate of job.surrogates) {
    const request = gradKernelRequest(job, surrogate);
    const kernel = kernels.find(request.key) ?? (yield request)!;
    const gradArray = arena.allocate(16 * vectors);
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    if (typeof cotangent === 'number') parameters.cotangent = lanes.round(cotangent);
    const block = writeJobBlock(arena, kernel, { xArray, cotangentArray, gradArray }, parameters);
    yield { kernel, job: block, vectors, scratchBytes: 0 };
    results.push({ grad: readBack(arena, gradArray, to).numbers(dtype, gradArray, length) });
  }
  return results;
}
