/** A schema that the OpenAPI document lists by name, and other schemas refer to. */
export interface NamedSchema {
  readonly $id: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** What refers to a named schema, with a description of its own. */
export function schemaReference(schema: NamedSchema, description: string): { $ref: string; description: string } {
  return { $ref: `${schema.$id}#`, description };
}
