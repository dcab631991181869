// A program: multiplies two matrices with TensorFlow, and writes what it found as one line of JSON.
import { createRequire } from 'node:module';
import util from 'node:util';

/** What a run of TensorFlow showed. */
export interface Finding {
  /** Of libtensorflow. */
  readonly version: string;
  readonly gpu: boolean;
}

interface TensorFlow {
  ready(): Promise<void>;
  tensor2d(values: readonly (readonly number[])[]): Tensor;
  backend(): { readonly isUsingGpuDevice: boolean; readonly binding: { readonly TF_Version: string } };
}

interface Tensor {
  matMul(other: Tensor): Tensor;
  data(): Promise<ArrayLike<number>>;
}

// Node 23 took this away, and the package still calls it.
(util as { isNullOrUndefined?: (value: unknown) => boolean }).isNullOrUndefined ??= (value) => value === null || value === undefined;

// Not `import`, which would have the compiler ask for types that are not there without the optional dependency.
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as TensorFlow;
await tf.ready();
const matrix = tf.tensor2d([[1, 2], [3, 4]]);
const square = Array.from(await matrix.matMul(matrix).data());
if (square.join() !== '7,10,15,22') throw new Error(`the square of [[1, 2], [3, 4]] came out as ${square.join(', ')}`);
const { isUsingGpuDevice, binding } = tf.backend();
const finding: Finding = { version: binding.TF_Version, gpu: isUsingGpuDevice };
process.stdout.write(`\n${JSON.stringify(finding)}\n`);
