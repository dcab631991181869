import { Type, type TUnsafe } from '@sinclair/typebox';

import { schemaReference, type NamedSchema } from './shared-schemas.ts';

/** A schema, for the documentation, of an array of names out of a fixed set. `distinctNames` checks it. */
export function namesSchema(id: string, names: readonly string[], description: string): NamedSchema {
  return { $id: id, description, ...Type.Array(Type.String({ enum: [...names] }), { minItems: 1, uniqueItems: true }) };
}

/** A field that takes an array of names. */
export function Names<Name extends string>(schema: NamedSchema, description: string): TUnsafe<readonly Name[]> {
  return Type.Unsafe<readonly Name[]>(schemaReference(schema, description));
}
