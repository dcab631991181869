/** A schema that the OpenAPI document lists by name, and other schemas refer to. */
export interface NamedSchema {
  readonly $id: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** What refers to a named schema, with a description of its own, which @fastify/swagger would drop beside a bare `$ref`. */
export function schemaReference(schema: NamedSchema, description: string): object {
  return { description, allOf: [{ $ref: `${schema.$id}#` }] };
}
