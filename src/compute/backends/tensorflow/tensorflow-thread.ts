import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { BackendUnavailableError, ComputeError, OutOfMemoryError } from '../../engine/errors.ts';
import type { GraphOutputs, InputTensor } from './graph-job.ts';

/** The loaded library. */
export interface LoadedTensorFlow {
  readonly version: string;
  /** Whether its operations run on a GPU. */
  readonly gpu: boolean;
}

/** One run of one model. */
export interface ModelRun {
  readonly key: string;
  /** The model, encoded, unless the thread has loaded it. */
  readonly model: Uint8Array | undefined;
  /** Keys of models to unload. */
  readonly release: readonly string[];
  /** Their memory is transferred to the thread. */
  readonly inputs: Readonly<Record<string, InputTensor>>;
}

export interface ModelResult {
  readonly outputs: GraphOutputs;
  readonly computeMs: number;
  /** Tensors that the thread holds after the run. */
  readonly liveTensors: number;
}

export interface Failure {
  readonly message: string;
  readonly outOfMemory: boolean;
}

type Message = { readonly ready: LoadedTensorFlow } | { readonly reply: ModelResult } | { readonly failure: Failure };

// TensorFlow reads these when it is loaded: only errors on stderr, no greeting, and GPU memory allocated as needed.
const environment = { TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'true' };

export interface ThreadOptions {
  /** The thread's code. */
  readonly module?: URL;
  /** A run that takes longer counts as hanging: a graph compiles in seconds, and batches are bounded. */
  readonly hangMs?: number;
}

/** The one thread in which TensorFlow runs: each of its calls blocks the calling thread. */
export class TensorFlowThread {
  readonly loaded: LoadedTensorFlow;
  readonly #worker: Worker;
  #pending: { resolve(result: ModelResult): void; reject(error: Error): void } | undefined;
  #dead: Error | undefined;
  #liveTensors = 0;
  #hung = false;
  readonly #hangMs: number;

  private constructor(worker: Worker, loaded: LoadedTensorFlow, hangMs: number) {
    this.loaded = loaded;
    this.#worker = worker;
    this.#hangMs = hangMs;
    worker.on('message', (message: Message) => {
      this.#settle(message);
    });
    worker.on('error', (error) => {
      this.#die(new ComputeError(`the TensorFlow thread failed: ${error.message}`, { cause: error }));
    });
    worker.on('exit', () => {
      this.#die(new ComputeError('the TensorFlow thread has ended'));
    });
  }

  /**
   * Starts the thread and loads TensorFlow in it.
   *
   * @throws {BackendUnavailableError} when TensorFlow cannot be loaded.
   */
  static async start({
    module = new URL('./worker.js', import.meta.url),
    hangMs = 120_000,
  }: ThreadOptions = {}): Promise<TensorFlowThread> {
    // The library reads the environment of the process, not a thread's copy of it.
    for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;
    const worker = new Worker(module, { name: 'tensorflow' });
    try {
      const [message] = (await once(worker, 'message')) as [Message];
      if ('ready' in message) return new TensorFlowThread(worker, message.ready, hangMs);
      throw new Error('unexpected message');
    } catch (error) {
      await worker.terminate();
      throw new BackendUnavailableError(loadFailure(error), { cause: error });
    }
  }

  /** Tensors that the thread held after its last run. */
  get liveTensors(): number {
    return this.#liveTensors;
  }

  /** Why the thread cannot run anything any more; undefined while it can. */
  get dead(): Error | undefined {
    return this.#dead;
  }

  /**
   * Runs a model; one at a time.
   *
   * @throws {OutOfMemoryError} when TensorFlow reports that memory ran out.
   * @throws {ComputeError} when it failed otherwise, or the thread ended or hung.
   */
  run(request: ModelRun): Promise<ModelResult> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    if (this.#pending !== undefined) return Promise.reject(new Error('the TensorFlow thread is busy'));
    const done = new Promise<ModelResult>((resolve, reject) => {
      this.#pending = { resolve, reject };
      const memory = Object.values(request.inputs).map(({ data }) => data.buffer as ArrayBuffer);
      this.#worker.postMessage(request, memory);
    });
    const timer = setTimeout(() => {
      this.#hung = true;
      this.#die(new ComputeError('the TensorFlow thread hangs'));
    }, this.#hangMs);
    return done.finally(() => {
      clearTimeout(timer);
    });
  }

  async stop(): Promise<void> {
    const ended = this.#worker.terminate();
    // A call that hangs inside the library cannot be interrupted; the thread is abandoned.
    if (!this.#hung) await ended;
  }

  #settle(message: Message): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if ('reply' in message) {
      this.#liveTensors = message.reply.liveTensors;
      pending?.resolve(message.reply);
    } else if ('failure' in message) {
      const { message: text, outOfMemory } = message.failure;
      pending?.reject(
        outOfMemory ? new OutOfMemoryError(`TensorFlow ran out of memory: ${text}`) : new ComputeError(`TensorFlow failed: ${text}`),
      );
    }
  }

  #die(error: Error): void {
    this.#dead ??= error;
    this.#pending?.reject(this.#dead);
    this.#pending = undefined;
  }
}

function loadFailure(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_MODULE_NOT_FOUND') return '@tensorflow/tfjs-node-gpu is not installed';
  if (message?.includes('tfjs_binding.node'))
    return 'the native library of @tensorflow/tfjs-node-gpu is not installed; `npm run tensorflow:install` does it';
  return `TensorFlow could not be loaded: ${message ?? String(error)}`;
}
