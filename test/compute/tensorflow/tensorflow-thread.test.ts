import { describe, expect, it } from 'vitest';
import { ComputeError } from '../../../src/compute/engine/errors.ts';
import { TensorFlowThread } from '../../../src/compute/backends/tensorflow/tensorflow-thread.ts';

/** A thread that answers as TensorFlow's does, without TensorFlow; at the model "hangs" it does so. */
const module = new URL(
  `data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ key }) => {
    while (key === 'hangs');
    parentPort.postMessage({ reply: { outputs: {}, computeMs: 1, liveTensors: 3 } });
  });
  parentPort.postMessage({ ready: { version: '0', gpu: false } });
`)}`,
);
const runOf = (key: string) => ({ key, model: undefined, release: [], inputs: {} });

describe('the thread of TensorFlow', () => {
  it('is dead once it hangs, and closing it does not wait', async () => {
    const thread = await TensorFlowThread.start({ module, hangMs: 300 });
    await expect(thread.run(runOf('usual'))).resolves.toMatchObject({ liveTensors: 3 });
    expect(thread.dead).toBeUndefined();
    await expect(thread.run(runOf('hangs'))).rejects.toThrow('hangs');
    expect(thread.dead).toBeInstanceOf(ComputeError);
    await expect(thread.run(runOf('usual'))).rejects.toThrow('hangs');
    await thread.stop();
  });
});
