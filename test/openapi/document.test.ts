import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  inferExamples,
  lifGradExamples,
  lifJvpExamples,
  lifSimulateExamples,
  networkGradExamples,
  networkSimulateExamples,
  surrogateEvalExamples,
  surrogateGradExamples,
  type Example,
} from '../../src/schemas/examples.ts';
import { Service } from '../http/service.ts';
import { exampleUrl, operationsOf, type MediaType, type OpenApi, type Operation } from './document.ts';

let service: Service;
let document: OpenApi;
beforeAll(async () => {
  service = await Service.start();
  document = (await service.request<OpenApi>('/openapi.json')).body;
});
afterAll(() => service.stop());

const operations = () => operationsOf(document);
const json = 'application/json';

/** The values of a body's examples, by name. */
const examplesOf = ({ example, examples = {} }: MediaType): [string, unknown][] =>
  example !== undefined ? [['example', example]] : Object.entries(examples).map(([name, { value }]) => [name, value]);

let ajv: Ajv2020 | undefined;
const validators = new Map<string, ValidateFunction>();

/** Validates against a schema of the document, which is compiled once. */
function matches(schema: object, value: unknown): string {
  ajv ??= new Ajv2020({ strict: false, validateFormats: false, schemas: [{ $id: 'document', components: document.components }] });
  const local = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
  const validate = validators.get(local) ?? ajv.compile(JSON.parse(local) as object);
  validators.set(local, validate);
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

/** An answer without what differs from run to run. */
function timeless(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) => (key.endsWith('_ms') ? 0 : value));
}

