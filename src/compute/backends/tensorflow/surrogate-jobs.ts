import type { SurrogateEvalJob, SurrogateEvalResult, SurrogateGradJob, SurrogateGradResult } from '../../jobs.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import type { GraphJob, GraphOutputs, RowInput } from './graph-job.ts';
import type { Program } from './program.ts';
import { surrogateEvalGraph, surrogateGradGraph } from './surrogate-graph.ts';
import { parameterName, realParameters } from './surrogate-parameters.ts';

/** A surrogate's real-valued parameters as inputs: two float32 each, whose sum it is. */
export function parameterTerms(surrogate: Surrogate): Record<string, RowInput> {
  const entries = realParameters(surrogateShape(surrogate)).flatMap((parameter) => {
    const value = surrogate.parameters[parameter]!;
    const high = Math.fround(value);
    return [
      [`${parameterName(parameter)}_high`, { per: 'scalar', value: high }],
      [`${parameterName(parameter)}_low`, { per: 'scalar', value: value - high }],
    ] as const;
  });
  return Object.fromEntries(entries);
}

function elementwise(job: SurrogateEvalJob | SurrogateGradJob, surrogate: Surrogate, kind: string, program: () => Program): GraphJob {
  const key = `${kind} ${JSON.stringify(surrogateShape(surrogate))}`;
  return {
    graphKey: key,
    batchKey: key,
    program,
    rows: job.x.length,
    steps: 0,
    capacity: 0,
    arrays: { x: { per: 'neuron', values: job.x } },
    terms: parameterTerms(surrogate),
    series: {},
    numbers: {},
  };
}

export function surrogateEvalWork(job: SurrogateEvalJob): {
  readonly jobs: readonly GraphJob[];
  result(outputs: readonly GraphOutputs[]): SurrogateEvalResult;
} {
  const { surrogates, outputs: wanted } = job;
  return {
    jobs: surrogates.map((surrogate) =>
      elementwise(job, surrogate, `surrogate_eval ${wanted.spike} ${wanted.value}`, () =>
        surrogateEvalGraph(surrogateShape(surrogate), wanted),
      ),
    ),
    result: (outputs) =>
      outputs.map(({ spike, value }) => ({
        ...(wanted.spike && { spike: spike as Uint8Array }),
        ...(wanted.value && { value: value as Float32Array }),
      })),
  };
}

export function surrogateGradWork(job: SurrogateGradJob): {
  readonly jobs: readonly GraphJob[];
  result(outputs: readonly GraphOutputs[]): SurrogateGradResult;
} {
  const cotangent: RowInput =
    typeof job.cotangent === 'number' ? { per: 'scalar', value: job.cotangent } : { per: 'neuron', values: job.cotangent };
  return {
    jobs: job.surrogates.map((surrogate) => {
      const bound = elementwise(job, surrogate, 'surrogate_grad', () => surrogateGradGraph(surrogateShape(surrogate)));
      return { ...bound, terms: { ...bound.terms, cotangent } };
    }),
    result: (outputs) => outputs.map(({ grad }) => ({ grad: grad as Float32Array })),
  };
}
