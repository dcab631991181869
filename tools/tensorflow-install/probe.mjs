// A program: multiplies two matrices with TensorFlow, and prints the library's version and whether it uses a GPU as one line of JSON.
import util from 'node:util';

// TensorFlow.js 4.22 calls two functions that Node 23 removed.
Object.assign(util, { isNullOrUndefined: (/** @type {unknown} */ value) => value === null || value === undefined, isArray: Array.isArray });
const { default: tf } = await import('@tensorflow/tfjs-node-gpu');
await tf.ready();
const matrix = tf.tensor2d([
  [1, 2],
  [3, 4],
]);
const square = Array.from(await matrix.matMul(matrix).data());
if (square.join() !== '7,10,15,22') throw new Error(`the square of [[1, 2], [3, 4]] came out as ${square.join(', ')}`);
const { isUsingGpuDevice, binding } =
  /** @type {ReturnType<typeof tf.backend> & { isUsingGpuDevice: boolean, binding: { TF_Version: string } }} */ (tf.backend());
process.stdout.write(`\n${JSON.stringify({ version: binding.TF_Version, gpu: isUsingGpuDevice })}\n`);