const computed: [string, Readonly<Record<string, Example>>][] = [
  ['/surrogate/eval', surrogateEvalExamples],
  ['/surrogate/grad', surrogateGradExamples],
  ['/lif/simulate', lifSimulateExamples],
  ['/lif/grad', lifGradExamples],
  ['/lif/jvp', lifJvpExamples],
  ['/network/simulate', networkSimulateExamples],
  ['/network/grad', networkGradExamples],
  ['/v2/models/{model}/infer', inferExamples],
];

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 with every route, described, under a tag that is declared and an operationId of its own', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/info',
      '/lif/grad',
      '/lif/jvp',
      '/lif/simulate',
      '/livez',
      '/metrics',
      '/network/grad',
      '/network/simulate',
      '/neurons',
      '/neurons/{name}',
      '/neurons/{name}.svg',
      '/neurons/{name}/gradient.svg',
      '/problems',
      '/problems/{code}',
      '/readyz',
      '/surrogate/eval',
      '/surrogate/grad',
      '/surrogates',
      '/surrogates.svg',
      '/surrogates/{name}',
      '/surrogates/{name}.svg',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/stats',
      '/v2/models/{model}',
      '/v2/models/{model}/config',
      '/v2/models/{model}/infer',
      '/v2/models/{model}/ready',
      '/v2/models/{model}/stats',
      '/v2/repository/index',
    ]);
    const tags = document.tags.map(({ name }) => name);
    for (const { path, method, operation } of operations()) {
      expect(operation.tags, `${method} ${path}`).toEqual([expect.toBeOneOf(tags)]);
      expect(operation.summary).toBeTruthy();
      expect(operation.description).toBeTruthy();
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z0-9]+$/);
    }
    expect(new Set(operations().map(({ operation }) => operation.operationId)).size).toBe(operations().length);
  });

  it('names its schemas, uses each, and refers to no others', () => {
    const names = Object.keys(document.components.schemas);
    expect(names).toEqual([
      'Catalogue',
      'CatalogueEntry',
      'Differentiable',
      'DifferentiatedLayer',
      'DryRunMeta',
      'Estimate',
      'FailedResult',
      'InferAnswer',
      'InferRequest',
      'InferenceError',
      'Info',
      'LifGradAnswer',
      'LifGradDryRun',
      'LifGradRequest',
      'LifJvpAnswer',
      'LifJvpDryRun',
      'LifJvpRequest',
      'LifSimulateAnswer',
      'LifSimulateDryRun',
      'LifSimulateRequest',
      'Liveness',
      'Loss',
      'Meta',
      'ModelConfig',
      'ModelMetadata',
      'ModelReadiness',
      'ModelStatistics',
      'NestedNumbers',
      'NetworkGradAnswer',
      'NetworkGradDryRun',
      'NetworkGradRequest',
      'NetworkInput',
      'NetworkPaths',
      'NetworkSimulateAnswer',
      'NetworkSimulateDryRun',
      'NetworkSimulateRequest',
      'Neuron',
      'NeuronCatalogue',
      'NeuronEntry',
      'Note',
      'Outputs',
      'ParametrizedSurrogate',
      'Problem',
      'ProblemEntry',
      'ProblemList',
      'Ready',
      'Recorded',
      'RepositoryIndex',
      'ResolvedSurrogate',
      'RowsOutline',
      'ServerLiveness',
      'ServerMetadata',
      'ServerReadiness',
      'SimulatedLayer',
      'State',
      'Statistics',
      'Surrogate',
      'SurrogateEvalAnswer',
      'SurrogateEvalDryRun',
      'SurrogateEvalRequest',
      'SurrogateGradAnswer',
      'SurrogateGradDryRun',
      'SurrogateGradRequest',
      'SurrogateName',
      'Tensor',
      'TensorMetadata',
      'TensorOutline',
      'TensorOutput',
      'Unready',
      'VocabularyEntry',
      'Weight',
    ]);
    const references = new Set(
      [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!),
    );
    expect([...references].sort()).toEqual(names);
    expect(JSON.stringify(document)).not.toMatch(/"\$ref":"(?!#\/components\/(schemas|examples)\/\w+")/);
    expect(JSON.stringify(document.components)).toContain(
      '"description":"Membrane time constant in ms, above 0; a number for all neurons or one value per neuron [B]. Default 10."',
    );
  });

  it('has bytes where bodies are bytes, and a schema that says something everywhere else', () => {
    const media = operations().flatMap(({ operation: { requestBody, responses } }) =>
      [requestBody, ...Object.values(responses)].flatMap((body) => Object.entries(body?.content ?? {})),
    );
    const bytes = media.filter(([type]) => type === 'application/octet-stream' || type === 'application/x-npy');
    expect(bytes).toHaveLength(5 * 4 + 2 * 3 + 2);
    for (const [, { schema }] of bytes) expect(schema).toMatchObject({ type: 'string', format: 'binary' });
    for (const [type, { schema }] of media)
      expect(Object.keys(schema), type).toEqual(expect.arrayContaining([expect.toBeOneOf(['$ref', 'anyOf', 'type'])]));
    expect(JSON.stringify(document)).not.toMatch(/"items":\{\}/);
  });

  it('has the headers and queries of routes that compute as parameters', () => {
    const parameters = (path: string) => new Map(document.paths[path]!.post!.parameters!.map((parameter) => [parameter.name, parameter]));
    for (const [path] of computed) {
      expect(parameters(path).get('X-Request-Timeout-Ms')).toMatchObject({ in: 'header', schema: { type: 'integer' } });
      expect(parameters(path).get('Inference-Header-Content-Length')).toMatchObject({ in: 'header', schema: { type: 'integer' } });
    }
    for (const name of ['surrogate', 'alpha', 'slope', 'outputs', 'dtype'])
      expect([...parameters('/surrogate/eval').keys()]).toContain(name);
    for (const name of ['steps', 'dt', 'tau', 'reset', 'record']) expect([...parameters('/lif/simulate').keys()]).toContain(name);
    for (const name of ['steps', 'tau', 'surrogate', 'alpha', 'wrt', 'loss', 'target', 'dry_run'])
      expect([...parameters('/lif/grad').keys()]).toContain(name);
  });

  it('says that nothing needs a key where nothing does', () => {
    for (const { operation } of operations()) expect(operation.security).toEqual([]);
  });

  it.each(computed)('%s has examples that run as they stand, with the answers that they get', async (path, examples) => {
    const { operation } = operations().find((candidate) => candidate.path === path)!;
    const [request, answer] = [operation.requestBody!.content[json]!, operation.responses['200']!.content![json]!];
    expect(examplesOf(request).length).toBeGreaterThan(1);
    expect(examplesOf(request).map(([name]) => name)).toEqual(examplesOf(answer).map(([name]) => name));
    for (const [name, example] of Object.entries(examples)) {
      expect(matches(request.schema, example.request), name).toBe('');
      expect(matches(answer.schema, example.answer), name).toBe('');
      const { status, body } = await service.post(exampleUrl(path, operation), example.request);
      expect(status, JSON.stringify(body)).toBe(200);
      expect(timeless(body), name).toEqual(timeless(example.answer));
    }
  });

  it.each(computed.filter(([path]) => !path.startsWith('/v2')))(
    '%s answers as documented in other encodings, precisions and by other back-ends, and when nothing is run',
    async (path) => {
      const { requestBody, responses } = document.paths[path]!.post!;
      const media = requestBody!.content[json]!;
      // TensorFlow is not enabled here, so that its answer tells of a fallback.
      for (const options of [
        { encoding: 'json' },
        { encoding: 'base64' },
        { encoding: 'base64', dtype: 'float64' },
        { backend: 'tensorflow' },
        { dry_run: true },
      ]) {
        for (const [, example] of examplesOf(media)) {
          const request = { ...(example as object), ...options };
          expect(matches(media.schema, request)).toBe('');
          const { status, body } = await service.post(path, request);
          expect(status, `${path} ${JSON.stringify(body)}`).toBe(200);
          expect(matches(responses['200']!.content![json]!.schema, body), path).toBe('');
        }
      }
      const problem = responses['400']!.content!['application/problem+json']!;
      expect(matches(problem.schema, (await service.post(path, {})).body)).toBe('');
    },
  );

  it('has examples of parameters that work, and documents what GET routes answer', async () => {
    await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
    for (const { path, operation } of operations().filter(({ method }) => method === 'get')) {
      const url = exampleUrl(path, operation);
      const response = await fetch(service.url + url);
      expect(response.status, url).toBe(200);
      const text = await response.text();
      const media = operation.responses['200']!.content?.[json];
      if (media === undefined) continue;
      const body = JSON.parse(text) as Record<string, unknown>;
      expect(matches(media.schema, body), url).toBe('');
      for (const [name, example] of examplesOf(media)) {
        expect(matches(media.schema, example), url).toBe('');
        // Other tests here have computed.
        if (name === 'idle') continue;
        // Of a list, an example has the first item.
        const shown =
          name === 'shortened'
            ? Object.fromEntries(Object.entries(body).map(([key, items]) => [key, (items as unknown[]).slice(0, 1)]))
            : body;
        expect(shown, url).toEqual(example);
      }
    }
    const metrics = document.paths['/metrics']!.get!.responses['200']!.content!['text/plain']!.example as string;
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain(metrics);
  });

  it('documents what probes answer until the service is ready', async () => {
    const starting = await Service.start();
    vi.spyOn(starting.app.lifecycle, 'unreadyReason', 'get').mockReturnValue('draining');
    for (const path of ['/readyz', '/v2/health/ready']) {
      const { status, body } = await starting.request(path);
      expect(status).toBe(503);
      const media = document.paths[path]!.get!.responses['503']!.content![json]!;
      expect(matches(media.schema, body)).toBe('');
      expect(examplesOf(media).map(([, example]) => example)).toContainEqual(body);
    }
    await starting.stop();
  });

  it('has examples of tensors and surrogates that are accepted', async () => {
    const { Tensor, NestedNumbers, Surrogate } = document.components.schemas as Record<
      string,
      { oneOf: { examples?: unknown[] }[]; examples: unknown[] }
    >;
    const tensors = [...Tensor!.oneOf.flatMap(({ examples = [] }) => examples), ...NestedNumbers!.examples];
    expect(tensors).toHaveLength(5);
    for (const x of tensors) expect((await service.post('/surrogate/grad', { x, surrogate: 'erf' })).status).toBe(200);
    for (const surrogate of Surrogate!.examples) expect((await service.post('/surrogate/grad', { x: 0, surrogate })).status).toBe(200);
  });

  it('is small enough to be read at once', () => {
    expect(JSON.stringify(document).length).toBeLessThan(285_000);
  });
});

