import { Type, type TSchema, type TUnsafe } from '@sinclair/typebox';

import { backendNames } from '../compute/engine/backend.ts';

/** A schema that the OpenAPI document lists by name, and other schemas refer to. */
export interface NamedSchema {
  readonly $id: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** A reference to a named schema with a description of its own, which @fastify/swagger would drop beside a bare `$ref`. */
export function schemaReference(schema: NamedSchema, description: string): object {
  return { description, allOf: [{ $ref: `${schema.$id}#` }] };
}

/** The schema of an array of distinct names of a fixed set, for the documentation; `distinctNames` checks such arrays. */
export function namesSchema(id: string, names: readonly string[], description: string): NamedSchema {
  return { $id: id, description, ...Type.Array(Type.String({ enum: [...names] }), { minItems: 1, uniqueItems: true }) };
}

/** A field that takes an array of names. */
export function Names<Name extends string>(schema: NamedSchema, description: string): TUnsafe<readonly Name[]> {
  return Type.Unsafe<readonly Name[]>(schemaReference(schema, description));
}

/** A field that takes one of some words. */
export function Word<const Value extends string>(words: readonly Value[], description: string): TUnsafe<Value> {
  return Type.Unsafe<Value>(Type.String({ enum: [...words], description }));
}

/**
 * The options of every request that computes. Defaults are in the descriptions, since openapi-typescript makes fields with the keyword
 * `default` required.
 */
export const computeOptions = {
  encoding: Type.Optional(
    Word(['json', 'base64'], 'How tensors come back: nested arrays, or little-endian bytes in base64. Default `json`.'),
  ),
  dry_run: Type.Optional(
    Type.Boolean({
      description:
        'Describes the answer and estimates its cost, in JSON, without running the request: the answer\'s fields, with `{"shape", "dtype", "bytes"}` in place of each tensor (`{"rows", "dtype", "most_bytes"}` of spike times); `estimate` with `elements` (neuron-steps, or elements of x, times surrogates), `memory_bytes`, `answer_bytes` of its tensors in `binary`, and at most of all of it in `json` and with `base64`, `compute_ms` and `queue_ms`; and `meta` with the back-end that would do it now.',
    }),
  ),
  backend: Type.Optional(
    Word(
      ['auto', ...backendNames],
      "The back-end to run on; `auto` takes the fastest for the job. By default the server's configuration decides. If that back-end fails or is missing, another one runs the job, and `meta.fallback` says so.",
    ),
  ),
  dtype: Type.Optional(
    Word(
      ['float32', 'float64'],
      'Precision of the computation and of the answer; unless given, `float64` if a tensor came as float64 bytes, else `float32`. `float64` is computed by the back-ends `wasm`, at a half to a quarter of the speed, and `reference`, slowly, and written with all digits.',
    ),
  ),
};

/** An object whose fields, of any name, are all alike. */
export function fieldsOf(value: TSchema | true, description: string): TUnsafe<Record<string, unknown>> {
  return Type.Unsafe({ type: 'object', additionalProperties: value, description });
}
