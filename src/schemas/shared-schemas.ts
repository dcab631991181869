import type { NamedSchema } from './common.ts';
import { recordSchema, wrtSchema } from './lif.ts';
import { networkInputSchema, networkPathsSchema, weightSchema } from './network.ts';
import { neuronSchema, stateSchema } from './neuron.ts';
import { problemSchema } from './problem.ts';
import { outputsSchema, parametrizedSurrogateSchema, surrogateNameSchema, surrogateSchema } from './surrogate.ts';
import { nestedNumbersSchema, tensorOutputSchema, tensorSchema } from './tensor.ts';

/** The schemas that others refer to by name; they document what decoders check. */
export const sharedSchemas: readonly NamedSchema[] = [
  problemSchema,
  nestedNumbersSchema,
  tensorSchema,
  tensorOutputSchema,
  surrogateNameSchema,
  parametrizedSurrogateSchema,
  surrogateSchema,
  outputsSchema,
  neuronSchema,
  stateSchema,
  recordSchema,
  wrtSchema,
  weightSchema,
  networkInputSchema,
  networkPathsSchema,
];