describe('the schema of a surrogate', () => {
  const accepts = (name: string, value: unknown) => matches({ $ref: `#/components/schemas/${name}` }, value) === '';

  it('knows the parameters of each', () => {
    expect(accepts('Surrogate', { name: 'arctan', alpha: 2 })).toBe(true);
    expect(accepts('Surrogate', { name: 'arctan', slope: 2 })).toBe(false);
    expect(accepts('Surrogate', { name: 'arctan', alpha: '2' })).toBe(false);
    expect(accepts('ResolvedSurrogate', { name: 'arctan', alpha: 2 })).toBe(true);
    expect(accepts('ResolvedSurrogate', { name: 'arctan' })).toBe(false);
  });

  it('describes tensors to any depth', () => {
    const nest = (value: unknown, depth: number): unknown => (depth === 0 ? value : [nest(value, depth - 1)]);
    for (let depth = 0; depth < 12; depth++) {
      expect(accepts('Tensor', nest(1, depth)), `depth ${depth}`).toBe(true);
      for (const other of ['1', null, true, {}]) expect(accepts('Tensor', nest(other, depth)), `depth ${depth}`).toBe(false);
    }
    expect(accepts('Tensor', [])).toBe(true);
  });
});

/** An operation's statuses. */
const statuses = ({ responses }: Operation) => Object.keys(responses).map(Number);

it('every route documents what its connection may refuse', () => {
  for (const { operation } of operations()) expect(statuses(operation)).toEqual(expect.arrayContaining([408, 431]));
});
