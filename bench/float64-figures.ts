import { Arena } from '../src/compute/engine/arena.ts';
import { compute } from '../src/compute/backends/reference/reference-backend.ts';
import { KernelCache } from '../src/compute/backends/wasm/kernel-cache.ts';
import { viewResults, type Launch, type KernelContext } from '../src/compute/backends/wasm/launch-steps.ts';
import { launchSteps } from '../src/compute/backends/wasm/job-kinds.ts';
import { jobElements } from '../src/compute/job-size.ts';
import type { Job } from '../src/compute/jobs.ts';
import { defaultSurrogate, evalJob, forwardJob, gradJob, surrogateJob } from './jobs.ts';
import { inPlace, launchesOf, warmUp } from './launches.ts';
import { inTurns } from './turns.ts';

export interface Float64Setting {
  readonly neurons: number;
  readonly steps: number;
  /** Length of x for the surrogates on their own. */
  readonly values: number;
  readonly rounds: number;
  /** How long one contender's turn lasts. */
  readonly turnMilliseconds: number;
}

/** Neuron-steps, or values, per second by round, on one core. */
export interface Float64Row {
  readonly name: string;
  readonly float64: readonly number[];
  readonly float32: readonly number[];
  readonly reference: readonly number[];
}

/** The reference does so much less of the same, which costs it the same each. */
const referenceShare = 64;

/** The jobs that are timed: one of each kind, of a surrogate with a transcendental function, and gradients without one and with several. */
function jobsOf({ neurons, steps, values }: Pick<Float64Setting, 'neurons' | 'steps' | 'values'>): Record<string, Job> {
  const [sigmoid, arctan, multiGaussian, erf] = ['sigmoid', 'arctan', 'multi_gaussian_grad', 'erf'].map((name) => [defaultSurrogate(name)]);
  return {
    'LIF, forward': forwardJob(neurons, steps),
    'LIF, forward and backward, `sigmoid`': gradJob(neurons, steps, sigmoid!),
    'LIF, forward and backward, `arctan`': gradJob(neurons, steps, arctan!),
    'LIF, forward and backward, `multi_gaussian_grad`': gradJob(neurons, steps, multiGaussian!),
    'gradient, `sigmoid`': surrogateJob(values, sigmoid!),
    'gradient, `arctan`': surrogateJob(values, arctan!),
    'value, `erf`': evalJob(values, erf!),
  };
}

function launchOf(context: KernelContext, job: Job): Launch {
  return launchesOf(launchSteps(context, job), context.kernels)[0]!;
}

/** Times each job in float64, in float32 and by the reference. */
export async function float64Figures(setting: Float64Setting): Promise<Float64Row[]> {
  const arena = new Arena();
  const context = { kernels: await KernelCache.create(), arena, readBack: viewResults };
  const small = jobsOf({
    ...setting,
    neurons: Math.ceil(setting.neurons / referenceShare),
    values: Math.ceil(setting.values / referenceShare),
  });
  const contests = Object.entries(jobsOf(setting)).map(([name, job]) => ({
    name,
    work: jobElements(job),
    float64: launchOf(context, { ...job, dtype: 'float64' }),
    float32: launchOf(context, job),
    part: small[name]!,
  }));
  await warmUp(
    arena,
    contests.flatMap(({ float64, float32 }) => [float64, float32]),
  );
  const rows: Float64Row[] = [];
  for (const { name, work, float64, float32, part } of contests) {
    const contenders = {
      float64: inPlace(arena, float64, work),
      float32: inPlace(arena, float32, work),
      reference: {
        work: jobElements(part),
        run: () => {
          compute(part);
        },
      },
    };
    rows.push({ name, ...(await inTurns(contenders, setting.rounds, setting.turnMilliseconds)) });
  }
  return rows;
}
