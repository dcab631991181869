import { ComputeError } from '../../engine/backend.ts';
import { defineProgram, modelOf } from './program.ts';
import { encodeSavedModel } from './saved-model.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import type { TensorFlowThread } from './tensorflow-thread.ts';

/** Whether TensorFlow can compile with XLA here: it may be built without, and on a GPU it needs files of the CUDA toolkit. */
export async function compilesWithXla(thread: TensorFlowThread): Promise<boolean> {
  const program = defineProgram((graph) => {
    const x = graph.input('x', 'float32');
    return { twice: new TensorAlgebra(graph).add(x, x) };
  });
  const key = 'xla probe';
  const inputs = { x: { type: 'float32', shape: [1], data: Float32Array.of(21) } } as const;
  try {
    const { outputs } = await thread.run({ key, model: encodeSavedModel(modelOf(program, { xla: true })), release: [], inputs });
    return outputs.twice?.[0] === 42;
  } catch (error) {
    if (error instanceof ComputeError && thread.dead === undefined) return false;
    throw error;
  }
}
