import { Arena } from '../src/compute/engine/arena.ts';
import { KernelCache } from '../src/compute/backends/wasm/kernel-cache.ts';
import { viewResults, type Launch } from '../src/compute/backends/wasm/launch-steps.ts';
import { f32x4, vectorsOf } from '../src/compute/backends/wasm/ir/lanes.ts';
import { lifGrad, lifSimulate } from '../src/compute/backends/wasm/neuron-jobs.ts';
import { surrogateGrad } from '../src/compute/backends/wasm/surrogate-jobs.ts';
import { WasmBackend } from '../src/compute/backends/wasm/wasm-backend.ts';
import { WorkerPool } from '../src/compute/backends/wasm/threads/worker-pool.ts';
import { agreement, type Agreement } from './agreement.ts';
import { copyKernel } from './copy-kernel.ts';
import { chainContender, instructionCosts, peakLaunch } from './instruction-costs.ts';
import { currents, defaultSurrogate, forwardJob, gradJob, surrogateJob } from './jobs.ts';
import { inPlace, launchesOf, pooled, shared, warmUp } from './launches.ts';
import { limitOf, type InstructionCosts, type Limit } from './limit.ts';
import { benchmarkedNeurons } from './neuron-jobs.ts';
import { neuronLaunches, neuronRows, type NeuronRows } from './neurons.ts';
import { plainForward, plainGrad } from './plain-loop.ts';
import { demandsOf, type Demands } from './transcendentals.ts';
import { inTurns, type Contender } from './turns.ts';

export interface Setting {
  readonly neurons: number;
  readonly steps: number;
  /** Length of x for the surrogates on their own. */
  readonly values: number;
  readonly surrogates: readonly string[];
  /** Threads that work together in the figures for all cores. */
  readonly threads: number;
  readonly rounds: number;
  /** How long one contender's turn lasts. */
  readonly turnMilliseconds: number;
}

/** Neuron-steps per second by round, with what was timed in turns with them. */
export interface LifRow {
  readonly one: readonly number[];
  /** All cores, one launch at a time. */
  readonly all: readonly number[];
  /** All cores, launches that keep coming. */
  readonly busy: readonly number[];
  readonly plain: readonly number[];
  /** SIMD operations per second at the machine's peak. */
  readonly peak: readonly number[];
  readonly limit: Limit;
}

export interface LifGradRow extends LifRow {
  readonly name: string;
  readonly demands: Demands;
  /** The sigmoid's kernel on one core. */
  readonly sigmoid: readonly number[];
}

/** Values per second by round. */
export interface SurrogateRow {
  readonly name: string;
  readonly demands: Demands;
  readonly one: readonly number[];
  readonly copy: readonly number[];
  readonly peak: readonly number[];
  readonly limit: Limit;
}

export interface Results {
  readonly setting: Setting;
  readonly agreement: Agreement;
  readonly costs: InstructionCosts;
  readonly forward: LifRow;
  readonly lifGrad: readonly LifGradRow[];
  readonly neurons: readonly NeuronRows[];
  readonly surrogates: readonly SurrogateRow[];
}

/** Who want all cores at a time. */
const sharers = 2;

// Neurons one after the other cost the same each, however many there are.
const plainShare = 8;

/** Times all kernels. `note` hears of each as it is done. */
export async function benchmark(setting: Setting, note: (line: string) => void): Promise<Results> {
  const pool = new WorkerPool(setting.threads);
  const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: Infinity });
  try {
    const kernels = await KernelCache.create();
    note('instructions');
    const costs = await instructionCosts(kernels, new Arena(), instructionsOf(setting, kernels), setting.rounds, setting.turnMilliseconds);
    return {
      setting,
      costs,
      agreement: await agreement(backend, Math.min(setting.neurons, 4096), setting.steps),
      ...(await lifRows(setting, kernels, costs, pool, note)),
      neurons: await neuronRows(setting, kernels, costs, note),
      surrogates: await surrogateRows(setting, kernels, costs, note),
    };
  } finally {
    await Promise.all([pool.close(), backend.close()]);
  }
}

/** All that the kernels to be timed consist of. */
function instructionsOf({ surrogates }: Setting, kernels: KernelCache): string[] {
  const context = { kernels, arena: new Arena(), readBack: viewResults };
  const all = ['sigmoid', ...surrogates].map(defaultSurrogate);
  const launches = [
    ...launchesOf(lifSimulate(context, forwardJob(1, 1)), kernels),
    ...launchesOf(lifGrad(context, gradJob(1, 1, all)), kernels),
    ...launchesOf(surrogateGrad(context, surrogateJob(1, all)), kernels),
    ...benchmarkedNeurons.flatMap((name) => Object.values(neuronLaunches(name, new Arena(), kernels, { neurons: 1, steps: 1 }))),
  ];
  return [...new Set(launches.flatMap(({ kernel }) => Object.keys(kernel.operations)))];
}

