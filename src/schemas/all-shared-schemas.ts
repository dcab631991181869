import { recordSchema, wrtSchema } from './lif-routes.ts';
import type { NamedSchema } from './shared-schemas.ts';
import { problemSchema } from './problem.ts';
import { outputsSchema } from './surrogate-routes.ts';
import { parametrizedSurrogateSchema, surrogateNameSchema, surrogateSchema } from './surrogate.ts';
import { nestedNumbersSchema, tensorOutputSchema, tensorSchema } from './tensor.ts';

/** The schemas that others refer to by name. Requests' are documentation for what a decoder checks. */
export const sharedSchemas: readonly NamedSchema[] = [
  problemSchema,
  nestedNumbersSchema,
  tensorSchema,
  tensorOutputSchema,
  surrogateNameSchema,
  parametrizedSurrogateSchema,
  surrogateSchema,
  outputsSchema,
  recordSchema,
  wrtSchema,
];
