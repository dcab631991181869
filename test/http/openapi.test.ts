import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from './service.ts';

interface MediaType {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  tags: string[];
  summary: string;
  parameters?: { name: string; example?: string }[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, { description: string; content?: Record<string, MediaType> }>;
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

let service: Service;
let document: OpenApi;
beforeAll(async () => {
  service = await Service.start();
  document = (await service.request<OpenApi>('/openapi.json')).body;
});
afterAll(() => service.stop());

const operations = (): [string, string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]): [string, string, Operation] => [path, method, operation]));

const examplesOf = ({ example, examples }: MediaType): unknown[] =>
  example !== undefined ? [example] : Object.values(examples ?? {}).map(({ value }) => value);

/** Validates against a schema of the document. */
function matches(schema: object, value: unknown): string {
  const ajv = new Ajv({ strict: false, validateFormats: false, schemas: [{ $id: 'document', components: document.components }] });
  const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')) as object;
  const validate = ajv.compile(local);
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

describe('GET /openapi.json', () => {
  it('is OpenAPI 3.1 with every route, tagged and summed up', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/info', '/lif/grad', '/lif/simulate', '/livez', '/metrics', '/problems', '/problems/{code}', '/readyz', '/surrogate/eval', '/surrogate/grad',
      '/surrogates', '/surrogates/{name}', '/surrogates/{name}.svg', '/v2', '/v2/health/live', '/v2/health/ready', '/v2/models/stats', '/v2/models/{model}',
      '/v2/models/{model}/config', '/v2/models/{model}/infer', '/v2/models/{model}/ready', '/v2/models/{model}/stats', '/v2/repository/index',
    ]);
    for (const [path, method, { tags, summary }] of operations()) {
      expect(tags, `${method} ${path}`).toHaveLength(1);
      expect(summary).toBeTruthy();
    }
  });

  it('names its shared schemas, and refers to no others', () => {
    const names = Object.keys(document.components.schemas).sort();
    expect(names).toEqual(['Differentiable', 'Outputs', 'Problem', 'Recorded', 'Surrogate', 'Tensor', 'TensorOutput']);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    expect(JSON.stringify(document.paths)).toContain('"description":"Membrane time constant in ms, above 0; a number for all neurons or one value per neuron [B]. Default 10."');
    for (const reference of new Set(references)) expect(names.map((name) => `#/components/schemas/${name}`)).toContain(reference);
  });

  it('has examples of request bodies that run as they stand, and answers that are as documented', async () => {
    const posts = operations().filter(([path, method]) => method === 'post' && !path.startsWith('/v2'));
    expect(posts).toHaveLength(4);
    for (const [path, , { requestBody, responses }] of posts) {
      const media = requestBody!.content['application/json']!;
      const examples = examplesOf(media);
      expect(examples.length, path).toBeGreaterThan(0);
      for (const example of examples) {
        expect(matches(media.schema, example)).toBe('');
        // TensorFlow is not enabled here, so that the last answer tells of a fallback.
        for (const options of [{ encoding: 'json' }, { encoding: 'base64' }, { encoding: 'base64', dtype: 'float64' }, { backend: 'tensorflow' }]) {
          const request = { ...(example as object), ...options };
          expect(matches(media.schema, request)).toBe('');
          const { status, body } = await service.post(path, request);
          expect(status, `${path} ${JSON.stringify(body)}`).toBe(200);
          expect(matches(responses['200']!.content!['application/json']!.schema, body), path).toBe('');
        }
        expect((await service.post(path, example)).status).toBe(200);
      }
      const problem = responses['400']!.content!['application/problem+json']!;
      expect(matches(problem.schema, (await service.post(path, {})).body)).toBe('');
    }
  });

  it('has an example of an inference that runs, and an answer that is as documented', async () => {
    const { requestBody, responses } = document.paths['/v2/models/{model}/infer']!.post!;
    const media = requestBody!.content['application/json']!;
    for (const example of examplesOf(media)) {
      expect(matches(media.schema, example)).toBe('');
      const { status, body } = await service.post('/v2/models/surrogate_grad/infer', example);
      expect(status).toBe(200);
      expect(matches(responses['200']!.content!['application/json']!.schema, body)).toBe('');
    }
  });

  it('has examples of parameters that work, and documents what GET routes answer', async () => {
    await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
    for (const [path, , { parameters, responses }] of operations().filter(([, method]) => method === 'get')) {
      const url = path.replace(/\{(\w+)\}/g, (_, name) => parameters!.find((parameter) => parameter.name === name)!.example!);
      const response = await fetch(service.url + url);
      expect(response.status, url).toBe(200);
      const text = await response.text();
      const schema = responses['200']!.content?.['application/json']?.schema;
      if (schema) expect(matches(schema, JSON.parse(text)), url).toBe('');
    }
  });

  it('has examples of tensors and surrogates that are accepted', async () => {
    const { Tensor, Surrogate } = document.components.schemas as Record<'Tensor' | 'Surrogate', { oneOf: { examples: unknown[] }[]; examples: unknown[] }>;
    const tensors = Tensor.oneOf.flatMap(({ examples }) => examples);
    expect(tensors).toHaveLength(5);
    for (const x of tensors) expect((await service.post('/surrogate/grad', { x, surrogate: 'erf' })).status).toBe(200);
    for (const surrogate of Surrogate.examples) expect((await service.post('/surrogate/grad', { x: 0, surrogate })).status).toBe(200);
  });
});

it('/docs is a page that needs nothing from elsewhere', async () => {
  const page = await fetch(`${service.url}/docs`);
  expect(page.status).toBe(200);
  const html = await page.text();
  const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
  expect(sources.length).toBeGreaterThan(2);
  for (const source of sources) {
    expect(source).not.toMatch(/^(https?:)?\/\//);
    const asset = await fetch(new URL(source, page.url.endsWith('/') ? page.url : `${page.url}/`));
    await asset.arrayBuffer();
    expect(asset.status, source).toBe(200);
  }
});
