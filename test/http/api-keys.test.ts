import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { Service } from './service.ts';

const keys = ['first-key-0123456789', 'second-key-0123456789='];
const job = { x: 0, surrogate: 'sigmoid' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

let service: Service;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  const { pino } = await import('pino');
  const logger = pino(
    { level: 'trace' },
    {
      write: (line: string) => {
        lines.push(JSON.parse(line) as Record<string, unknown>);
      },
    },
  );
  service = await Service.start({ API_KEYS: keys.join(',') }, { logger });
});
afterAll(() => service.stop());

describe('with API_KEYS', () => {
  it.each(keys)('a request with the key %s is served', async (key) => {
    expect((await service.post('/surrogate/grad', job, bearer(key))).status).toBe(200);
  });

  it('the scheme is not case-sensitive', async () => {
    expect((await service.post('/surrogate/grad', job, { authorization: `bearer  ${keys[0]}` })).status).toBe(200);
  });

  it.each([
    ['none', {}, 'The request has no API key. '],
    ['an unknown one', bearer('third-key-0123456789'), 'The API key is not one that this server knows. '],
    ['a part of one', bearer(keys[0]!.slice(0, -1)), 'The API key is not one'],
    ['one with something behind it', bearer(`${keys[0]!}0`), 'The API key is not one'],
    ['two', bearer(keys.join(',')), 'The API key is not one'],
    ['one and a word', bearer(`${keys[0]!} x`), 'The Authorization header is not of the form that a key has. '],
    ['an empty one', { authorization: 'Bearer' }, 'The Authorization header is not'],
    ['one of another scheme', { authorization: `Basic ${keys[0]!}` }, 'The Authorization header is not'],
  ])('a request with %s is a 401', async (_name, headers, detail) => {
    const answer = await service.post<ProblemDocument>('/surrogate/grad', job, headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({
      code: 'unauthorized',
      status: 401,
      detail: expect.stringContaining(detail) as string,
      request_id: answer.headers.get('x-request-id'),
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/-key-\d/);
  });

  it('/v2 refuses in its own form', async () => {
    const { status, headers, body } = await service.request('/v2/models/surrogate_grad');
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(body).toEqual({ error: expect.stringContaining('no API key') as string });
    expect((await service.request('/v2/models/surrogate_grad', { headers: bearer(keys[1]!) })).status).toBe(200);
  });

  it.each([
    '/livez',
    '/v2/health/live',
    '/docs',
    '/docs/static/swagger-ui.css',
    '/openapi.json',
    '/problems',
    '/problems/unauthorized',
    '/',
  ])('%s is public', async (path) => {
    const response = await fetch(service.url + path, { redirect: 'manual' });
    await response.arrayBuffer();
    expect(response.status).toBeLessThan(400);
  });

  it('/readyz and /v2/health/ready are public', async () => {
    await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
    expect((await service.request('/v2/health/ready')).status).toBe(200);
  });

  it.each([
    '/metrics',
    '/info',
    '/surrogates',
    '/v2',
    '/nowhere',
    '/docs/../metrics',
    '/docs/%2e%2e/metrics',
    '/docsx',
    '//metrics',
    '/livez/',
  ])('%s needs a key', async (path) => {
    const answer = await service.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('only clients with a key learn whether a method or path exists', async () => {
    expect((await service.request('/livez', { method: 'DELETE' })).status).toBe(401);
    expect((await service.request('/livez', { method: 'DELETE', headers: bearer(keys[0]!) })).status).toBe(405);
    expect((await service.request('/nowhere', { headers: bearer(keys[0]!) })).status).toBe(404);
  });

  it('the log has the number of the key, never the key', async () => {
    const before = lines.length;
    await service.post('/surrogate/grad', job, bearer(keys[1]!));
    await service.post('/surrogate/grad', job, bearer('a-wrong-key-0123456789'));
    const requests = () => lines.slice(before).filter(({ msg }) => msg === 'request');
    await expect.poll(() => requests()).toHaveLength(2);
    expect(requests()).toMatchObject([
      { status: 200, key: 2 },
      { status: 401, key: 0 },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/-key-\d/);
  });

  it('the OpenAPI document asks for a key where one is needed', async () => {
    const { body } = await service.request<{
      security: unknown;
      components: { securitySchemes: unknown };
      paths: Record<string, Record<string, { security?: unknown; responses: Record<string, { content: object }> }>>;
    }>('/openapi.json');
    expect(body.components.securitySchemes).toMatchObject({ key: { type: 'http', scheme: 'bearer' } });
    expect(body.security).toEqual([{ key: [] }]);
    expect(body.paths['/livez']!.get).toMatchObject({ security: [], responses: { 200: {} } });
    expect(body.paths['/livez']!.get!.responses).not.toHaveProperty('401');
    expect(body.paths['/lif/grad']!.post).not.toHaveProperty('security');
    expect(Object.keys(body.paths['/lif/grad']!.post!.responses['401']!.content)).toEqual(['application/problem+json']);
    expect(Object.keys(body.paths['/v2']!.get!.responses['401']!.content)).toEqual(['application/json']);
  });
});

it('without API_KEYS no key is needed, and none documented', async () => {
  const open = await Service.start();
  try {
    expect((await open.post('/surrogate/grad', job, bearer('any'))).status).toBe(200);
    const { body } = await open.request<{ components: object }>('/openapi.json');
    expect(body).not.toHaveProperty('security');
    expect(body.components).not.toHaveProperty('securitySchemes');
    expect(JSON.stringify(body)).not.toMatch(/"(401|429)"/);
  } finally {
    await open.stop();
  }
});
