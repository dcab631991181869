import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { errorsOf, Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const picture = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(service.url + path, { headers });
  return { status: response.status, headers: response.headers, svg: await response.text() };
};

describe('GET /surrogates/{name}.svg', () => {
  it.each([...catalogue.keys()])('%s is drawn, in numbers that are numbers', async (name) => {
    const { status, headers, svg } = await picture(`/surrogates/${name}.svg`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>$/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    // The step, the value and the gradient.
    expect(svg.match(/<path class="(series-0|neutral)" d="M[^"]{15,}"/g)!.length).toBeGreaterThanOrEqual(3);
    expect(svg).toContain(`>${name}`);
    expect(svg.length).toBeLessThan(40_000);
  });

  it('takes the parameters, the ends of the axis and the background from the query', async () => {
    const usual = await picture('/surrogates/sigmoid.svg');
    const steep = await picture('/surrogates/sigmoid.svg?alpha=8&x_min=-1&x_max=1e0&background=transparent');
    expect(usual.svg).toContain('sigmoid (alpha 4)');
    expect(steep.svg).toContain('sigmoid (alpha 8)');
    expect(steep.svg).toContain('from -1 to 1"');
    expect(usual.svg).toContain('fill="#ffffff"');
    expect(steep.svg).not.toContain('fill="#ffffff"');
  });

  it('takes a table as numbers separated by commas', async () => {
    const { status, svg } = await picture('/surrogates/table.svg?x=-1,-0.5,5e-1,1&grad=0,1,1,0');
    expect(status).toBe(200);
    expect(svg).toContain('table (x of 4, grad of 4)');
    const { status: refused, body } = await service.request<ProblemDocument>('/surrogates/table.svg?x=-1,a&grad=0,1');
    expect(refused).toBe(400);
    expect(errorsOf(body)).toBe('/surrogate/x: must be an array of 2 to 64 numbers, got "-1,a"');
  });

  it('names parameters that are also words of drawing', async () => {
    expect((await picture('/surrogates/spyx.boxcar.svg?width=1&height=2')).svg).toContain('spyx.boxcar (width 1, height 2)');
  });

  it('may be kept, and is not sent again to who has it', async () => {
    const { headers } = await picture('/surrogates/erf.svg?alpha=2');
    expect(headers.get('cache-control')).toBe('public, max-age=86400');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const again = await picture('/surrogates/erf.svg?alpha=2', { 'if-none-match': headers.get('etag')! });
    expect(again).toMatchObject({ status: 304, svg: '' });
    expect((await picture('/surrogates/erf.svg?alpha=3', { 'if-none-match': headers.get('etag')! })).status).toBe(200);
  });

  it('is kept by the client alone where a key is needed', async () => {
    const guarded = await Service.start({ API_KEYS: 'a-key-of-16-letters' });
    const response = await fetch(`${guarded.url}/surrogates/erf.svg`, { headers: { authorization: 'Bearer a-key-of-16-letters' } });
    expect(response.headers.get('cache-control')).toBe('private, max-age=86400');
    expect((await fetch(`${guarded.url}/surrogates/erf.svg`)).status).toBe(401);
    await guarded.stop();
  });

  it.each([
    ['alpha=0', '/surrogate/alpha: must be a number from 0.001 to 10000 (default 4), got 0'],
    ['alpha=steep', '/surrogate/alpha: must be a number from 0.001 to 10000 (default 4), got "steep"'],
    ['alpa=4', '/surrogate/alpa: sigmoid has no parameter "alpa"; did you mean "alpha"?'],
    ['x_min=far', '/x_min: must be a number from -10000 to 10000, got "far"'],
    ['x_min=1&x_max=1', '/x_max: must be greater than x_min, 1; got 1'],
    ['background=red', '/background: must be one of "white", "transparent", got "red"'],
  ])('?%s is refused with the place and what would be right', async (query, message) => {
    const { status, body } = await service.request<ProblemDocument>(`/surrogates/sigmoid.svg?${query}`);
    expect(status).toBe(400);
    expect(errorsOf(body)).toBe(message);
  });

  it('of a name that is not there is 404, with the nearest', async () => {
    const { status, body } = await service.request<ProblemDocument>('/surrogates/sigmoyd.svg');
    expect(status).toBe(404);
    expect(body.detail).toContain('did you mean "sigmoid"?');
  });

  it('is refused to those who cannot read it', async () => {
    expect((await picture('/surrogates/erf.svg', { accept: 'application/json' })).status).toBe(406);
    expect((await picture('/surrogates/erf.svg', { accept: 'image/avif,image/webp,image/*;q=0.8' })).status).toBe(200);
  });
});
