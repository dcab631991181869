type Json = Readonly<Record<string, unknown>>;

/** The schemas of an OpenAPI document that have a name, their `$id`. */
export class OpenApiComponents {
  readonly #schemas = new Map<string, object>();

  /** The schemas found so far, by name and in its order. */
  get schemas(): Record<string, object> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A part of the document in which named schemas are references to components, which they become. */
  extract(part: unknown): unknown {
    if (Array.isArray(part)) return part.map((item) => this.extract(item));
    if (typeof part !== 'object' || part === null) return part;
    const { $id, ...fields } = part as Json;
    // A discriminator needs variants with names in OpenAPI, and variants without in Ajv; their constants tell as much.
    const known = Object.entries(fields).filter(([key]) => key !== 'discriminator');
    const extracted = Object.fromEntries(known.map(([key, value]) => this.#field(key, value)));
    if (typeof $id !== 'string') return extracted;
    this.#schemas.set($id, extracted);
    return reference($id);
  }

  #field(key: string, value: unknown): [string, unknown] {
    if (key === '$ref' && typeof value === 'string' && value.endsWith('#')) return [key, reference(value.slice(0, -1)).$ref];
    // The one pattern that Typebox writes is for any name; generators know the other keyword.
    if (key === 'patternProperties') return ['additionalProperties', this.extract(Object.values(value as Json)[0])];
    return [key, this.extract(value)];
  }
}

function reference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
