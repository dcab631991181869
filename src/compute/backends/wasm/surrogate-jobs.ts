import { dtypeOf, type SurrogateEvalJob, type SurrogateEvalResult, type SurrogateGradJob, type SurrogateGradResult } from '../../jobs.ts';
import { SlicedLoops } from '../../loops.ts';
import { lanesOf, vectorsOf } from './ir/lanes.ts';
import { surrogateEvalKernelRequest, surrogateGradKernelRequest, setSurrogateParameters } from './kernels/surrogate-kernel.ts';
import type { KernelContext, LaunchSteps } from './launch-steps.ts';

export function* surrogateEval({ kernels, arena, readBack }: KernelContext, job: SurrogateEvalJob): LaunchSteps<SurrogateEvalResult> {
  const { x, outputs } = job;
  const lanes = lanesOf[dtypeOf(job)];
  const vectors = vectorsOf(x.length, lanes);
  const padded = lanes.count * vectors;
  const loops = new SlicedLoops();
  const xArray = arena.put(lanes.dtype, x, padded, loops);
  yield* loops.run();
  const evaluated: SurrogateEvalResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const request = surrogateEvalKernelRequest(job, surrogate);
    const kernel = kernels.find(request.key) ?? (yield request)!;
    const from = arena.mark();
    const spikeArray = outputs.spike ? arena.allocate(padded) : 0;
    const valueArray = outputs.value ? arena.allocate(16 * vectors) : 0;
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    const argumentBlock = kernel.layout.write(arena, { xArray, spikeArray, valueArray }, parameters);
    yield { kernel, argumentBlock, vectors, scratchBytes: 0 };
    const results = readBack(arena, from, to);
    evaluated.push({
      ...(outputs.spike && { spike: results.bytes(spikeArray, x.length) }),
      ...(outputs.value && { value: results.numbers(lanes.dtype, valueArray, x.length) }),
    });
  }
  return evaluated;
}

export function* surrogateGrad({ kernels, arena, readBack }: KernelContext, job: SurrogateGradJob): LaunchSteps<SurrogateGradResult> {
  const { x, cotangent } = job;
  const lanes = lanesOf[dtypeOf(job)];
  const vectors = vectorsOf(x.length, lanes);
  const padded = lanes.count * vectors;
  const loops = new SlicedLoops();
  const xArray = arena.put(lanes.dtype, x, padded, loops);
  const cotangentArray = typeof cotangent === 'number' ? 0 : arena.put(lanes.dtype, cotangent, padded, loops);
  yield* loops.run();
  const gradients: SurrogateGradResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const request = surrogateGradKernelRequest(job, surrogate);
    const kernel = kernels.find(request.key) ?? (yield request)!;
    const gradArray = arena.allocate(16 * vectors);
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    if (typeof cotangent === 'number') parameters.cotangent = lanes.round(cotangent);
    const argumentBlock = kernel.layout.write(arena, { xArray, cotangentArray, gradArray }, parameters);
    yield { kernel, argumentBlock, vectors, scratchBytes: 0 };
    gradients.push({ grad: readBack(arena, gradArray, to).numbers(lanes.dtype, gradArray, x.length) });
  }
  return gradients;
}
