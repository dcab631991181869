import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { npyHeader } from '../../src/codecs/npy.ts';
import { Service } from '../http/service.ts';
import { root } from '../packaging/dockerfile.ts';
import { operationsOf, type OpenApi } from './document.ts';

/** A client's program: each route is called once, and what is answered is read without a cast. */
const program = `
import createClient from 'openapi-fetch';
import type { components, paths } from './api.ts';

type Schemas = components['schemas'];

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a part of the answer is missing');
  return value;
}

export async function callAll(baseUrl: string, npyFile: Blob, fetch: (request: Request) => Promise<Response>) {
  const client = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl, fetch });

  const surrogates: Schemas['Surrogate'] = [{ name: 'arctan', alpha: 2 }, { name: 'snntorch.spike_rate_escape', beta: 1, slope: 20 }, 'erf'];
  const nested: Schemas['Tensor'] = [[[-1, 0]], [[0.5, 2]]];
  const grad: Schemas['SurrogateGradRequest'] = { x: nested, surrogate: { name: 'arctan', alpha: 2 }, cotangent: 2 };
  const simulate: Schemas['LifSimulateRequest'] = { current: [1.5, 2], steps: 500, neuron: { tau: [10, 20], reset: 'soft' }, record: ['spike_counts', 'v_final'] };
  const lifGrad: Schemas['LifGradRequest'] = { current: { linspace: [0.5, 2.5, 5] }, steps: 100, loss: { type: 'firing_rate_mse', target: 20 }, wrt: ['tau'] };

  const evaluated = required((await client.POST('/surrogate/eval', { body: { x: 0, surrogate: surrogates }, params: { header: { 'X-Request-Timeout-Ms': 5000 } } })).data);
  if ('dry_run' in evaluated) throw new Error('expected values');
  const result = required(evaluated.results[0]);
  if ('error' in result) throw new Error(result.error.detail);
  const value: Schemas['TensorOutput'] = required(result.value);
  const resolved = result.surrogate;
  const alpha: number = resolved.name === 'arctan' ? resolved.alpha : NaN;

  const gradient = required((await client.POST('/surrogate/grad', { body: grad })).data);
  const dry = required((await client.POST('/lif/grad', { body: { ...lifGrad, dry_run: true } })).data);
  const bytes: number = 'dry_run' in dry ? dry.estimate.answer_bytes.binary : NaN;
  await client.POST('/lif/grad', { body: lifGrad });
  const { data: simulated } = await client.POST('/lif/simulate', { body: simulate });
  const final: Schemas['TensorOutput'] | undefined = simulated && !('dry_run' in simulated) ? simulated.v_final : undefined;

  const npy = await createClient<paths>({ baseUrl, fetch }).POST('/surrogate/grad', {
    body: '',
    bodySerializer: () => npyFile,
    headers: { 'content-type': 'application/x-npy' },
    params: { query: { surrogate: 'arctan', alpha: 2 } },
    parseAs: 'arrayBuffer',
  });
  const array: ArrayBuffer = required(npy.data);

  const { error } = await client.POST('/surrogate/grad', { body: { ...grad, cotangent: [1, 2, 3] } });
  const code: Schemas['Problem']['code'] = required(error).code;

  await client.GET('/surrogates');
  const entry = required((await client.GET('/surrogates/{name}', { params: { path: { name: 'arctan' } } })).data);
  const meaning: string = required(entry.parameters.alpha).meaning;
  await client.GET('/surrogates/{name}.svg', { params: { path: { name: 'arctan' }, query: { alpha: 2, x_min: -1 } }, parseAs: 'text' });
  await client.GET('/surrogates.svg', { params: { query: { names: 'sigmoid,arctan(alpha=3)', theme: 'dark' } }, parseAs: 'text' });
  await client.GET('/neurons/{name}.svg', { params: { path: { name: 'lif' }, query: { current: '3', size: '480x320' } }, parseAs: 'text' });
  await client.GET('/neurons/{name}/gradient.svg', { params: { path: { name: 'lif' }, query: { points: 20 } }, parseAs: 'text' });
  await client.GET('/neurons');
  const neuron = required((await client.GET('/neurons/{name}', { params: { path: { name: 'snntorch.Leaky' } } })).data);
  const unit: string | undefined = neuron.parameters.beta?.unit;
  const tangents = required((await client.POST('/lif/jvp', { body: { current: [0.5, 2], steps: 100, tangents: { current: [1, 1] } } })).data);
  const moved = required(tangents.results[0]);
  const tangent = 'error' in moved ? undefined : moved.loss;
  await client.GET('/problems');
  await client.GET('/problems/{code}', { params: { path: { code } } });
  await client.GET('/info');
  await client.GET('/livez');
  const ready = await client.GET('/readyz');
  const reason: string | undefined = ready.error && 'reason' in ready.error ? ready.error.reason : undefined;
  await client.GET('/metrics', { parseAs: 'text' });

  await client.GET('/v2');
  await client.GET('/v2/health/live');
  await client.GET('/v2/health/ready');
  const layers = [{ weight: [[2]], neuron: { tau: 2 } }];
  const network = required((await client.POST('/network/grad', { body: { input: [[[1, 1]]], dt: 1, layers, loss: { type: 'spike_count' } } })).data);
  if ('dry_run' in network) throw new Error('a dry run');
  const weightGradient = network.grad['layers/0/weight'];
  if (weightGradient === undefined || typeof network.reduced_loss !== 'number') throw new Error('no gradient');
  await client.POST('/network/simulate', { body: { input: { events: { sample: [0], neuron: [0], step: [1] }, shape: [1, 1, 2] }, dt: 1, layers, record: ['layers/0/v'] } });
  const statistics = required((await client.GET('/v2/models/stats')).data);
  const model = { params: { path: { model: 'surrogate_grad' } } };
  await client.GET('/v2/models/{model}', model);
  await client.GET('/v2/models/{model}/config', model);
  await client.GET('/v2/models/{model}/ready', model);
  await client.GET('/v2/models/{model}/stats', model);
  await client.POST('/v2/repository/index');
  const inferred = required((await client.POST('/v2/models/{model}/infer', { ...model, body: { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }], parameters: { surrogate: 'arctan' } } })).data);
  const output: number[] | undefined = inferred.outputs[0]?.data;

  return { value, alpha, unit, tangent, gradient, bytes, final, array: array.byteLength, code, meaning, reason, output, models: statistics.model_stats.length };
}
`;

