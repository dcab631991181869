import { createServer, request as forward } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { startService } from '../http/services.ts';
import type { OpenApi } from './document.ts';

let service: Service;
let base: string;
/** A proxy that strips `/api` and knows of nothing else. */
const proxy = createServer((incoming, outgoing) => {
  if (!incoming.url!.startsWith('/api/')) {
    outgoing.writeHead(502).end();
    return;
  }
  const { method, headers } = incoming;
  incoming.pipe(
    forward(service.url + incoming.url!.slice('/api'.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    }),
  );
});

beforeAll(async () => {
  service = await Service.start();
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/api`;
});
afterAll(async () => {
  proxy.close();
  await service.stop();
});

describe.each(['/docs', '/docs/', '/docs?from=here', '/docs/static/index.html'])('%s behind a proxy that strips a prefix', (path) => {
  it('finds all that it needs', async () => {
    const page = await fetch(base + path);
    expect(page.status).toBe(200);
    const sources = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => new URL(source!, page.url));
    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources) expect((await fetch(source)).status, source.href).toBe(200);
  });
});

describe('the OpenAPI document behind a proxy that strips a prefix', () => {
  it.each(['/openapi.json', '/docs/json'])('as %s names the server that it came from', async (path) => {
    const address = base + path;
    const { servers } = (await (await fetch(address)).json()) as OpenApi;
    expect(new URL(servers[0]!.url, address).href).toBe(`${base}/`);
  });

  it('links to pages that are there', async () => {
    const { info } = (await (await fetch(`${base}/openapi.json`)).json()) as { info: { description: string } };
    const links = [...info.description.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => new URL(target!, `${base}/docs`).href);
    expect(links).toContain(`${base}/`);
    for (const link of links) expect((await fetch(link)).status, link).toBe(200);
  });
});

it('/docs has our name and our icon', async () => {
  const html = await (await fetch(`${base}/docs`)).text();
  expect(html).toContain('<title>Surrogate gradient service</title>');
  expect([...html.matchAll(/rel="icon"/g)]).toHaveLength(1);
  expect(html).toContain('icon.svg');
});

describe('the link to /docs on the page at /', () => {
  it.each([
    ['true', 200, true],
    ['false', 404, false],
  ])('with DOCS_ENABLED=%s', async (enabled, status, isThere) => {
    const { url } = await startService({ DOCS_ENABLED: enabled });
    expect((await fetch(`${url}/docs`)).status).toBe(status);
    const response = await fetch(url, { headers: { 'accept-encoding': 'br' } });
    const html = await response.text();
    expect(html.includes('href="docs"')).toBe(isThere);
    expect(html).toContain('href="openapi.json"');
  });
});

it.each([
  ['true', 200, true],
  ['false', 404, false],
])('the page at / with PAGE_ENABLED=%s', async (enabled, status, isLinked) => {
  const service = await startService({ PAGE_ENABLED: enabled });
  expect((await fetch(service.url)).status).toBe(status);
  expect((await fetch(`${service.url}/page/index.html`)).status).toBe(404);
  const { info } = (await (await fetch(`${service.url}/openapi.json`)).json()) as { info: { description: string } };
  expect(info.description.includes('[Explorer](./)')).toBe(isLinked);
  expect(info.description).toContain('[Surrogates](surrogates)');
});
