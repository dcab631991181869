import { readdirSync, readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

/** An object as it is handed to a cluster, or a part of one. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: unknown;
}

interface Definition {
  properties?: { apiVersion?: { const?: string }; kind?: { const?: string } };
}

const folder = new URL('schemas/', import.meta.url);
// Formats are of no use to a reader of text: int32, date-time.
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
/** Where the schema of a kind stands, by version and kind. */
const references = new Map<string, string>();

for (const file of readdirSync(folder)) {
  const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { definitions: Record<string, Definition> };
  ajv.addSchema(schema, file);
  for (const [name, { properties }] of Object.entries(schema.definitions)) {
    if (properties?.kind?.const === undefined) continue;
    references.set(`${properties.apiVersion!.const!} ${properties.kind.const}`, `${file}#/definitions/${name}`);
  }
}

function schemaOf({ apiVersion, kind }: Manifest): ValidateFunction {
  const reference = references.get(`${apiVersion} ${kind}`);
  if (reference === undefined)
    throw new Error(`there is no schema of ${apiVersion} ${kind}; known are ${[...references.keys()].join(', ')}`);
  return ajv.getSchema(reference)!;
}

/**
 * What its kind's schema has against a manifest, such as `/spec/replicas must be integer`.
 *
 * @param isPatch that fields may be missing.
 */
export function schemaViolations(manifest: Manifest, isPatch = false): string[] {
  const validate = schemaOf(manifest);
  if (validate(manifest)) return [];
  return validate
    .errors!.filter(({ keyword }) => !(isPatch && keyword === 'required'))
    .map(({ instancePath, message, params }) => {
      const { additionalProperty } = params as { additionalProperty?: string };
      return `${instancePath} ${message!}${additionalProperty === undefined ? '' : `: ${additionalProperty}`}`;
    });
}