// In a folder that neither git nor ESLint looks at, from which the packages can be resolved.
const folder = path.join(root, 'dist', `openapi-client-${process.pid}`);
const file = (name: string) => path.join(folder, name);

let service: Service;
let document: OpenApi;
beforeAll(async () => {
  service = await Service.start();
  document = (await service.request<OpenApi>('/openapi.json')).body;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file('api.ts'), astToString(await openapiTypescript(structuredClone(document) as never)));
  writeFileSync(file('client.ts'), program);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await service.stop();
});

/** What the compiler says of a client, and of which line. */
function diagnosticsOf(name: string): { line: number; text: string }[] {
  const compiled = ts.createProgram([file(name)], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: false,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    types: ['node'],
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    skipLibCheck: true,
  });
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ file: source, start = 0, messageText }) => ({
      line: source?.getLineAndCharacterOfPosition(start).line ?? 0,
      text: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
}

describe('a client that openapi-typescript generates', () => {
  it('compiles under strict rules', () => {
    expect(diagnosticsOf('client.ts')).toEqual([]);
  });

  it('refuses what the service would refuse', () => {
    const wrong = [
      `const unknownParameter: Schemas['Surrogate'] = { name: 'arctan', slope: 2 };`,
      `const unknownName: Schemas['Surrogate'] = 'arctangent';`,
      `const text: Schemas['Tensor'] = [[1, '2']];`,
      `const loss: Schemas['LifGradRequest'] = { current: 1, loss: { type: 'firing_rate_mse' } };`,
    ];
    writeFileSync(
      file('wrong.ts'),
      [`import type { components } from './api.ts';`, `type Schemas = components['schemas'];`, ...wrong].join('\n'),
    );
    expect([...new Set(diagnosticsOf('wrong.ts').map(({ line }) => line))]).toEqual(wrong.map((_, i) => 2 + i));
  });

  it('calls every route', async () => {
    const called = new Set<string>();
    const npyFile = new Blob([new Uint8Array(npyHeader('float32', [1])), new Uint8Array(4)]);
    const { callAll } = (await import(file('client.ts'))) as {
      callAll: (url: string, npyFile: Blob, fetch: (request: Request) => Promise<Response>) => Promise<object>;
    };
    const result = await callAll(service.url, npyFile, (request) => {
      called.add(`${request.method} ${new URL(request.url).pathname}`);
      return fetch(request);
    });
    expect(result).toMatchObject({
      alpha: 2,
      bytes: expect.any(Number) as number,
      array: 132,
      code: 'invalid_request',
      output: [0.5],
      models: 6,
    });
    const names: Record<string, string> = { '{name}': 'arctan', '{code}': 'invalid_request', '{model}': 'surrogate_grad' };
    const filled = (route: string) =>
      route
        .replace(/(\/neurons\/)\{name\}(?=[./])/, '$1lif')
        .replace('/neurons/{name}', '/neurons/snntorch.Leaky')
        .replace(/\{\w+\}/, (name) => names[name]!);
    const routes = operationsOf(document).map(({ path: route, method }) => `${method.toUpperCase()} ${filled(route)}`);
    expect([...called].sort()).toEqual(routes.sort());
  });
});
