import { dtypeOf } from '../../jobs.ts';
import type { SurrogateEvalJob, SurrogateEvalResult, SurrogateGradJob, SurrogateGradResult, Values } from '../../jobs.ts';
import { surrogateShape, type SurrogateShape } from '../../surrogates/shape.ts';
import { lanesOf, vectorsOf } from './lanes.ts';
import type { Program, Surroundings } from './launch.ts';
import { SlicedLoops } from './sliced-loops.ts';
import { setSurrogateParameters, surrogateEvalKernel, surrogateGradKernel } from './surrogate-kernel.ts';
import { writeJobBlock } from './uniforms.ts';

/** What of a surrogate distinguishes one kernel from another. */
export function shapeKey({ name, integers }: SurrogateShape): string {
  let key = name;
  for (const count in integers) key += `,${count}=${integers[count]!}`;
  return key;
}

export function* surrogateEval({ kernels, arena, keep }: Surroundings, job: SurrogateEvalJob): Program<SurrogateEvalResult> {
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
    const shape = surrogateShape(surrogate);
    const kernel = kernels.get(`${lanes.name} eval ${shapeKey(shape)} ${outputs.spike} ${outputs.value}`, () => surrogateEvalKernel(lanes, shape, outputs));
    const from = arena.mark();
    const spikeArray = outputs.spike ? arena.allocate(padded) : 0;
    const valueArray = outputs.value ? arena.allocate(16 * vectors) : 0;
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    const block = writeJobBlock(arena, kernel, { xArray, spikeArray, valueArray }, parameters);
    yield { kernel, job: block, vectors, steps: 1, scratchBytes: 0 };
    const kept = keep(arena, from, to);
    results.push({
      ...(outputs.spike && { spike: kept.bytes(spikeArray, length) }),
      ...(outputs.value && { value: kept.numbers(dtype, valueArray, length) }),
    });
  }
  return results;
}

export function* surrogateGrad({ kernels, arena, keep }: Surroundings, job: SurrogateGradJob): Program<SurrogateGradResult> {
  const length = job.x.length;
  const lanes = lanesOf[dtypeOf(job)];
  const { dtype } = lanes;
  const vectors = vectorsOf(length, lanes);
  const padded = lanes.count * vectors;
  const { cotangent } = job;
  const form = typeof cotangent !== 'number' ? 'array' : cotangent === 1 ? 'one' : 'job';
  const loops = new SlicedLoops();
  const xArray = arena.put(dtype, job.x, padded, loops);
  const cotangentArray = typeof cotangent === 'number' ? 0 : arena.put(dtype, cotangent, padded, loops);
  if (loops.areWaiting) yield* loops.run();
  const results: { grad: Values }[] = [];
  for (const surrogate of job.surrogates) {
    const shape = surrogateShape(surrogate);
    const kernel = kernels.get(`${lanes.name} grad ${shapeKey(shape)} ${form}`, () => surrogateGradKernel(lanes, shape, form));
    const gradArray = arena.allocate(16 * vectors);
    const to = arena.mark();
    const parameters: Record<string, number> = {};
    setSurrogateParameters(parameters, surrogate);
    if (typeof cotangent === 'number') parameters.cotangent = lanes.round(cotangent);
    const block = writeJobBlock(arena, kernel, { xArray, cotangentArray, gradArray }, parameters);
    yield { kernel, job: block, vectors, steps: 1, scratchBytes: 0 };
    results.push({ grad: keep(arena, gradArray, to).numbers(dtype, gradArray, length) });
  }
  return results;
}
