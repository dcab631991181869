import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { problemExamples, type DocumentedCode } from '../../src/schemas/problem.ts';
import { lastProblem, RawClient } from '../http/raw-client.ts';
import { startService } from '../http/services.ts';
import type { OpenApi } from './document.ts';
import { provocations, provokedService, stopProvoked } from './provocations.ts';

afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(stopProvoked);

const codes = Object.keys(provocations) as DocumentedCode[];

/** The problem that a service answers with when it is provoked. */
async function provoked(code: DocumentedCode): Promise<ProblemDocument> {
  const { path, init, raw } = provocations[code];
  const service = await provokedService(code);
  if (raw === undefined) return (await service.request<ProblemDocument>(path, init)).body;
  const client = (await RawClient.open(service)).send(raw.bytes);
  if (raw.ends) client.socket.end();
  return lastProblem(await client.closed());
}

describe('the example of a problem', () => {
  it.each(codes)('%s is what the service answers', async (code) => {
    const { value } = problemExamples[code];
    const problem = await provoked(code);
    // Of a limit's minute a second may be over.
    const detail = problem.detail.replace('in 59 s', 'in 60 s');
    expect({ ...problem, detail }).toEqual({ ...value, request_id: expect.any(String) as string });
  });

  it.each([
    [
      'invalid_request',
      '/v2/models/surrogate_grad/infer',
      { inputs: [{ name: 'x', shape: [3], datatype: 'FP32', data: [1, 2] }], parameters: { surrogate: 'sigmoid' } },
      '{}',
    ],
    ['not_found', '/v2/models/surrogate_gard/infer', {}, '{}'],
    [
      'not_acceptable',
      '/v2/models/surrogate_grad/infer',
      { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [0] }], parameters: { surrogate: 'sigmoid' } },
      '{"accept-encoding": "identity;q=0, *;q=0"}',
    ],
    ['unsupported_media_type', '/v2/models/surrogate_grad/infer', {}, '{"content-encoding": "compress"}'],
  ])('%s of the Open Inference Protocol too', async (code, path, body, headers) => {
    const service = await startService();
    const { paths } = (await service.request<OpenApi>('/openapi.json')).body;
    const examples = Object.values(paths['/v2/models/{model}/infer']!.post!.responses).flatMap(({ content }) =>
      Object.entries(content!['application/json']?.examples ?? {}),
    );
    const answer = await service.post(path, body, JSON.parse(headers) as Record<string, string>);
    expect(new Map(examples).get(code)!.value).toEqual(answer.body);
  });
});

it('every problem of a route has its example, and every example a route', async () => {
  const service = await startService({ API_KEYS: 'a-key-of-16-letters', RATE_LIMIT_MAX: '1000' });
  const document = (await service.request<OpenApi>('/openapi.json')).body;
  expect(Object.keys(document.components.examples).sort()).toEqual([...codes].sort());
  for (const { responses } of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, { description, content = {} }] of Object.entries(responses)) {
      const [media] = Object.values(content);
      if (Number(status) < 400 || description.startsWith('It ')) continue;
      expect([...description.matchAll(/`(\w+)`: /g)].map(([, code]) => code)).toEqual(Object.keys(media!.examples!));
    }
  }
});
