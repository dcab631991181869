import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from './service.ts';

let service: Service;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  const { pino } = await import('pino');
  const logger = pino(
    {},
    {
      write: (line: string) => {
        lines.push(JSON.parse(line) as Record<string, unknown>);
      },
    },
  );
  service = await Service.start({}, { logger });
});
afterAll(() => service.stop());

const json = (body: string) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
const answers: [string, RequestInit, number][] = [
  ['/surrogate/grad', json('{"x": 0, "surrogate": "erf"}'), 200],
  [
    '/surrogate/grad',
    { ...json('{"x": [0], "surrogate": "erf"}'), headers: { 'content-type': 'application/json', accept: 'application/octet-stream' } },
    200,
  ],
  ['/lif/simulate', json('{"current": {"linspace": [0, 2, 500]}, "steps": 10000, "record": ["v"], "encoding": "base64"}'), 200],
  ['/surrogate/grad', json('{'), 400],
  ['/surrogate/grad', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }, 415],
  ['/nowhere', {}, 404],
  ['/lif/grad', {}, 405],
  ['/lif/grad', { method: 'OPTIONS' }, 204],
  ['/surrogates', { method: 'HEAD' }, 200],
  ['/surrogates', { headers: { accept: 'text/html' } }, 406],
  ['/%ff', {}, 400],
  [`/surrogates/${'x'.repeat(300)}`, {}, 414],
  ['/livez', {}, 200],
  ['/metrics', {}, 200],
  ['/openapi.json', { headers: { 'accept-encoding': 'gzip' } }, 200],
  ['/', {}, 200],
  ['/page/none.js', {}, 404],
  ['/docs', {}, 200],
  ['/docs/static/swagger-ui.css', {}, 200],
  ['/v2/models/none', {}, 404],
];

describe('an answer', () => {
  it.each(answers)('of %s (%j, %d) has the id of its request, and tells browsers what it is not', async (path, init, status) => {
    const given = `id-${Math.random()}`;
    const response = await fetch(service.url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), 'x-request-id': given },
    });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toBe(given);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(response.headers.get('x-powered-by')).toBeNull();
  });

  it('has an id of ours where the client gives none, or one that is not a plain word; the log has it too', async () => {
    const ids: string[] = [];
    for (const headers of [{}, { 'x-request-id': 'two words' }, { 'x-request-id': 'x'.repeat(65) }] as Record<string, string>[]) {
      ids.push((await service.request('/info', { headers })).headers.get('x-request-id')!);
    }
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) {
      expect(id).toMatch(/^[\da-f]{8}-[\da-z]+$/);
      await expect.poll(() => lines.find(({ request_id }) => request_id === id)).toMatchObject({ path: '/info', status: 200 });
    }
  });

  it('to what is not HTTP has one', async () => {
    expect(await service.raw('GARBAGE\r\n\r\n')).toMatch(/\r\nX-Request-Id: [\da-f]{8}-[\da-z]+\r\n/);
  });

  it('of the API page allows what the page needs, and nothing inline or from elsewhere', async () => {
    const response = await fetch(`${service.url}/docs`);
    const policy = new Map(
      response.headers
        .get('content-security-policy')!
        .split('; ')
        .map((directive): [string, string] => {
          const [name, ...values] = directive.split(' ') as [string, ...string[]];
          return [name, values.join(' ')];
        }),
    );
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('connect-src')).toBe("'self'");
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
    const script = await (await fetch(`${service.url}/docs/static/swagger-ui-standalone-preset.js`)).text();
    const styles = [...script.matchAll(/createElement\("style",null,"([^"]*)"\)/g)].map(
      ([, style]) => `'sha256-${createHash('sha256').update(style!).digest('base64')}'`,
    );
    expect(policy.get('style-src')).toBe(["'self'", ...styles].join(' '));
  });
});

describe('traceparent', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const span = '00f067aa0ba902b7';
  const logged = async (traceparent: string): Promise<Record<string, unknown>> => {
    const id = `trace-${Math.random()}`;
    await service.request('/info', { headers: { traceparent, 'x-request-id': id } });
    await expect.poll(() => lines.find(({ request_id }) => request_id === id)).toBeDefined();
    return lines.find(({ request_id }) => request_id === id)!;
  };

  it.each([
    `00-${trace}-${span}-01`,
    `00-${trace}-${span}-00`,
    `cc-${trace}-${span}-01`,
    `01-${trace}-${span}-01-what-a-later-version-adds`,
  ])('%s is in the log as trace_id', async (header) => {
    expect(await logged(header)).toMatchObject({ trace_id: trace });
  });

  it.each([
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-01-more`,
    `00-${trace}-${span}`,
    `01-${trace}-${span}-01more`,
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    'nonsense',
  ])('%s is not valid, and ignored', async (header) => {
    const line = await logged(header);
    expect(line).toMatchObject({ status: 200 });
    expect(line).not.toHaveProperty('trace_id');
  });
});
