import fc, { type Arbitrary } from 'fast-check';

/** What the generator knows of JSON Schema: as much as the service's OpenAPI document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
}

/** Any JSON value that is small. */
const anything: Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
  { weight: 2, arbitrary: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/**
 * Values that a schema describes. What it leaves open, such as the items of nested arrays, may be anything.
 *
 * @param components to which its references lead.
 */
export function fromSchema(schema: Schema, components: Readonly<Record<string, Schema>>): Arbitrary<unknown> {
  const of = (inner: Schema) => fromSchema(inner, components);
  if (schema.$ref !== undefined) return of(components[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]!);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) return fc.oneof(...variants.map(of));
  if (Array.isArray(schema.type)) return fc.oneof(...(schema.type as string[]).map((type) => of({ ...schema, type })));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'object':
      return fromObject(schema, of);
    case 'array': {
      const items = schema.items === undefined ? anything : of(schema.items);
      const { minItems: minLength = 0, maxItems = 5 } = schema;
      const lengths = { minLength, maxLength: Math.max(minLength, Math.min(maxItems, 5)) };
      return schema.uniqueItems === true ? fc.uniqueArray(items, { ...lengths, comparator: 'SameValue' }) : fc.array(items, lengths);
    }
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -10, max: (schema.minimum ?? -10) + 20 });
    case 'number':
      return fc.double({ min: schema.minimum ?? schema.exclusiveMinimum ?? -10, max: 10, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return fc.oneof(fc.constantFrom('sigmoid', 'x', 'current', 'FP32', 'FP64', 'v', ''), fc.string({ maxLength: 8 }));
    default:
      return anything;
  }
}

function fromObject(schema: Schema, of: (inner: Schema) => Arbitrary<unknown>): Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, of(inner)]));
  const fields = fc.record(known, { requiredKeys: [...(schema.required ?? [])].filter((name) => name in known) });
  const open = schema.patternProperties?.['^(.*)$'] ?? schema.patternProperties?.['^.*$'] ?? schema.additionalProperties;
  if (open === undefined || open === false) return fields;
  const more = fc.dictionary(
    fc.constantFrom('alpha', 'beta', 'steps', 'dt', 'surrogate', 'binary_data_size', 'other'),
    open === true ? anything : of(open),
    { maxKeys: 2 },
  );
  return fc.tuple(more, fields).map(([extra, named]) => ({ ...extra, ...named }));
}
