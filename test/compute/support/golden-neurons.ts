import { readFileSync } from 'node:fs';
import type { LifGradJob, LifSimulateJob } from '../../../src/compute/jobs.ts';
import { neurons } from '../../../src/compute/neurons/catalogue.ts';
import { neuronProblem, surrogateOf, type GivenNeuron } from './neurons.ts';

export interface GoldenNeuron {
  readonly request: {
    readonly neuron: GivenNeuron & { readonly model: string };
    readonly surrogate: ({ readonly name: string } & Record<string, number>) | null;
    readonly current: string;
    readonly wrt: readonly string[];
  };
  /** Null for a neuron that never spikes. */
  readonly spikes: readonly (readonly number[])[] | null;
  readonly v: readonly (readonly number[])[];
  readonly loss: number;
  readonly grad: Readonly<Record<string, number | readonly number[] | readonly (readonly number[])[]>>;
}

interface GoldenNeurons {
  readonly inputs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly cotangents: Readonly<Record<'spikes' | 'v', readonly (readonly number[])[]>>;
  readonly cases: readonly GoldenNeuron[];
}

const golden = JSON.parse(readFileSync(new URL('../../golden/neurons.json', import.meta.url), 'utf8')) as GoldenNeurons;

/** The libraries' own numbers of each model in the catalogue, by a title. */
export const goldenNeurons: readonly (readonly [title: string, GoldenNeuron])[] = golden.cases
  .filter(({ request }) => neurons.has(request.neuron.model))
  .map((one, i) => [`${i} ${JSON.stringify(one.request.neuron)}`, one] as const);

/** The jobs whose results are a case's numbers; without `grad` where the library has no gradient. */
export function goldenJobs({ request, spikes }: GoldenNeuron): {
  readonly simulate: LifSimulateJob;
  readonly grad: LifGradJob | undefined;
} {
  const { model, ...given } = request.neuron;
  const problem = neuronProblem(model, given, golden.inputs[request.current]!);
  const cotangent = (name: 'spikes' | 'v') => ({ per: 'step', values: Float64Array.from(golden.cotangents[name].flat()) }) as const;
  return {
    simulate: { kind: 'lif_simulate', problem, record: new Set(['v', ...(spikes ? ['spikes'] : [])]) },
    grad:
      request.wrt.length === 0
        ? undefined
        : {
            kind: 'lif_grad',
            problem,
            surrogates: [surrogateOf(request.surrogate ?? { name: 'sigmoid' })],
            loss: { type: 'cotangent', v: cotangent('v'), ...(spikes && { spikes: cotangent('spikes') }) },
            wrt: request.wrt,
          },
  };
}
