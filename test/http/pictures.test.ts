import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byLibrary } from '../../scripts/markdown.ts';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';
import { sampleNeurons } from '../compute/support/sample-neurons.ts';
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
    ['background=red', '/background: must be one of "opaque", "transparent", got "red"'],
    ['theme=red', '/theme: must be one of "light", "dark", got "red"'],
    ['size=480', '/size: must be a width and a height of 160 to 2400 pixels, such as 720x300, got "480"'],
    ['size=480x100', '/size: must be a width and a height of 160 to 2400 pixels, such as 720x300, got "480x100"'],
    ['size=480x320&size=480x320', '/size: must stand in the URL once'],
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

describe('GET /surrogates.svg', () => {
  const legend = (svg: string) => [...svg.matchAll(/text-anchor="start">([^<]*)</g)].map(([, text]) => text);

  it('draws surrogates over each other, one name several times too', async () => {
    const { status, svg } = await picture(
      '/surrogates.svg?names=sigmoid,sigmoid(alpha=0.5),s2nn(alpha=2,beta=3),table(x=-1,0,5e-1,grad=0,1,0),snntorch.atan',
    );
    expect(status).toBe(200);
    expect(legend(svg)).toEqual([
      'H(x), the spike',
      'sigmoid (alpha 4)',
      'sigmoid (alpha 0.5)',
      's2nn (alpha 2, beta 3)',
      'table (x of 3, grad of 3)',
      'snntorch.atan (alpha 2)',
      'H′(x) = 0',
    ]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has the size, the theme and the ends of the axis that the query asks for', async () => {
    const { svg } = await picture('/surrogates.svg?names=sigmoid,erf&size=900x400&theme=dark&x_min=-1&x_max=3');
    expect(svg).toContain('width="900" height="400" viewBox="0 0 900 400"');
    expect(svg).toContain('from -1 to 3"');
    const colours = (text: string) => new Set([...text.matchAll(/"(#[0-9a-f]{6})"/g)].map(([, colour]) => colour));
    const light = colours((await picture('/surrogates.svg?names=sigmoid,erf')).svg);
    expect([...colours(svg)].filter((colour) => light.has(colour))).toEqual([]);
    const transparent = await picture('/surrogates.svg?names=sigmoid&theme=dark&background=transparent');
    expect(transparent.svg).not.toContain('<rect width="720"');
  });

  it('answers HEAD, and is not sent again to who has it', async () => {
    const url = `${service.url}/surrogates.svg?names=sigmoid,erf`;
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(head.headers.get('cache-control')).toBe('public, max-age=86400');
    expect((await fetch(url, { headers: { 'if-none-match': head.headers.get('etag')! } })).status).toBe(304);
  });

  const form = 'names separated by commas, with parameters in parentheses, such as sigmoid,arctan(alpha=3)';
  it.each([
    ['', `/names: is required: ${form}`],
    ['names=', `/names: is required: ${form}`],
    ['names=sigmoid(alpha=2', `/names: must be ${form}; got "sigmoid(alpha=2"`],
    ['names=sigmoid,erf(2)', '/names: must have parameters such as (alpha=2), got (2)'],
    ['names=erf(alpha=2,alpha=3)', '/names: has the parameter "alpha" twice in (alpha=2,alpha=3)'],
    ['names=erf,sigmoyd', '/names/1/name: unknown surrogate "sigmoyd"; did you mean "sigmoid"?'],
    ['names=erf(alpha=0)', '/names/0/alpha: must be a number from 0.001 to 10000 (default 1), got 0'],
    [`names=${Array(17).fill('erf').join()}`, '/names: must be at most 16 surrogates, got 17'],
    [
      'names=erf&alpha=2',
      '/alpha: unknown field "alpha"; parameters stand in parentheses behind the name, as in names=sigmoid(alpha=4), and the others are x_min, x_max, size, theme and background',
    ],
  ])('?%s is refused with the place and what would be right', async (query, message) => {
    const { status, body } = await service.request<ProblemDocument>(`/surrogates.svg?${query}`);
    expect(status).toBe(400);
    expect(errorsOf(body)).toBe(message);
  });
});

/** The first neuron of each library, with what has to be given of it. */
const oneOfEach = [...byLibrary([...neurons.values()]).values()].map(([model]) => {
  const { given } = sampleNeurons.find(({ model: name }) => name === model!.name)!;
  const fields = Object.entries(given).map(([name, value]): [string, string] => [name, String(Array.isArray(value) ? value[0] : value)]);
  return [model!.name, new URLSearchParams(fields).toString()] as const;
});

describe('GET /neurons/{name}.svg', () => {
  it.each(oneOfEach)('a run of %s is drawn, in numbers that are numbers', async (name, fields) => {
    const { status, svg } = await picture(`/neurons/${name}.svg?steps=40&${fields}`);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>$/);
    expect(status).toBe(200);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has the four spikes of a current of 1.5 in 50 ms, each with its dot and its stroke', async () => {
    const { svg } = await picture('/neurons/lif.svg?current=1.5&steps=500');
    expect(svg).toContain('<title>Current, membrane potential and 4 spikes of a neuron from 0 to 50 ms</title>');
    expect(svg.match(/<circle [^>]*r="4"\/>/g)).toHaveLength(4);
  });

  it('takes a current for each step, parameters and options of the model, and dt', async () => {
    const { svg } = await picture('/neurons/lif.svg?current=0,12,0,12&dt=1&tau=5&reset=soft&size=480x320&theme=dark');
    expect(svg).toContain('3 spikes of a neuron from 0 to 4 ms');
    expect(svg).toContain('viewBox="0 0 480 320"');
  });

  it.each([
    ['lif.svg?steps=6000', '/steps: must be a whole number from 1 to 5000, got "6000"'],
    ['lif.svg?current=high', '/current: must be a number, or numbers separated by commas, got "high"'],
    ['lif.svg?current=1,2&steps=3', '/steps: is 3, but /current has 2 steps (shape [1, 2]); leave it out or make them equal'],
    ['lif.svg?tau=0', '/neuron/tau: must be above 0, got 0'],
    ['lif.svg?thresh=1', '/thresh: unknown field "thresh"; did you mean "v_threshold"?'],
    ['lif/gradient.svg?surrogates=erf(alpha=x)', '/surrogates/0/alpha: must be a number from 0.001 to 10000 (default 1), got "x"'],
    ['lif/gradient.svg?points=1', '/points: must be a whole number from 2 to 500, got "1"'],
    ['lif/gradient.svg?current_min=3', '/current_max: must be greater than current_min, 3; got 2.5'],
    ['li/gradient.svg', '/name: must be a neuron that spikes, got li'],
  ])('%s is refused with the place and what would be right', async (path, message) => {
    const { status, body } = await service.request<ProblemDocument>(`/neurons/${path}`);
    expect(errorsOf(body)).toBe(message);
    expect(status).toBe(400);
  });

  it('of a name that is not there is 404, and of a run that leaves its numbers 400', async () => {
    const { status, body } = await service.request<ProblemDocument>('/neurons/lof.svg');
    expect(status).toBe(404);
    expect(body.detail).toContain('did you mean "lif"?');
    const overflow = await service.request<ProblemDocument>('/neurons/lif.svg?dt=500&reset=none');
    expect(overflow.status).toBe(400);
    expect(overflow.body.code).toBe('numerical_overflow');
  });
});

describe('GET /neurons/{name}/gradient.svg', () => {
  it('has the spike counts and the gradient of each surrogate', async () => {
    const { status, svg } = await picture('/neurons/lif/gradient.svg?surrogates=sigmoid,arctan(alpha=3)&points=20');
    expect(status).toBe(200);
    expect(svg).toContain(
      '<title>Spikes in 100 steps and their gradient by sigmoid (alpha 4), arctan (alpha 3), for currents from 0.5 to 2.5</title>',
    );
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("takes the neuron's own surrogate unless told, and detach_reset", async () => {
    const [through, detached] = await Promise.all(
      ['', '&detach_reset=true'].map((query) => picture(`/neurons/lif/gradient.svg?steps=200${query}`)),
    );
    expect(through!.svg).toContain('by sigmoid (alpha 4)');
    expect(detached!.svg).not.toBe(through!.svg);
  });
});
