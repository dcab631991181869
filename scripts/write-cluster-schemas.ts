// Writes test/deploy/schemas/, to which the tests hold the manifests, from files of the projects that the schemas belong to:
// `npx tsx scripts/write-cluster-schemas.ts FOLDER` with these files in FOLDER, by the last parts of their paths.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

type Json = string | number | boolean | null | Json[] | Schema;
interface Schema {
  [key: string]: Json;
}

const swagger = {
  source: 'kubernetes-client/javascript 2.0.0 (Kubernetes 1.35.0): src/gen/swagger.json.unprocessed',
  kinds: [
    'apps.v1.Deployment',
    'autoscaling.v2.HorizontalPodAutoscaler',
    'core.v1.Service',
    'core.v1.ServiceAccount',
    'core.v1.ConfigMap',
    'networking.v1.Ingress',
    'networking.v1.NetworkPolicy',
    'policy.v1.PodDisruptionBudget',
  ],
};

/** Forms of a predictor that KServe keeps for old manifests, and what runs on several nodes: large, and not used here. */
const unusedOfPredictor = [
  ...['huggingface', 'lightgbm', 'onnx', 'paddle', 'pmml', 'pytorch', 'sklearn', 'tensorflow', 'triton', 'xgboost'],
  'workerSpec',
];

const customResources: { name: string; source: string; files: { file: string; drop?: string[] }[] }[] = [
  { name: 'keda', source: 'kedacore/keda v2.20.2: config/crd/bases', files: [{ file: 'keda.sh_scaledobjects.yaml' }] },
  {
    name: 'prometheus-operator',
    source: 'prometheus-operator/prometheus-operator v0.93.0: example/prometheus-operator-crd',
    files: [
      { file: 'monitoring.coreos.com_servicemonitors.yaml' },
      { file: 'monitoring.coreos.com_podmonitors.yaml' },
      { file: 'monitoring.coreos.com_prometheusrules.yaml' },
    ],
  },
  {
    name: 'kserve',
    source: 'kserve/kserve v0.20.0: config/crd/full',
    files: [
      { file: 'serving.kserve.io_servingruntimes.yaml', drop: ['spec.workerSpec'] },
      {
        file: 'serving.kserve.io_inferenceservices.yaml',
        drop: ['spec.canary', 'spec.explainer', 'spec.transformer', ...unusedOfPredictor.map((name) => `spec.predictor.${name}`)],
      },
    ],
  },
];

/** As the custom resources have it; Kubernetes' own description says only that it is text. */
const quantity = { type: 'string', pattern: String.raw`^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$` };

/** Whether a key says what is right; others tell people and clients. JavaScript does not have Go's patterns that ignore case. */
const isRule = (key: string, value: Json) =>
  key !== 'description' &&
  key !== 'default' &&
  !key.startsWith('x-kubernetes-') &&
  !(key === 'pattern' && typeof value === 'string' && value.includes('(?i)'));

/** A JSON Schema in which fields that are not named are wrong, as `kubectl apply` has it. `status` is the cluster's to write. */
function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') {
    return { anyOf: [{ type: 'integer' }, { type: 'string', ...(schema.pattern === undefined ? {} : { pattern: schema.pattern }) }] };
  }
  const kept: Schema = {};
  for (const [key, value] of Object.entries(schema)) {
    // Fields may have any name, that of a key too.
    if (key === 'properties') {
      kept[key] = Object.fromEntries(
        Object.entries(value as Schema).flatMap(([name, property]) => (name === 'status' ? [] : [[name, strict(property)]])),
      );
    } else if (isRule(key, value)) kept[key] = strict(value);
  }
  if (kept.properties !== undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true) kept.additionalProperties ??= false;
  return kept;
}

/** Names its version and kind. */
function fixed(schema: Schema, group: string, version: string, kind: string): Schema {
  Object.assign(schema.properties as Schema, {
    apiVersion: { const: group === '' ? version : `${group}/${version}` },
    kind: { const: kind },
  });
  schema.required = [...new Set([...((schema.required ?? []) as string[]), 'apiVersion', 'kind', 'metadata'])];
  return schema;
}

const root = fileURLToPath(new URL('../test/deploy/schemas/', import.meta.url));

/** One definition a line. */
function write(name: string, source: string, definitions: Schema): void {
  const lines = Object.entries(definitions).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const head = `"$comment": ${JSON.stringify(`From ${source}; Apache-2.0; reduced by scripts/write-cluster-schemas.ts.`)}`;
  writeFileSync(path.join(root, `${name}.json`), `{\n${head},\n"definitions": {\n${lines.join(',\n')}\n}}\n`);
}

function writeKubernetes(folder: string): void {
  const { definitions: all } = JSON.parse(readFileSync(path.join(folder, 'swagger.json.unprocessed'), 'utf8')) as {
    definitions: Record<string, Schema>;
  };
  const definitions: Schema = {};
  const add = (name: string): Schema => {
    const schema = strict(all[name]!) as Schema;
    definitions[name] = schema;
    for (const [, reference] of JSON.stringify(schema).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
      if (definitions[reference!] === undefined) add(reference!);
    }
    return schema;
  };
  for (const kind of swagger.kinds) {
    const name = `io.k8s.api.${kind}`;
    const [of] = all[name]!['x-kubernetes-group-version-kind'] as { group: string; version: string; kind: string }[];
    fixed(add(name), of!.group, of!.version, of!.kind);
  }
  definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'] = quantity;
  write('kubernetes', swagger.source, definitions);
}

function writeCustomResource(folder: string, { name, source, files }: (typeof customResources)[number]): void {
  const definitions: Schema = {};
  for (const { file, drop = [] } of files) {
    const { spec } = parse(readFileSync(path.join(folder, file), 'utf8')) as {
      spec: { group: string; names: { kind: string }; versions: { name: string; schema: { openAPIV3Schema: Schema } }[] };
    };
    const [version] = spec.versions;
    const schema = strict(version!.schema.openAPIV3Schema) as Schema;
    for (const place of drop) {
      const steps = place.split('.');
      const last = steps.pop()!;
      const parent = steps.reduce((at, step) => (at.properties as Schema)[step] as Schema, schema);
      if (!Reflect.has(parent.properties as Schema, last)) throw new Error(`${file} has no ${place}`);
      Reflect.deleteProperty(parent.properties as Schema, last);
    }
    (schema.properties as Schema).metadata = { $ref: 'kubernetes.json#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };
    definitions[`${spec.group}.${version!.name}.${spec.names.kind}`] = fixed(schema, spec.group, version!.name, spec.names.kind);
  }
  write(name, source, definitions);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Say in which folder the upstream files are: npx tsx scripts/write-cluster-schemas.ts FOLDER');
mkdirSync(root, { recursive: true });
writeKubernetes(folder);
for (const resource of customResources) writeCustomResource(folder, resource);
