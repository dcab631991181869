// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';

import { loadTensorFlow } from './load-tensorflow.js';

/**
 * @import { GraphOutputs } from './graph-job.ts'
 * @import { Failure, ModelResult, ModelRun } from './tensorflow-thread.ts'
 */

/** Loads TensorFlow, then runs one model after the other; each of its calls blocks this thread. */
async function main() {
  const port = parentPort;
  if (port === null) throw new Error('this file is for a worker thread');
  const tf = await loadTensorFlow();
  await tf.ready();
  const backend = /** @type {ReturnType<typeof tf.backend> & { isUsingGpuDevice: boolean, binding: { TF_Version: string } }} */ (
    tf.backend()
  );
  const models = new Models(tf);
  port.on('message', (/** @type {ModelRun} */ request) => {
    models.run(request).then(
      (reply) => {
        port.postMessage(
          { reply },
          Object.values(reply.outputs).map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer)),
        );
      },
      (/** @type {unknown} */ error) => {
        port.postMessage({ failure: describe(error) });
      },
    );
  });
  port.postMessage({ ready: { version: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice } });
}

class Models {
  /** @type {Map<string, Awaited<ReturnType<typeof import('@tensorflow/tfjs-node-gpu')['node']['loadSavedModel']>>>} */
  #loaded = new Map();
  #tf;

  /** @param {typeof import('@tensorflow/tfjs-node-gpu')} tf */
  constructor(tf) {
    this.#tf = tf;
  }

  /**
   * @param {ModelRun} request
   * @returns {Promise<ModelResult>}
   */
  async run({ key, model, release, inputs }) {
    for (const old of release) {
      this.#loaded.get(old)?.dispose();
      this.#loaded.delete(old);
    }
    if (model !== undefined) this.#loaded.set(key, await this.#load(model));
    const loaded = this.#loaded.get(key);
    if (loaded === undefined) throw new Error(`the model ${key} was not loaded`);
    const tf = this.#tf;
    const started = performance.now();
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { type, shape, data }]) => [name, tf.tensor(data, [...shape], type)]),
    );
    /** @type {Record<string, import('@tensorflow/tfjs-node-gpu').Tensor>} */
    let results = {};
    /** @type {GraphOutputs} */
    let outputs;
    try {
      results = /** @type {typeof results} */ (loaded.predict(tensors));
      outputs = Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, /** @type {GraphOutputs[string]} */ (tensor.dataSync())]),
      );
    } finally {
      tf.dispose([Object.values(tensors), Object.values(results)]);
    }
    return { outputs, computeMs: performance.now() - started, liveTensors: tf.memory().numTensors };
  }

  /** @param {Uint8Array} model */
  async #load(model) {
    const folder = mkdtempSync(join(tmpdir(), 'surrogate-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), model);
      return await this.#tf.node.loadSavedModel(folder, ['serve'], 'serving_default');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/**
 * @param {unknown} error
 * @returns {Failure}
 */
function describe(error) {
  const message = error instanceof Error ? error.message : String(error);
  return {
    message,
    outOfMemory: /RESOURCE_EXHAUSTED|OOM when allocating|out of memory|std::bad_alloc|Array buffer allocation failed/i.test(message),
  };
}

await main();
