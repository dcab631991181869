import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

import { Problem } from '../errors/problems.ts';
import { requireAcceptable } from '../plugins/negotiation.ts';

/** Allows the page its own script, style and font, pictures that it makes itself, and requests to the service. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page's link to `/docs`, which may not be served. */
const docsLink = '<a href="docs">API</a> · ';

/** Where the build writes the page; the same seen from `src/routes` and from `dist/routes`. */
const builtFolder = fileURLToPath(new URL('../../dist/page/', import.meta.url));

export interface PageOptions {
  /** Whether `/docs` is served. */
  readonly hasDocs: boolean;
  /** The folder of the page's files; the one the build writes to unless given. */
  readonly folder?: string | undefined;
}

/** The explorer: its document, and the script and style that it names, each compressed by the build. */
export const pageRoutes: FastifyPluginAsync<PageOptions> = async (app, { hasDocs, folder = builtFolder }) => {
  const index = path.join(folder, 'index.html');
  const isBuilt = existsSync(index);
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      prefix: '/page/',
      preCompressed: true,
      acceptRanges: false,
      // The names have the hashes of the contents.
      maxAge: '1y',
      immutable: true,
      // As a request's path it begins with a slash: `index.html` is for `sendFile` alone.
      allowedPath: (name) => name === 'index.html' || /^\/[^/]+\.(?:js|css|woff2)$/.test(name),
    });
  }
  const withoutDocs = isBuilt && !hasDocs ? readFileSync(index, 'utf8').replace(docsLink, '') : undefined;

  app.get('/', { schema: { hide: true }, onRequest: requireAcceptable(['text/html']) }, (_request, reply) => {
    if (!isBuilt)
      throw new Problem(
        'page_not_built',
        'The files of the page are not in dist/page; `npm run build` writes them. The API is described at /openapi.json.',
      );
    void reply.header('content-security-policy', pagePolicy).header('cache-control', 'no-cache');
    if (withoutDocs !== undefined) return reply.type('text/html; charset=utf-8').send(withoutDocs);
    return reply.sendFile('index.html', { cacheControl: false });
  });
};
