import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import subsetFont from 'subset-font';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../packaging/dockerfile.ts';
import { Service } from './service.ts';

/** What the page may be, compressed, and what it should not come near to without anyone noticing. */
const maxBytes = 250_000;
const noticedBytes = 80_000;

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

/** The font that the style names. */
async function font(): Promise<string> {
  const [style] = await assets();
  const css = (await raw(style!, {})).body.toString();
  return `/page/${/url\("?\.\/(math-[A-Z0-9]{8}\.woff2)"?\)/.exec(css)![1]!}`;
}

/** The files that the document names. */
async function assets(): Promise<string[]> {
  const html = await (await fetch(service.url)).text();
  return [...html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, file]) => `/${file!}`);
}

/** An answer as it came over the wire: fetch would decompress it. */
async function raw(file: string, headers: Record<string, string>): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const { request } = await import('undici');
  const { statusCode, headers: received, body } = await request(service.url + file, { headers });
  return { status: statusCode, headers: new Headers(received as Record<string, string>), body: Buffer.from(await body.arrayBuffer()) };
}

/** The tables of a font that has these letters of another. */
async function tablesOf(font: Buffer, letters: string): Promise<ReadonlyMap<string, Buffer>> {
  const bytes = await subsetFont(font, letters, { targetFormat: 'sfnt' });
  const entries = Array.from({ length: bytes.readUInt16BE(4) }, (_, i) => bytes.subarray(12 + 16 * i, 28 + 16 * i));
  return new Map(entries.map((entry) => [entry.toString('latin1', 0, 4), bytes.subarray(entry.readUInt32BE(8))]));
}

describe('GET /', () => {
  it('is a document without anything inline, under a policy that allows its own files alone', async () => {
    const response = await fetch(service.url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org)/);
    expect(html).not.toContain('{{');
  });

  it('is sent again only when it has changed', async () => {
    // Browsers ask like this; fetch would add `Cache-Control: no-cache`, which asks for the whole document.
    for (const coding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': coding };
      const etag = (await raw('/', headers)).headers.get('etag')!;
      const again = await raw('/', { ...headers, 'if-none-match': etag });
      expect(again.status).toBe(304);
      expect(again.body).toHaveLength(0);
    }
  });

  it('names a script and a style that never change, with what is in them in their names', async () => {
    const files = await assets();
    expect(files).toEqual([
      expect.stringMatching(/^\/page\/style-[A-Z0-9]{8}\.css$/),
      expect.stringMatching(/^\/page\/main-[A-Z0-9]{8}\.js$/),
    ]);
    for (const file of files) {
      const { status, headers } = await raw(file, {});
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('comes compressed as the client likes it', async () => {
    for (const file of ['/', ...(await assets())]) {
      const plain = await raw(file, {});
      expect(plain.headers.get('content-encoding')).toBeNull();
      for (const [coding, decompress] of [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
      ] as const) {
        const { headers, body } = await raw(file, { 'accept-encoding': coding });
        expect(headers.get('content-encoding')).toBe(coding);
        expect(headers.get('vary')).toContain('accept-encoding');
        expect(decompress(body).equals(plain.body)).toBe(true);
      }
    }
  });

  it('brings a font for its formulas, with the table that sets them', async () => {
    const { status, headers, body } = await raw(await font(), {});
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('font/woff2');
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(body.subarray(0, 4).toString()).toBe('wOF2');
    expect((await tablesOf(body, 'x')).has('MATH')).toBe(true);
    // A letter that is not there leaves one glyph, which stands for the missing.
    for (const letter of ['σ', '′', '𝛼', '√', '∑', '⌊'])
      expect((await tablesOf(body, letter)).get('maxp')!.readUInt16BE(4), letter).toBeGreaterThan(1);
    expect((await tablesOf(body, '中')).get('maxp')!.readUInt16BE(4)).toBe(1);
  });

  it('is small', async () => {
    let bytes = 0;
    for (const file of ['/', ...(await assets()), await font()]) bytes += (await raw(file, { 'accept-encoding': 'gzip' })).body.length;
    expect(bytes).toBeLessThan(Math.min(maxBytes, noticedBytes));
  });

  it('loads nothing from elsewhere', async () => {
    for (const file of await assets()) {
      const text = (await raw(file, {})).body.toString();
      expect(text.match(/@import|url\((?!#|"?\.\/math-)|importScripts|\beval\(|new Function/g)).toBeNull();
      // Names of XML's languages are written as addresses, and loaded by nobody.
      expect([...new Set(text.match(/https?:\/\/[\w.]+/g) ?? [])].filter((address) => address !== 'http://www.w3.org')).toEqual([]);
    }
  });

  it('has no other files', async () => {
    for (const file of [
      '/page/index.html',
      `${(await assets())[1]!}.gz`,
      '/page/main.js',
      '/page/..%2fserver.js',
      '/page/%2e%2e/server.js',
      '/page/',
    ]) {
      expect((await fetch(service.url + file)).status, file).toBe(404);
    }
    expect((await fetch(service.url, { headers: { accept: 'application/json' } })).status).toBe(406);
  });
});

describe('without its files', () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'no-page-'));
  afterAll(() => {
    rmSync(empty, { recursive: true });
  });

  it.each([empty, path.join(empty, 'none')])('the page says what is missing, and the API works', async (pageFolder) => {
    const apart = await Service.start({}, { pageFolder });
    const { status, body } = await apart.request('/');
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: 'page_not_built', detail: expect.stringContaining('npm run build') as string });
    expect((await apart.post('/surrogate/grad', { x: 0, surrogate: 'erf' })).status).toBe(200);
    await apart.stop();
  });
});

it('the build leaves none of an earlier page', () => {
  const files = readdirSync(path.join(root, 'dist/page')).filter((name) => !name.endsWith('.part'));
  expect(files).toHaveLength(12);
});
