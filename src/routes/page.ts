import type { FastifyPluginAsync } from 'fastify';

import { Problem } from '../errors/problems.ts';
import { readPageFiles, sendFile, withoutPart } from '../page-files.ts';
import { requireAcceptable } from '../plugins/negotiation.ts';

/** What the page needs: its own script and style, pictures that it makes itself, and the service. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page's link to `/docs`, which may not be served. */
const docsLink = '<a href="docs">API</a> · ';

export interface PageOptions {
  /** Where the page's files are; where the build writes them unless given. */
  readonly folder?: string;
}

/** The explorer: its document, and the script and style that it names. */
export const pageRoutes: FastifyPluginAsync<PageOptions> = async (app, { folder }) => {
  const files = readPageFiles(folder);
  const built = files.get('index.html');
  const index = built === undefined || app.config.docs ? built : await withoutPart(built, docsLink);

  app.get('/', { schema: { hide: true }, onRequest: requireAcceptable(['text/html']) }, (request, reply) => {
    if (index === undefined)
      throw new Problem(
        'page_not_built',
        'The files of the page are not in dist/page; `npm run build` writes them. The API is described at /openapi.json.',
      );
    void reply.header('content-security-policy', pagePolicy).header('cache-control', 'no-cache');
    return sendFile(request, reply, index);
  });

  app.get<{ Params: { file: string } }>('/page/:file', { schema: { hide: true } }, (request, reply) => {
    const { file: name } = request.params;
    const file = files.get(name);
    if (file === undefined || name === 'index.html')
      throw new Problem('not_found', `The page has no file /page/${name.slice(0, 100)}; GET / names those that it has.`);
    // The name has the hash of what is in it.
    void reply.header('cache-control', 'public, max-age=31536000, immutable');
    return sendFile(request, reply, file);
  });
};
