import type { Static } from '@sinclair/typebox';

import { inferenceModels, modelVersion } from '../requests/inference-models.ts';
import type { Operation } from '../requests/plan.ts';
import type { ModelConfig, ModelMetadata, RepositoryIndex } from '../schemas/inference.ts';

/** What runs the models: the service itself. */
export const platform = 'surrogate-gradient-service';

/** A model as the Open Inference Protocol describes it. */
export function metadataOf(name: Operation): Static<typeof ModelMetadata> {
  const { inputs, outputs } = inferenceModels[name];
  const tensor = ({ name, datatype, shape }: (typeof inputs)[number]) => ({ name, datatype, shape: [...shape] });
  return { name, versions: [modelVersion], platform, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}

/** A model as Triton's model configuration describes it. */
export function configOf(name: Operation): Static<typeof ModelConfig> {
  const { inputs, outputs } = inferenceModels[name];
  const tensor = ({ name, datatype, shape }: (typeof inputs)[number]) => ({ name, data_type: `TYPE_${datatype}`, dims: [...shape] });
  return {
    name,
    platform,
    backend: platform,
    max_batch_size: 0,
    input: inputs.map((input, i) => ({ ...tensor(input), optional: i > 0 })),
    output: outputs.map(tensor),
  };
}

/** All models; where they take no requests, with the reason. */
export function repositoryIndex(unreadyReason: string | undefined): Static<typeof RepositoryIndex> {
  const state = unreadyReason === undefined ? { state: 'READY' } : { state: 'UNAVAILABLE', reason: unreadyReason };
  return Object.keys(inferenceModels).map((name) => ({ name, version: modelVersion, ...state }));
}
