// Times LIF gradients on TensorFlow in several ways beside the service's own kernels, and writes the figures into the documentation.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Backend } from '../src/compute/engine/backend.ts';
import { BackendUnavailableError } from '../src/compute/engine/errors.ts';
import { loadTensorFlow } from '../src/compute/backends/tensorflow/load-tensorflow.js';
import { TensorFlowBackend } from '../src/compute/backends/tensorflow/tensorflow-backend.ts';
import { WasmBackend } from '../src/compute/backends/wasm/wasm-backend.ts';
import { summarise } from '../support/statistics.ts';
import { eagerGradient } from './eager.ts';
import { defaultSurrogate, gradJob } from './jobs.ts';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { otherLoad } from './other-load.ts';
import { markdownTable } from '../support/markdown-table.ts';
import { inTurns, ratios, type Contender } from './turns.ts';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const sizes = options.quick ? [50, 1024] : [50, 1024, 65536, 1e6];
const lengths = options.quick ? [100] : [100, 1000];
const jobs = options.quick ? 500 : 10_000;
const rounds = options.quick ? 2 : 5;

/** Eager operations keep every step's tensors: beyond this they take gigabytes and minutes. */
const maxEagerNeuronSteps = 1e7;
/** Without XLA every operation reads and writes memory. */
const maxGraphNeuronSteps = 2e8;

const surrogates = [defaultSurrogate('sigmoid')];

async function open(): Promise<{ wasm: WasmBackend; graph: TensorFlowBackend; compiled: TensorFlowBackend } | undefined> {
  try {
    const graph = await TensorFlowBackend.create({ xla: false });
    return { wasm: await WasmBackend.create(), graph, compiled: await TensorFlowBackend.create({ xla: true }) };
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    console.log(`SKIPPED: the benchmark of TensorFlow, because ${error.message}`);
    return undefined;
  }
}

function contender(backend: Backend, neurons: number, steps: number): Contender {
  const job = gradJob(neurons, steps, surrogates);
  return {
    work: 1,
    run: async () => {
      await backend.run(job);
    },
  };
}

/** Milliseconds of every way, and how many times as long as the kernels XLA takes. */
async function row(
  backends: NonNullable<Awaited<ReturnType<typeof open>>>,
  tf: Awaited<ReturnType<typeof loadTensorFlow>>,
  neurons: number,
  steps: number,
): Promise<string[]> {
  const work = neurons * steps;
  const contenders: Record<string, Contender> = {
    ...(work <= maxEagerNeuronSteps && {
      eager: {
        work: 1,
        run: () => {
          eagerGradient(tf, neurons, steps);
        },
      },
    }),
    ...(work <= maxGraphNeuronSteps && { graph: contender(backends.graph, neurons, steps) }),
    compiled: contender(backends.compiled, neurons, steps),
    wasm: contender(backends.wasm, neurons, steps),
  };
  const rates = await inTurns(contenders, rounds, 20);
  const cell = (name: string) => (rates[name] === undefined ? '' : milliseconds(rates[name]));
  const times = summarise(ratios(rates.wasm!, rates.compiled!)).median.toFixed(1);
  return [`${neurons}`, `${steps}`, cell('eager'), cell('graph'), cell('compiled'), cell('wasm'), times];
}

function milliseconds(rates: readonly number[]): string {
  return Number((1000 / summarise(rates).median).toPrecision(3)).toString();
}

/** Resident memory while jobs of changing shapes run, in MB: after a fifth of them, when everything is compiled, and at the end. */
async function memory(backend: TensorFlowBackend): Promise<{ early: number; late: number }> {
  const names = ['sigmoid', 'arctan', 'gaussian_grad'];
  let early = 0;
  for (let i = 0; i < jobs; i++) {
    const job = gradJob(1 + ((i * 7919) % 4000), [10, 50, 100][i % 3]!, [defaultSurrogate(names[(i % 4) % 3]!)]);
    await backend.run(job);
    if (i === Math.floor(jobs / 5)) early = process.memoryUsage.rss();
  }
  return { early: Math.round(early / 1e6), late: Math.round(process.memoryUsage.rss() / 1e6) };
}

const backends = await open();
if (backends !== undefined) {
  const othersBusy = otherLoad();
  const tf = await loadTensorFlow();
  const { version, gpu } = backends.compiled.info.details!;
  const rows: string[][] = [];
  for (const steps of lengths) {
    for (const neurons of sizes) {
      rows.push(await row(backends, tf, neurons, steps));
      console.error(rows.at(-1)!.join('  '));
    }
  }
  const { early, late } = await memory(backends.compiled);
  const text = [
    `TensorFlow ${version!} on ${gpu ? backends.compiled.info.device : 'the processor'}; ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores; Node ${process.version}. ${rounds} rounds.`,
    `Other processes kept ${othersBusy().toFixed(2)} cores busy meanwhile. Repeat with \`npm run bench:tensorflow\`.`,
    '',
    'LIF gradients with the sigmoid, milliseconds a job, all cores, from job to result:',
    '',
    ...markdownTable(['neurons', 'steps', 'eager operations', 'graph', 'graph with XLA', '`wasm`', 'XLA to `wasm`'], rows),
    '',
    `Resident memory while ${jobs} jobs of changing shapes run with XLA: ${early} MB after a fifth of them, ${late} MB after all.`,
  ].join('\n');
  console.log(text);
  if (!options.quick) {
    const document = fileURLToPath(new URL('../docs/lab/tensorflow.md', import.meta.url));
    writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'bench:tensorflow', text));
    console.log(`\nwritten into ${document}`);
  }
  await Promise.all(Object.values(backends).map((backend) => backend.close()));
}
