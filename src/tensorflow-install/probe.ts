// A program: multiplies two matrices with TensorFlow, and writes what it found as one line of JSON.
import { loadTensorFlow } from '../compute/backends/tensorflow/load-tensorflow.js';

/** What a run of TensorFlow showed. */
export interface Finding {
  /** Of libtensorflow. */
  readonly version: string;
  readonly gpu: boolean;
}

/** What the package does not declare of its back-end. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

const tf = await loadTensorFlow();
await tf.ready();
const matrix = tf.tensor2d([
  [1, 2],
  [3, 4],
]);
const square = Array.from(await matrix.matMul(matrix).data());
if (square.join() !== '7,10,15,22') throw new Error(`the square of [[1, 2], [3, 4]] came out as ${square.join(', ')}`);
const { isUsingGpuDevice, binding } = tf.backend() as unknown as NodeBackend;
const finding: Finding = { version: binding.TF_Version, gpu: isUsingGpuDevice };
process.stdout.write(`\n${JSON.stringify(finding)}\n`);