async function lifRows(
  setting: Setting,
  kernels: KernelCache,
  costs: InstructionCosts,
  pool: WorkerPool,
  note: (line: string) => void,
): Promise<Pick<Results, 'forward' | 'lifGrad'>> {
  const { neurons, steps, rounds, turnMilliseconds } = setting;
  const work = neurons * steps;
  const surrogates = setting.surrogates.map(defaultSurrogate);
  const laidOut = Array.from({ length: sharers }, () => {
    const arena = new Arena();
    const context = { kernels, arena, readBack: viewResults };
    const [forward] = launchesOf(lifSimulate(context, forwardJob(neurons, steps)), kernels);
    return {
      arena,
      forward: forward!,
      grads: launchesOf(lifGrad(context, gradJob(neurons, steps, [defaultSurrogate('sigmoid'), ...surrogates])), kernels),
    };
  });
  const { arena, forward: forwardLaunch, grads: launches } = laidOut[0]!;
  const peak = peakLaunch(kernels, arena);
  await warmUp(arena, [peak, forwardLaunch, ...launches]);
  const peakContender = chainContender(arena, peak);
  const plain = plainContenders(Math.ceil(neurons / plainShare), steps);

  note('forward');
  const forward = await inTurns(
    {
      one: inPlace(arena, forwardLaunch, work),
      all: pooled(arena, pool, forwardLaunch, work),
      busy: shared(
        pool,
        laidOut.map(({ arena, forward }) => ({ arena, launch: forward })),
        work,
      ),
      plain: plain.forward,
      peak: peakContender,
    },
    rounds,
    turnMilliseconds,
  );
  const [sigmoidLaunch, ...others] = launches;
  const sigmoid = inPlace(arena, sigmoidLaunch!, work);
  const rows: LifGradRow[] = [];
  for (const [i, launch] of others.entries()) {
    const surrogate = surrogates[i]!;
    note(`forward and backward, ${surrogate.name}`);
    const rates = await inTurns(
      {
        one: inPlace(arena, launch, work),
        sigmoid,
        all: pooled(arena, pool, launch, work),
        busy: shared(
          pool,
          laidOut.map(({ arena, grads }) => ({ arena, launch: grads[i + 1]! })),
          work,
        ),
        plain: plain.grad,
        peak: peakContender,
      },
      rounds,
      turnMilliseconds,
    );
    rows.push({ ...rates, name: surrogate.name, demands: demandsOf(surrogate), limit: limitOf(launch.kernel.operations, costs) });
  }
  return { forward: { ...forward, limit: limitOf(forwardLaunch.kernel.operations, costs) }, lifGrad: rows };
}

async function surrogateRows(
  setting: Setting,
  kernels: KernelCache,
  costs: InstructionCosts,
  note: (line: string) => void,
): Promise<SurrogateRow[]> {
  const { values, rounds, turnMilliseconds } = setting;
  const arena = new Arena();
  const surrogates = setting.surrogates.map(defaultSurrogate);
  const launches = launchesOf(surrogateGrad({ kernels, arena, readBack: viewResults }, surrogateJob(values, surrogates)), kernels);
  const peak = peakLaunch(kernels, arena);
  const copyLaunch = copy(kernels, arena, values);
  await warmUp(arena, [peak, copyLaunch, ...launches]);
  const peakContender = chainContender(arena, peak);
  const copyContender = inPlace(arena, copyLaunch, values);
  const rows: SurrogateRow[] = [];
  for (const [i, launch] of launches.entries()) {
    const surrogate = surrogates[i]!;
    note(`surrogate, ${surrogate.name}`);
    const rates = await inTurns(
      { one: inPlace(arena, launch, values), copy: copyContender, peak: peakContender },
      rounds,
      turnMilliseconds,
    );
    rows.push({ ...rates, name: surrogate.name, demands: demandsOf(surrogate), limit: limitOf(launch.kernel.operations, costs) });
  }
  return rows;
}

function plainContenders(neurons: number, steps: number): Record<'forward' | 'grad', Contender> {
  const current = currents(neurons);
  const counts = new Int32Array(neurons);
  const grad = new Float64Array(neurons);
  const work = neurons * steps;
  return {
    forward: {
      work,
      run: () => {
        plainForward(current, steps, counts);
      },
    },
    grad: {
      work,
      run: () => {
        plainGrad(current, steps, counts, grad);
      },
    },
  };
}

function copy(kernels: KernelCache, arena: Arena, values: number): Launch {
  const kernel = kernels.get('copy', copyKernel);
  const vectors = vectorsOf(values, f32x4);
  const arrays = { xArray: arena.fill('float32', 1, 4 * vectors), gradArray: arena.allocate(16 * vectors) };
  return { kernel, argumentBlock: kernel.layout.write(arena, arrays, { factor: 0.5 }), vectors, scratchBytes: 0 };
}
